//! Files that visitors of share links have sent.

use diesel::prelude::*;

use super::{AlbumId, ItemId, ShareLinkId, Time, UserId};
use crate::db::sharing_schema::received_files;

/// A row of `received_files`. It stays when its owner accepts the file, so that they see who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable, Selectable)]
#[diesel(table_name = received_files)]
#[diesel(treat_none_as_default_value = false)]
pub struct ReceivedFileRow {
    pub item_id: ItemId,
    pub user_id: UserId,
    /// The link through which it came; none once that was deleted.
    pub link_id: Option<ShareLinkId>,
    /// The album that it is added to when it is accepted.
    pub album_id: Option<AlbumId>,
    /// The name that the visitor gave; may be empty.
    pub sender: String,
    /// Whether its owner has accepted it, or trusts visitors of the link.
    pub is_accepted: bool,
    pub received_at: Time,
}
