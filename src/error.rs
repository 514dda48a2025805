//! [`Error`], the one error type: a sentence for users and a stable code for programs.

use crate::msg;
use std::borrow::Cow;

use crate::fill;
use crate::language::{current_language, nt, t};

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("It doesn't exist or you don't have access.")]
    NotFound,
    /// What the address showed is not shared any more.
    #[error("This link has ended. Ask the person who sent it for a new one.")]
    LinkEnded,
    /// As much has been sent through a link as its owner asked for.
    #[error("As much as asked for has been sent. No more can be sent.")]
    LinkFull,
    /// What a visitor sends does not fit. They are not told into what.
    #[error("There is no space for this file.")]
    NoSpace,
    /// The password of a link has not been entered, or a visit has not begun.
    #[error("Open the link first.")]
    LinkNotOpened,
    #[error("The file is no longer where Nexus keeps it.")]
    FileMissing,
    #[error("This file is being scanned for malware. It opens when the scan finds nothing.")]
    BeingChecked,
    #[error("Please log in first.")]
    Unauthenticated,
    #[error("Wrong username or password.")]
    BadCredentials,
    /// The request was understood and rejected; the text says why.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The credentials are right, but the account may not be used.
    #[error("{}", .0.message())]
    NotActive(AccountBlock),
    #[error("No admin account yet.")]
    SetupRequired,
    /// The request names another host.
    #[error("This server is not responsible for that host name.")]
    Misdirected,
    /// The request could not be parsed; the text says why.
    #[error("{0}")]
    BadRequest(String),
    /// Fields with invalid values.
    #[error("Please check the fields below.")]
    Invalid(Vec<FieldError>),
    /// The current state does not allow the operation; the text says why.
    #[error("{0}")]
    Conflict(String),
    #[error("This address does not support that method.")]
    MethodNotAllowed,
    #[error("The request has no length.")]
    LengthRequired,
    #[error("{}", fill!("Too large: the limit is {limit}.", limit = format_bytes(*.limit)))]
    TooLarge { limit: u64 },
    #[error("This type of content is not accepted.")]
    UnsupportedMedia,
    /// Only tus 1.0.0 is supported.
    #[error("This server speaks version 1.0.0 of the tus protocol.")]
    TusVersion,
    #[error("The checksum of this part does not match. Nothing of it was kept.")]
    ChecksumMismatch,
    /// The file is not the version that the request names.
    #[error("The file has changed since you loaded it.")]
    PreconditionFailed,
    #[error("The requested range is outside the file.")]
    RangeNotSatisfiable { size: u64 },
    #[error("{}", fill!("Too many attempts. Try again in {time}.", time = format_seconds(*.retry_after)))]
    TooManyRequests {
        /// Seconds.
        retry_after: u64,
    },
    /// A dependency of the server is temporarily unavailable.
    #[error("{} {}", t(.0), t("Nothing was lost. Try again in a moment."))]
    Unavailable(&'static str),
    #[error("Not enough storage left.")]
    QuotaExceeded,
    #[error("The server's disk is full. Nothing was stored. Tell your admin.")]
    DiskFull,
    /// Two transactions conflicted. The caller may retry.
    #[error("The server is busy. Nothing was lost. Try again in a moment.")]
    Contention,
    /// An invalid setting. Only at start-up.
    #[error("{0}")]
    Configuration(String),
    /// The operating system denied access. Only at start-up and on the command line.
    #[error("{0}")]
    NoPermission(String),
    /// A fault of the server. The cause is only logged.
    #[error("Something went wrong on the server.")]
    Internal(#[from] anyhow::Error),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A field of a form or body, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub field: Cow<'static, str>,
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Why an account may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountBlock {
    Pending,
    Suspended,
    Rejected,
}

impl AccountBlock {
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Pending => msg!("Your account is waiting for an admin to approve it."),
            Self::Suspended => msg!("Your account is suspended. Ask the admin of this server why."),
            Self::Rejected => msg!("Your request for an account was rejected."),
        }
    }
}

impl Error {
    /// Creates an error about one field.
    pub fn field(field: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// Creates an error for a fault of the server: `cause` is logged and never shown.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal(anyhow::anyhow!("{cause}"))
    }

    /// The stable code that API clients compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::LinkEnded => "LINK_ENDED",
            Self::LinkFull => "LINK_FULL",
            Self::NoSpace => "NO_SPACE",
            Self::LinkNotOpened => "LINK_NOT_OPENED",
            Self::FileMissing => "FILE_MISSING",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::BadCredentials => "BAD_CREDENTIALS",
            Self::Forbidden(_) => "FORBIDDEN",
            Self::NotActive(AccountBlock::Pending) => "ACCOUNT_PENDING",
            Self::NotActive(AccountBlock::Suspended) => "ACCOUNT_SUSPENDED",
            Self::NotActive(AccountBlock::Rejected) => "ACCOUNT_REJECTED",
            Self::SetupRequired => "SETUP_REQUIRED",
            Self::Misdirected => "MISDIRECTED_REQUEST",
            Self::BadRequest(_) => "BAD_REQUEST",
            Self::Invalid(_) => "INVALID",
            Self::Conflict(_) => "CONFLICT",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::LengthRequired => "LENGTH_REQUIRED",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::UnsupportedMedia => "UNSUPPORTED_MEDIA",
            Self::PreconditionFailed => "PRECONDITION_FAILED",
            Self::RangeNotSatisfiable { .. } => "RANGE_NOT_SATISFIABLE",
            Self::TooManyRequests { .. } => "TOO_MANY_REQUESTS",
            Self::Unavailable(_) | Self::Contention => "UNAVAILABLE",
            Self::QuotaExceeded => "QUOTA_EXCEEDED",
            Self::DiskFull => "DISK_FULL",
            Self::BeingChecked => "BEING_CHECKED",
            Self::TusVersion => "TUS_VERSION",
            Self::ChecksumMismatch => "CHECKSUM_MISMATCH",
            Self::Configuration(_) => "CONFIGURATION",
            Self::NoPermission(_) => "NO_PERMISSION",
            Self::Internal(_) => "INTERNAL",
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(cause: std::io::Error) -> Self {
        match cause.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Internal(anyhow::Error::new(cause)),
        }
    }
}

/// Formats a size with a decimal unit: `4.1 MB` is 4.1 × 10^6 bytes.
#[must_use]
pub fn format_bytes(bytes: u64) -> String {
    const STEPS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (step, unit) in STEPS {
        if bytes >= step {
            // Tenths of the unit, rounded to the nearest.
            let tenths = bytes.saturating_add(step / 20) / (step / 10);
            // From 100 on, no decimal is shown.
            return if tenths >= 1000 || tenths.is_multiple_of(10) {
                format!("{} {unit}", tenths / 10)
            } else {
                let (_, sign) = current_language().number_signs();
                format!("{}{sign}{} {unit}", tenths / 10, tenths % 10)
            };
        }
    }
    nt(i64::try_from(bytes).unwrap_or(i64::MAX), "{n} byte", "{n} bytes")
}

fn format_seconds(seconds: u64) -> String {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    match seconds {
        0..=59 => nt(count(seconds.max(1)), "a second", "{n} seconds"),
        60..=119 => nt(1, "a minute", "{n} minutes"),
        _ => nt(count(seconds.div_ceil(60)), "a minute", "{n} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_with_units() {
        assert_eq!(format_bytes(0), "0 bytes");
        assert_eq!(format_bytes(1), "1 byte");
        assert_eq!(format_bytes(999), "999 bytes");
        assert_eq!(format_bytes(1_000), "1 kB");
        assert_eq!(format_bytes(4_149_000), "4.1 MB");
        assert_eq!(format_bytes(64 << 30), "68.7 GB");
        assert_eq!(format_bytes(123_456_000_000), "123 GB");
    }

    #[test]
    fn an_internal_error_shows_nothing_of_its_cause() {
        let error = Error::internal("password of the database is hunter2");
        assert!(!error.to_string().contains("hunter2"));
        assert_eq!(error.code(), "INTERNAL");
    }
}
