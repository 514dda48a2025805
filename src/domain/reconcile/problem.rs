//! The problems that a check reports, and its options.

use crate::model::ScanStatus;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// A row without a file, or a missing folder.
    Missing,
    /// The file's length has changed.
    Truncated,
    /// The file's bytes have changed.
    Changed,
    /// A file or folder without a row.
    Extra,
    /// A link, pipe or device, a name that is not UTF-8, or a row with an invalid path. Never touched.
    Unsafe,
    /// A counter differs from what it counts.
    Miscounted,
    /// The file is intact, but its row says that it was not.
    Back,
}

impl ProblemKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Truncated => "truncated",
            Self::Changed => "changed",
            Self::Extra => "extra",
            Self::Unsafe => "unsafe",
            Self::Miscounted => "miscounted",
            Self::Back => "back",
        }
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    /// Relative to the media folder.
    pub path: String,
    /// What was done about it; `None` if nothing.
    pub repaired: Option<String>,
}

/// Options of a check.
#[derive(Debug, Clone, Copy)]
pub struct CheckOptions {
    /// Mark missing and changed files, store extra ones.
    pub repair: bool,
    /// Accept changed files with their current content.
    pub accept_changes: bool,
    /// Compare lengths only, not bytes.
    pub is_quick: bool,
    /// The scan status given to newly stored files; `Pending` if the server may use a malware scanner.
    pub initial_scan: ScanStatus,
}
