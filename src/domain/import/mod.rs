//! Imports from other systems: users and files of the PHP original, photos of Google Takeout.

mod dates;
mod files;
mod paths;
mod report;
mod takeout;
mod users;

pub use report::{ImportOptions, ImportReport, Tally};
pub use takeout::import_takeout;
pub use users::import;
