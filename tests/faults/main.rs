//! Fault tests: killed processes, power failures, full disks, an unavailable database.
//! `cargo test --test faults` tries a minute's worth of points, `make faults` all of them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]
#![expect(clippy::print_stdout, reason = "figures for docs/PROMISES.md")]

#[path = "../support/clamd.rs"]
mod clamd;
#[path = "../support/mariadb.rs"]
mod mariadb;
#[path = "../support/process.rs"]
mod process;
mod support;
mod workload;

mod disks;
mod kills;
mod malformed_requests;
mod migrations;
mod outages;
mod scanner;
