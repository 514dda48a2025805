//! Why the last backup was not made.

use std::sync::{Mutex, PoisonError};

/// Why the last try made none.
#[derive(Default)]
pub struct Troubles(Mutex<Option<String>>);

impl Troubles {
    pub(super) fn set(&self, trouble: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    pub(super) fn last(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
