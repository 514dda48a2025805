//! Room in a person's storage: held before bytes flow, so that what is sent at once fits together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::db::Db;
use crate::error::{Error, Result};
use crate::model::{User, UserId};
use crate::storage::MediaDir;
use crate::store;

/// Refuses what is larger than `limit`, which one upload may be, or than the disk has room for.
///
/// # Errors
/// `TooLarge`, `DiskFull`.
pub(crate) fn ensure_upload_size(tree: &MediaDir, limit: u64, bytes: u64) -> Result<()> {
    if bytes > limit { Err(Error::TooLarge { limit }) } else { ensure_disk_space(tree, bytes) }
}

/// Refuses what would leave the disk too full; `bytes` that have no space on it yet.
///
/// # Errors
/// `DiskFull`.
pub(crate) fn ensure_disk_space(tree: &MediaDir, bytes: u64) -> Result<()> {
    if bytes > 0 && tree.would_be_full(bytes) { Err(Error::DiskFull) } else { Ok(()) }
}

/// Bytes held for what is arriving now, by person. Resumable uploads hold theirs in the table.
#[derive(Default)]
pub struct QuotaHolds(Mutex<HashMap<UserId, u64>>);

impl QuotaHolds {
    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes held for a person.
    pub(crate) fn held_for(&self, owner: UserId) -> i64 {
        self.lock().get(&owner).map_or(0, |bytes| i64::try_from(*bytes).unwrap_or(i64::MAX))
    }

    fn release(&self, owner: UserId, bytes: u64) {
        let mut held = self.lock();
        if let Some(all) = held.get_mut(&owner) {
            *all = all.saturating_sub(bytes);
            if *all == 0 {
                held.remove(&owner);
            }
        }
    }
}

/// Room that one request holds; let go of when dropped. People without a quota hold nothing.
pub struct QuotaHold {
    db: Db,
    holds: Arc<QuotaHolds>,
    owner: UserId,
    has_quota: bool,
    bytes: Mutex<HeldBytes>,
}

#[derive(Default)]
struct HeldBytes {
    held: u64,
    /// Stored meanwhile: the table counts them.
    stored: u64,
}

impl QuotaHold {
    #[must_use]
    pub fn empty(db: &Db, rooms: &Arc<QuotaHolds>, user: &User) -> Self {
        Self { db: db.clone(), holds: rooms.clone(), owner: user.id, has_quota: user.quota_bytes > 0, bytes: Mutex::default() }
    }

    fn bytes(&self) -> MutexGuard<'_, HeldBytes> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that there is room for `bytes` in all, those that are stored already included.
    /// Call it off the async threads.
    ///
    /// # Errors
    /// `QuotaExceeded`.
    pub fn extend_to(&self, bytes: u64) -> Result<()> {
        if !self.has_quota {
            return Ok(());
        }
        let mut mine = self.bytes();
        let Some(more) = bytes.checked_sub(mine.held + mine.stored).filter(|more| *more > 0) else { return Ok(()) };
        let user = self.db.read(|conn| store::users::find(conn, self.owner)?.ok_or(Error::NotFound))?;
        let mut held = self.holds.lock();
        let all = held.entry(self.owner).or_default();
        if user.free_quota().is_some_and(|room| all.saturating_add(more) > room) {
            return Err(Error::QuotaExceeded);
        }
        *all += more;
        mine.held += more;
        Ok(())
    }

    /// Bytes that the table counts from now on need not be held.
    pub fn mark_stored(&self, bytes: u64) {
        let mut mine = self.bytes();
        let gone = bytes.min(mine.held);
        mine.held -= gone;
        mine.stored += bytes;
        self.holds.release(self.owner, gone);
    }
}

impl Drop for QuotaHold {
    fn drop(&mut self) {
        let held = self.bytes().held;
        self.holds.release(self.owner, held);
    }
}
