//! Options and results of an import.

use std::path::Path;

/// What to import, and how.
pub struct ImportOptions<'a> {
    /// URL of the original's database.
    pub database: &'a str,
    /// The prefix of its tables.
    pub prefix: &'a str,
    /// Its media folder.
    pub media: &'a Path,
    /// Delete files there once they are stored here.
    pub moves: bool,
    /// Change nothing and report what would be done.
    pub is_dry: bool,
}

/// Counts by result.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub taken: u64,
    pub already_there: u64,
}

/// What was done, or would be done.
#[derive(Debug, Default)]
pub struct ImportReport {
    pub people: Tally,
    pub files: Tally,
    /// Bytes of imported files.
    pub bytes: u64,
    /// What was not imported, and why.
    pub skipped: Vec<(String, String)>,
    /// Remarks for the administrator, such as changed usernames and users without a folder.
    pub notes: Vec<String>,
}

impl ImportReport {
    pub(super) fn add_skipped(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.skipped.push((what.into(), why.into()));
    }
}
