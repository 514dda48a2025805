//! Why the last backup was not made.

use std::sync::{Mutex, PoisonError};

/// Why the last try made none.
#[derive(Default)]
pub struct LastBackupError(Mutex<Option<String>>);

impl LastBackupError {
    pub(crate) fn set(&self, trouble: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    pub(crate) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
