//! "Last seen" and "last opened" times, collected in memory and written in batches instead of on each request.
//!
//! Each process writes its own times; the last write wins.

use crate::sync::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::model::{ItemId, Time, UserId};

/// Entries kept until the next flush. Further ones are dropped, since the times are only informative.
const MAX_ENTRIES: usize = 20_000;

/// Times that are ready to be written.
#[derive(Default, Clone)]
pub struct LastSeenBatch {
    pub(crate) sessions: BTreeMap<i64, (Time, String, Time)>,
    pub(crate) directories: BTreeMap<(UserId, String), Time>,
    pub(crate) items: BTreeMap<(UserId, ItemId), Time>,
}

/// The times recorded since the last flush.
#[derive(Default)]
pub struct LastSeen(Mutex<LastSeenBatch>);

impl LastSeen {
    fn note(&self, write: impl FnOnce(&mut LastSeenBatch)) {
        let mut batch = lock(&self.0);
        if batch.sessions.len() + batch.directories.len() + batch.items.len() < MAX_ENTRIES {
            write(&mut batch);
        }
    }

    /// Removes and returns all recorded times.
    pub(crate) fn take(&self) -> LastSeenBatch {
        std::mem::take(&mut lock(&self.0))
    }

    /// Records that a session was used from `address` and now lasts until `expiration`.
    pub fn touch_session(&self, id: i64, at: Time, address: String, expiration: Time) {
        self.note(|batch| _ = batch.sessions.insert(id, (at, address, expiration)));
    }

    /// Records that a directory was opened.
    pub fn touch_directory(&self, owner: UserId, path: &str, at: Time) {
        self.note(|batch| _ = batch.directories.insert((owner, path.to_owned()), at));
    }

    /// Records that an item was opened.
    pub fn touch_item(&self, owner: UserId, id: ItemId, at: Time) {
        self.note(|batch| _ = batch.items.insert((owner, id), at));
    }
}
