//! Resumable uploads (tus 1.0.0).

use diesel::prelude::*;

use super::{DirectoryId, ItemId, ShareLinkId, Time, UploadId, UserId};
use crate::db::schema::uploads;

/// A row of `uploads`. The bytes are in a file named after its id until the upload is finished.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = uploads)]
#[diesel(treat_none_as_default_value = false)]
pub struct Upload {
    pub id: UploadId,
    pub user_id: UserId,
    /// The file name it will get.
    pub name: String,
    /// The user's own directory it goes to; with `None`, its kind decides.
    pub directory_id: Option<DirectoryId>,
    /// Whether to store it even if the user already has the same bytes.
    pub keeps_both: bool,
    /// `Upload-Metadata` as sent.
    pub metadata: String,
    /// Total size in bytes.
    pub size: i64,
    /// Bytes that are durable; the offset.
    pub received: i64,
    /// State of the SHA-256 of these bytes.
    pub hash_state: Vec<u8>,
    /// The item it became.
    pub item_id: Option<ItemId>,
    /// Whether that item existed before.
    pub is_duplicate: bool,
    pub created_at: Time,
    pub expires_at: Time,
    /// The sender's date of the file: milliseconds since 1970 in UTC.
    pub file_modified: Option<i64>,
    /// The share link through which a visitor sends it to the user.
    pub link_id: Option<ShareLinkId>,
    /// The name that this visitor gave.
    pub sender: String,
    /// The member of a space who sends it to the space.
    pub sender_id: Option<UserId>,
}

impl Upload {
    /// Bytes that are durable.
    #[must_use]
    pub fn offset(&self) -> u64 {
        u64::try_from(self.received).unwrap_or(0)
    }

    /// Total size in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        u64::try_from(self.size).unwrap_or(0)
    }
}
