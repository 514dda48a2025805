//! What is found in a file: bytes to replace, or that it cannot be cleaned.

use std::io;

/// Bytes that replace as many others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    pub at: u64,
    pub bytes: Vec<u8>,
}

impl Fill {
    #[must_use]
    pub fn zeros(at: u64, length: u64) -> Self {
        Self::repeat(at, length, 0)
    }

    #[must_use]
    pub fn repeat(at: u64, length: u64, byte: u8) -> Self {
        Self { at, bytes: vec![byte; usize::try_from(length).unwrap_or(0)] }
    }
}

/// Why a file cannot be cleaned.
#[derive(Debug)]
pub enum Trouble {
    /// It says something that is not understood, or in a way that cannot be replaced.
    Unknown,
    Read(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

pub type Found<T = ()> = Result<T, Trouble>;
