//! Imports users and files from the PHP original.

mod dates;
mod files;
mod paths;
mod report;
mod users;

pub use report::{ImportOptions, ImportReport, Tally};
pub use users::import;
