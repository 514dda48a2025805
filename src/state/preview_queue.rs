//! The queue of previews as the rest of the house sees it: a bell, and what somebody is looking at.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::model::{ItemId, UserId};

/// Items that are wanted first, at most.
const MAX_PRIORITIZED: usize = 512;

/// What is to be made next, and who waits for it.
#[derive(Default)]
pub struct PreviewQueue {
    /// What somebody is looking at, the last one first.
    prioritized: Mutex<VecDeque<ItemId>>,
    /// Rung when there is something to do.
    pub wakeup: Notify,
    is_stopping: AtomicBool,
    turns: AtomicU32,
    last_owner: AtomicI64,
}

impl PreviewQueue {
    /// Says that something is to be done.
    pub fn wake(&self) {
        self.wakeup.notify_waiters();
        self.wakeup.notify_one();
    }

    /// What people see on a page comes first, from its top on.
    pub fn prioritize(&self, ids: impl DoubleEndedIterator<Item = ItemId>) {
        let mut wanted = self.prioritized.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids.rev() {
            if let Some(place) = wanted.iter().position(|known| *known == id) {
                wanted.remove(place);
            }
            wanted.push_front(id);
        }
        wanted.truncate(MAX_PRIORITIZED);
    }

    /// Three times of four.
    pub(crate) fn should_take_prioritized(&self) -> bool {
        self.turns.fetch_add(1, Ordering::Relaxed) % 4 != 3
    }

    /// Whose file was taken last.
    pub(crate) fn last_owner(&self) -> UserId {
        UserId(self.last_owner.load(Ordering::Relaxed))
    }

    pub(crate) fn set_last_owner(&self, owner: UserId) {
        self.last_owner.store(owner.0, Ordering::Relaxed);
    }

    pub(crate) fn pop_prioritized(&self) -> Option<ItemId> {
        self.prioritized.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// Begins nothing anymore.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
    }
}
