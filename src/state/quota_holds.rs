//! Quota reservations. Space is reserved before an upload starts, so that concurrent uploads cannot exceed the quota
//! together.
//!
//! Holds of ordinary uploads are in memory, so several servers could admit more than fits; the conditional update in the
//! storing transaction still decides. Resumable uploads hold their bytes in `users.reserved_bytes`.

use crate::sync::lock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::db::Db;
use crate::error::{Error, Result};
use crate::model::{User, UserId};
use crate::storage::MediaDir;
use crate::store;

/// Requires an upload to be within `limit` and to fit on the disk.
///
/// # Errors
/// `TooLarge`, `DiskFull`.
pub(crate) fn ensure_upload_size(tree: &MediaDir, limit: u64, bytes: u64) -> Result<()> {
    if bytes > limit { Err(Error::TooLarge { limit }) } else { ensure_disk_space(tree, bytes) }
}

/// Requires `bytes` that are not allocated yet to fit on the disk.
///
/// # Errors
/// `DiskFull`.
pub(crate) fn ensure_disk_space(tree: &MediaDir, bytes: u64) -> Result<()> {
    if bytes > 0 && tree.would_be_full(bytes) { Err(Error::DiskFull) } else { Ok(()) }
}

/// Bytes held for running uploads, per user.
#[derive(Default)]
pub struct QuotaHolds(Mutex<HashMap<UserId, u64>>);

impl QuotaHolds {
    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, u64>> {
        lock(&self.0)
    }

    /// Returns the bytes held for a user.
    pub(crate) fn held_for(&self, owner: UserId) -> i64 {
        self.lock().get(&owner).map_or(0, |bytes| i64::try_from(*bytes).unwrap_or(i64::MAX))
    }

    fn release(&self, owner: UserId, bytes: u64) {
        let mut held = self.lock();
        if let Some(total) = held.get_mut(&owner) {
            *total = total.saturating_sub(bytes);
            if *total == 0 {
                held.remove(&owner);
            }
        }
    }
}

/// The bytes that one request holds. Dropping it releases them. Users without a quota hold nothing.
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
    /// Bytes stored meanwhile; the user's row counts them.
    stored: u64,
    /// Bytes up to which nothing more is held.
    admitted: u64,
}

impl QuotaHold {
    #[must_use]
    pub fn empty(db: &Db, holds: &Arc<QuotaHolds>, user: &User) -> Self {
        Self {
            db: db.clone(),
            holds: holds.clone(),
            owner: user.id,
            has_quota: user.quota_bytes > 0,
            bytes: Mutex::default(),
        }
    }

    fn bytes(&self) -> MutexGuard<'_, HeldBytes> {
        lock(&self.bytes)
    }

    /// Lets the request receive `bytes` in total without holding more of them.
    pub fn admit(&self, bytes: u64) {
        self.bytes().admitted = bytes;
    }

    /// Extends the hold so that it covers `bytes` in total, including what has been stored. Blocks on the database.
    ///
    /// # Errors
    /// `QuotaExceeded`.
    pub fn extend_to(&self, bytes: u64) -> Result<()> {
        // Without a quota nothing is limited, so nothing needs to be held.
        if !self.has_quota {
            return Ok(());
        }
        let mut own_bytes = self.bytes();
        if bytes <= own_bytes.admitted {
            return Ok(());
        }

        // Only the bytes beyond those that this request already holds or has stored; if there are none, nothing
        // changes.
        let Some(additional) = bytes
            .checked_sub(own_bytes.held + own_bytes.stored)
            .filter(|additional| *additional > 0)
        else {
            return Ok(());
        };

        // Read again, because other requests change the used bytes of the user.
        let user =
            self.db.read(|conn| store::users::find(conn, self.owner)?.ok_or(Error::NotFound))?;
        let mut held = self.holds.lock();
        let held_by_user = held.entry(self.owner).or_default();
        // `free_quota` does not subtract what running requests hold, so the holds of all of them are compared with it.
        if user.free_quota().is_some_and(|free| held_by_user.saturating_add(additional) > free) {
            return Err(Error::QuotaExceeded);
        }
        *held_by_user += additional;
        own_bytes.held += additional;
        Ok(())
    }

    /// Releases held bytes that have been stored; the user's row counts them from now on.
    pub fn mark_stored(&self, bytes: u64) {
        let mut own_bytes = self.bytes();
        let released = bytes.min(own_bytes.held);
        own_bytes.held -= released;
        own_bytes.stored += bytes;
        self.holds.release(self.owner, released);
    }
}

impl Drop for QuotaHold {
    fn drop(&mut self) {
        let held = self.bytes().held;
        self.holds.release(self.owner, held);
    }
}
