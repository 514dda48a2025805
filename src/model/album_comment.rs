//! Comments and hearts of users who see an album.

use diesel::prelude::*;

use super::{AlbumId, CommentId, ItemId, Time, UserId};
use crate::db::sharing_schema::{album_comments, album_hearts};

/// A row of `album_comments`.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable, Selectable)]
#[diesel(table_name = album_comments)]
#[diesel(treat_none_as_default_value = false)]
pub struct AlbumComment {
    pub id: CommentId,
    pub album_id: AlbumId,
    /// The item of the album that it is about; the album itself without one.
    pub item_id: Option<ItemId>,
    pub user_id: UserId,
    /// Plain text.
    pub text: String,
    pub created_at: Time,
}

/// A row of `album_hearts`: a user likes an item of an album.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable, Selectable)]
#[diesel(table_name = album_hearts)]
pub struct AlbumHeart {
    pub album_id: AlbumId,
    pub item_id: ItemId,
    pub user_id: UserId,
    pub created_at: Time,
}
