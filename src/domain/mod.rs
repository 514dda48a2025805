//! Business rules, shared by pages, API and command line.
//!
//! Functions that are not `async` block on disk and database: call them on the blocking pool.

pub mod accounts;
pub mod audit;
pub mod auth;
pub mod backup;
pub(crate) mod clock;
pub mod file_moves;
pub mod findings;
pub mod import;
pub mod ingest;
pub mod library;
pub mod malware;
pub mod ops;
pub mod previews;
pub mod reconcile;
pub mod sessions;
pub mod sharing;
pub mod uploads;
