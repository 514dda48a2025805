//! The error of the last scheduled backup.
//!
//! A second server does not see it.

use std::sync::{Mutex, PoisonError};

/// The error of the last scheduled backup; `None` after a success.
#[derive(Default)]
pub struct LastBackupError(Mutex<Option<String>>);

impl LastBackupError {
    pub(crate) fn set(&self, error: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    pub(crate) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
