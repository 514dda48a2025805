//! The server from outside: a real one on port 0, a real HTTP client, each test on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on fails"
)]

#[path = "../support/clamd.rs"]
mod clamd;
#[path = "../support/mariadb.rs"]
mod mariadb;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/samples.rs"]
mod samples;
mod support;

mod access;
mod account;
mod audit;
mod backup;
mod base_path;
mod checking;
mod directories;
mod files;
mod headers;
mod hostile;
mod import;
mod items;
mod limits;
mod log_in;
mod media;
mod metrics;
mod outside;
mod people;
mod plans;
mod previews;
mod proxy;
mod recovery;
mod register;
mod rest_auth;
mod rest_media;
mod rest_rules;
mod resumable;
mod scanning;
mod search;
mod setup;
mod shelves;
mod trash;
mod upload;
mod users_file;
mod versions;
