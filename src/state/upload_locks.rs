//! Locks on resumable uploads: one part is written at a time.
//!
//! Locks are per process; several servers need one in the database.

use crate::msg;
use crate::sync::lock;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::error::{Error, Result};
use crate::model::UploadId;

/// A writer that has received nothing for this long may have lost its connection, so another may take over.
const IDLE_BEFORE_TAKEOVER: Duration = Duration::from_secs(2);
/// How long to wait for a writer that was asked to stop.
const TAKEOVER_TIMEOUT: Duration = Duration::from_secs(10);

struct Writer {
    last_activity: Mutex<Instant>,
    stop: Notify,
    is_stop_requested: std::sync::atomic::AtomicBool,
    ended: Notify,
}

/// The current writers.
#[derive(Default)]
pub struct UploadLocks(Mutex<HashMap<UploadId, Arc<Writer>>>);

/// The right to append to one upload, until it is dropped.
pub struct UploadLock {
    all: Arc<UploadLocks>,
    id: UploadId,
    writer: Arc<Writer>,
}

impl UploadLocks {
    fn writers(&self) -> MutexGuard<'_, HashMap<UploadId, Arc<Writer>>> {
        lock(&self.0)
    }

    /// Locks an upload for one writer of its parts. If another writer is idle, requests that it stop and waits for its
    /// end up to a deadline.
    ///
    /// # Errors
    /// `Conflict` while another part is being written.
    pub async fn lock(self: &Arc<Self>, id: UploadId) -> Result<UploadLock> {
        const BUSY: &str = msg!("Another part of this upload is being written.");
        let deadline = Instant::now() + TAKEOVER_TIMEOUT;

        loop {
            let other = match self.writers().entry(id) {
                std::collections::hash_map::Entry::Occupied(other) => other.get().clone(),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    let writer = Arc::new(Writer {
                        last_activity: Mutex::new(Instant::now()),
                        stop: Notify::new(),
                        is_stop_requested: false.into(),
                        ended: Notify::new(),
                    });
                    entry.insert(writer.clone());
                    return Ok(UploadLock { all: self.clone(), id, writer });
                }
            };

            // Created before the stop request, so that its end is not missed. If it has already ended, the timeout
            // below applies.
            let ended = other.ended.notified();
            // An active writer keeps the upload. An idle one is asked to stop, and the loop waits for it until the
            // deadline.
            if other.idle_time() < IDLE_BEFORE_TAKEOVER && !other.is_stop_requested()
                || Instant::now() > deadline
            {
                return Err(Error::Conflict(BUSY.into()));
            }

            // The writer's connection may be dead: request that it stop.
            other.request_stop();
            // Continues when the writer ends, or after 200 ms to examine its state again.
            drop(tokio::time::timeout(Duration::from_millis(200), ended).await);
        }
    }

    /// Asks the writer of an upload to stop after what it has received.
    pub fn stop(&self, id: UploadId) {
        if let Some(writer) = self.writers().get(&id) {
            writer.request_stop();
        }
    }

    /// Asks all writers to stop: the server is shutting down.
    pub fn stop_all(&self) {
        self.writers().values().for_each(|writer| writer.request_stop());
    }
}

impl Writer {
    fn idle_time(&self) -> Duration {
        lock(&self.last_activity).elapsed()
    }

    fn is_stop_requested(&self) -> bool {
        self.is_stop_requested.load(std::sync::atomic::Ordering::Acquire)
    }

    fn request_stop(&self) {
        self.is_stop_requested.store(true, std::sync::atomic::Ordering::Release);
        // `notify_one` stores a permit for a writer that is not waiting yet.
        self.stop.notify_one();
    }
}

impl UploadLock {
    /// Records that bytes have arrived.
    pub fn record_activity(&self) {
        *lock(&self.writer.last_activity) = Instant::now();
    }

    /// Completes once the writer has been asked to stop.
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
