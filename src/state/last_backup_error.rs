//! The error of the last scheduled backup.
//!
//! A second server does not see it.

use crate::sync::lock;
use std::sync::Mutex;

/// The problem of the last scheduled backup; `None` if it succeeded and read all files.
#[derive(Default)]
pub struct LastBackupError(Mutex<Option<String>>);

impl LastBackupError {
    pub(crate) fn set(&self, error: Option<String>) {
        *lock(&self.0) = error;
    }

    pub(crate) fn get(&self) -> Option<String> {
        lock(&self.0).clone()
    }
}
