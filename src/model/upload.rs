//! A resumable upload (tus 1.0.0): what has arrived of a file, and what becomes of it.

use diesel::prelude::*;

use super::{DirectoryId, ItemId, Time, UploadId, UserId};
use crate::db::schema::uploads;

/// One row of `uploads`. Its bytes lie in the tree under its id until it is finished.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = uploads)]
#[diesel(treat_none_as_default_value = false)]
pub struct Upload {
    pub id: UploadId,
    pub user_id: UserId,
    /// What the file is going to be called.
    pub name: String,
    /// One's own folder; `None` for the one where it belongs.
    pub directory_id: Option<DirectoryId>,
    /// Whether the same bytes may be kept twice.
    pub keeps_both: bool,
    /// `Upload-Metadata` as it was sent.
    pub metadata: String,
    /// Bytes in all.
    pub size: i64,
    /// Bytes that are durable: the offset.
    pub received: i64,
    /// SHA-256 of what is durable, so far.
    pub hash_state: Vec<u8>,
    /// The item it became.
    pub item_id: Option<ItemId>,
    /// Whether that item was there already.
    pub is_duplicate: bool,
    pub created_at: Time,
    pub expires_at: Time,
}

impl Upload {
    /// Bytes that are durable.
    #[must_use]
    pub fn offset(&self) -> u64 {
        u64::try_from(self.received).unwrap_or(0)
    }

    /// Bytes in all.
    #[must_use]
    pub fn length(&self) -> u64 {
        u64::try_from(self.size).unwrap_or(0)
    }
}
