//! Who writes on a resumable upload right now: one part at a time.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::error::{Error, Result};
use crate::model::UploadId;

/// A writer that has heard nothing for so long may be a connection that died: another one may take over.
const IDLE_BEFORE_TAKEOVER: Duration = Duration::from_secs(2);
/// How long to wait for a writer that was asked to stop.
const TAKEOVER_TIMEOUT: Duration = Duration::from_secs(10);

struct Writer {
    last_activity: Mutex<Instant>,
    stop: Notify,
    is_stop_requested: std::sync::atomic::AtomicBool,
    ended: Notify,
}

/// The writers.
#[derive(Default)]
pub struct UploadLocks(Mutex<HashMap<UploadId, Arc<Writer>>>);

/// The right to write on one upload, until it is dropped.
pub struct UploadLock {
    all: Arc<UploadLocks>,
    id: UploadId,
    writer: Arc<Writer>,
}

impl UploadLocks {
    fn writers(&self) -> MutexGuard<'_, HashMap<UploadId, Arc<Writer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for nobody but a writer whose connection seems dead.
    ///
    /// # Errors
    /// `Conflict` while another part is being written.
    pub async fn lock(self: &Arc<Self>, id: UploadId) -> Result<UploadLock> {
        const BUSY: &str = "Another part of this upload is being written.";
        let until = Instant::now() + TAKEOVER_TIMEOUT;
        loop {
            let other = match self.writers().entry(id) {
                std::collections::hash_map::Entry::Occupied(other) => other.get().clone(),
                std::collections::hash_map::Entry::Vacant(free) => {
                    let writer = Arc::new(Writer {
                        last_activity: Mutex::new(Instant::now()),
                        stop: Notify::new(),
                        is_stop_requested: false.into(),
                        ended: Notify::new(),
                    });
                    free.insert(writer.clone());
                    return Ok(UploadLock { all: self.clone(), id, writer });
                }
            };
            let ended = other.ended.notified();
            if other.idle_time() < IDLE_BEFORE_TAKEOVER && !other.is_stop_requested() || Instant::now() > until {
                return Err(Error::Conflict(BUSY.into()));
            }
            other.request_stop();
            drop(tokio::time::timeout(Duration::from_millis(200), ended).await);
        }
    }

    /// Asks a writer to end with what it has.
    pub fn stop(&self, id: UploadId) {
        if let Some(writer) = self.writers().get(&id) {
            writer.request_stop();
        }
    }

    /// Asks all writers to end with what they have: the server is about to stop.
    pub fn stop_all(&self) {
        self.writers().values().for_each(|writer| writer.request_stop());
    }
}

impl Writer {
    fn idle_time(&self) -> Duration {
        self.last_activity.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn is_stop_requested(&self) -> bool {
        self.is_stop_requested.load(std::sync::atomic::Ordering::Acquire)
    }

    fn request_stop(&self) {
        self.is_stop_requested.store(true, std::sync::atomic::Ordering::Release);
        // One permit is kept for a writer that does not wait yet.
        self.stop.notify_one();
    }
}

impl UploadLock {
    /// Says that bytes came.
    pub fn record_activity(&self) {
        *self.writer.last_activity.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Done once the writer has been asked to end.
    pub fn stopped(&self) -> impl Future<Output = ()> + 'static {
        let writer = self.writer.clone();
        async move { writer.stop.notified().await }
    }
}

impl Drop for UploadLock {
    fn drop(&mut self) {
        self.all.writers().remove(&self.id);
        self.writer.ended.notify_waiters();
    }
}
