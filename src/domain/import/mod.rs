//! Moving in from somewhere else.

mod dates;
mod files;
mod people;
mod report;

pub use people::import;
pub use report::{Report, Tally, Wanted};
