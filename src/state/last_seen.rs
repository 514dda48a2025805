//! "Last seen" and "last opened": noted in memory, written together, never a write per page view.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::model::{ItemId, Time, UserId};

/// Notes kept at most before new ones are dropped: they are no more than hints.
const MAX_ENTRIES: usize = 20_000;

/// Notes, ready to be written.
#[derive(Default, Clone)]
pub struct LastSeenBatch {
    pub(crate) sessions: BTreeMap<i64, (Time, String, Time)>,
    pub(crate) directories: BTreeMap<(UserId, String), Time>,
    pub(crate) items: BTreeMap<(UserId, ItemId), Time>,
}

/// The notes since the last flush.
#[derive(Default)]
pub struct LastSeen(Mutex<LastSeenBatch>);

impl LastSeen {
    fn note(&self, write: impl FnOnce(&mut LastSeenBatch)) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.sessions.len() + notes.directories.len() + notes.items.len() < MAX_ENTRIES {
            write(&mut notes);
        }
    }

    /// Takes all notes out.
    pub(crate) fn take(&self) -> LastSeenBatch {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A session was used from `address` and lasts until `expiration`.
    pub fn touch_session(&self, id: i64, at: Time, address: String, expiration: Time) {
        self.note(|notes| _ = notes.sessions.insert(id, (at, address, expiration)));
    }

    /// A directory was opened.
    pub fn touch_directory(&self, owner: UserId, path: &str, at: Time) {
        self.note(|notes| _ = notes.directories.insert((owner, path.to_owned()), at));
    }

    /// An item was opened.
    pub fn touch_item(&self, owner: UserId, id: ItemId, at: Time) {
        self.note(|notes| _ = notes.items.insert((owner, id), at));
    }
}
