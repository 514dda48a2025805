//! What is moved in, and what became of it.

use std::path::Path;

/// What is moved in, and how.
pub struct ImportOptions<'a> {
    /// Address of the original's database.
    pub database: &'a str,
    /// What its tables' names begin with.
    pub prefix: &'a str,
    /// Its folder of folders.
    pub media: &'a Path,
    /// Takes files away there once they are kept here.
    pub moves: bool,
    /// Changes nothing and says what would be done.
    pub is_dry: bool,
}

/// Of how many things what became.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub taken: u64,
    pub already_there: u64,
}

/// What was done, or would be.
#[derive(Debug, Default)]
pub struct ImportReport {
    pub people: Tally,
    pub files: Tally,
    /// Of files that were taken.
    pub bytes: u64,
    /// What stayed behind, and why.
    pub skipped: Vec<(String, String)>,
    /// What is another than it was.
    pub notes: Vec<String>,
}

impl ImportReport {
    pub(super) fn add_skipped(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.skipped.push((what.into(), why.into()));
    }
}
