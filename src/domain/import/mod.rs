//! Import from the PHP original.

mod dates;
mod files;
mod report;
mod users;

pub use report::{Report, Tally, Wanted};
pub use users::import;
