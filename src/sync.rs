//! Threads: mutexes whose data stays valid when a thread panics, and the blocking pool.

use crate::error::{Error, Result};
use crate::language::{current_language, run_with_language};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex and ignores poisoning: no code here leaves the data inconsistent when it panics.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` on the blocking pool.
///
/// # Errors
/// Those of `work`; `Internal` if it panicked.
pub async fn run_on_blocking_pool<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    // Carries the request id into log lines of the work.
    let span = tracing::Span::current();
    let language = current_language();
    let work = move || span.in_scope(|| run_with_language(language, work));
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}
