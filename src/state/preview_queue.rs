//! Wakes the preview workers and remembers which previews users are looking at.
//!
//! The jobs themselves are rows; priorities are per process.

use crate::sync::lock;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

use tokio::sync::{Notify, broadcast};

use crate::model::{ItemId, UserId};

/// Items whose previews are made first.
const MAX_PRIORITIZED: usize = 512;

/// Finished items that a slow subscriber may lag behind by.
const MAX_FINISHED: usize = 256;

/// Which previews to make next, and the notifications for workers and for requests that wait.
///
/// Another server's workers announce nothing here, so requests that wait also look from time to time.
pub struct PreviewQueue {
    /// Items that users are looking at, the most recent first.
    prioritized: Mutex<VecDeque<ItemId>>,
    /// Notified when there is work.
    pub wakeup: Notify,
    /// Items whose jobs a worker of this process has finished.
    finished: broadcast::Sender<ItemId>,
    is_stopping: AtomicBool,
    turns: AtomicU32,
    last_owner: AtomicI64,
}

impl Default for PreviewQueue {
    fn default() -> Self {
        Self {
            prioritized: Mutex::default(),
            wakeup: Notify::new(),
            finished: broadcast::Sender::new(MAX_FINISHED),
            is_stopping: AtomicBool::new(false),
            turns: AtomicU32::new(0),
            last_owner: AtomicI64::new(0),
        }
    }
}

impl PreviewQueue {
    /// Announces that an item's job has finished, whether it succeeded or failed.
    pub(crate) fn announce_finished(&self, id: ItemId) {
        // Fails only if there are no subscribers.
        drop(self.finished.send(id));
    }

    /// Receives the items that are finished from now on.
    pub(crate) fn subscribe_finished(&self) -> broadcast::Receiver<ItemId> {
        self.finished.subscribe()
    }

    /// Wakes all waiting workers, and lets the next worker that would wait continue at once.
    pub fn wake(&self) {
        self.wakeup.notify_waiters();
        self.wakeup.notify_one();
    }

    /// Moves items to the front, in this order: what a page shows is made from its top down.
    pub fn prioritize(&self, ids: impl DoubleEndedIterator<Item = ItemId>) {
        let mut prioritized = lock(&self.prioritized);
        for id in ids.rev() {
            if let Some(position) = prioritized.iter().position(|other| *other == id) {
                prioritized.remove(position);
            }
            prioritized.push_front(id);
        }
        prioritized.truncate(MAX_PRIORITIZED);
    }

    /// Returns true three times out of four, so that prioritised items cannot starve the rest.
    pub(crate) fn should_take_prioritized(&self) -> bool {
        self.turns.fetch_add(1, Ordering::Relaxed) % 4 != 3
    }

    /// The owner of the last file taken, for a round robin between users.
    pub(crate) fn last_owner(&self) -> UserId {
        UserId(self.last_owner.load(Ordering::Relaxed))
    }

    pub(crate) fn set_last_owner(&self, owner: UserId) {
        self.last_owner.store(owner.0, Ordering::Relaxed);
    }

    pub(crate) fn pop_prioritized(&self) -> Option<ItemId> {
        lock(&self.prioritized).pop_front()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// Stops the workers after their current file.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
    }
}
