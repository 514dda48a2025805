//! Compares disk and database.
//!
//! `check` reports what is wrong; `scan` accepts what other programs did: it adds new files, recognizes moved ones by
//! their bytes, re-reads changed ones and marks missing ones. Neither deletes a file.

pub mod amend;
pub mod check;
mod check_counts;
mod directory_names;
pub mod problem;
pub mod scan;
pub mod scan_file;
pub mod scan_report;

pub use scan::{scan, scan_paths, watched_folders};
pub use scan_report::FolderScanReport;
