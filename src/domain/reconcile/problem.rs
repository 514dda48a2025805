//! What a check finds wrong, and how it is to go about it.

use crate::model::ScanStatus;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// A row without a file, or a folder that is not there.
    Missing,
    /// The file is shorter or longer than it was.
    Truncated,
    /// The bytes are others than they were.
    Changed,
    /// A file or folder that no row knows.
    Extra,
    /// A link, a pipe, a device, a name that is not UTF-8, a row that leads nowhere. Never touched.
    Unsafe,
    /// What is counted is not what is there.
    Miscounted,
    /// The file is as it should be, and its row said that it was not.
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

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub trouble: ProblemKind,
    /// Beneath the media folder.
    pub path: String,
    /// What was done about it; `None` when it was left as it is.
    pub repaired: Option<String>,
}

/// How to check.
#[derive(Debug, Clone, Copy)]
pub struct CheckOptions {
    /// Mark what is missing or changed, take in what is extra.
    pub is_repairing: bool,
    /// Take changed files as they are now, as if they had been stored so.
    pub takes_changes: bool,
    /// Look at lengths only, not at the bytes.
    pub is_quick: bool,
    /// What the malware scanner has said of files that are taken in: `Pending` where a server may have one.
    pub arrives_as: ScanStatus,
}
