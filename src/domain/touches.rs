//! "Last seen" and "last opened": noted in memory, written together, never a write per page view.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Services;
use crate::error::Result;
use crate::model::{ItemId, Time, UserId};
use crate::store;

/// Notes kept at most before new ones are dropped: they are no more than hints.
const KEPT: usize = 20_000;

#[derive(Default, Clone)]
struct Notes {
    sessions: BTreeMap<i64, (Time, String, Time)>,
    directories: BTreeMap<(UserId, String), Time>,
    items: BTreeMap<(UserId, ItemId), Time>,
}

/// The notes since the last flush.
#[derive(Default)]
pub struct Touches(Mutex<Notes>);

impl Touches {
    fn note(&self, write: impl FnOnce(&mut Notes)) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.sessions.len() + notes.directories.len() + notes.items.len() < KEPT {
            write(&mut notes);
        }
    }

    /// A session was used from `address` and lasts until `expiration`.
    pub fn session(&self, id: i64, at: Time, address: String, expiration: Time) {
        self.note(|notes| _ = notes.sessions.insert(id, (at, address, expiration)));
    }

    /// A directory was opened.
    pub fn directory(&self, owner: UserId, path: &str, at: Time) {
        self.note(|notes| _ = notes.directories.insert((owner, path.to_owned()), at));
    }

    /// An item was opened.
    pub fn item(&self, owner: UserId, id: ItemId, at: Time) {
        self.note(|notes| _ = notes.items.insert((owner, id), at));
    }
}

/// Writes what was noted, in one transaction.
///
/// # Errors
/// The database's; the notes are lost then, and that is all that is.
pub fn flush(services: &Services) -> Result<()> {
    let notes = std::mem::take(&mut *services.touches.0.lock().unwrap_or_else(PoisonError::into_inner));
    if notes.sessions.is_empty() && notes.directories.is_empty() && notes.items.is_empty() {
        return Ok(());
    }
    services.db.write(|conn| {
        for (id, (at, address, expiration)) in &notes.sessions {
            store::sessions::update_seen(conn, *id, *at, address, *expiration)?;
        }
        for ((owner, path), at) in &notes.directories {
            store::directories::update_accessed(conn, *owner, path, *at)?;
        }
        for ((owner, id), at) in &notes.items {
            store::items::update_recent(conn, *owner, *id, *at)?;
        }
        Ok(())
    })
}
