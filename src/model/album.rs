//! Albums and playlists: lists of items that a user has put together. The files stay where they are.

use diesel::prelude::*;

use super::text_enum::text_enum;
use super::{AlbumId, Cursor, Item, ItemId, Shelf, Sort, Time, UserId, WallClock};
use crate::db::schema::{album_items, albums};
use crate::model::Placement;
use crate::msg;

/// What an album may contain.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum AlbumKind {
    /// Items of any kind, each once.
    Album,
    /// Recordings, in an order of their own, each any number of times.
    Playlist,
}
text_enum!(AlbumKind { Album = "album", Playlist = "playlist" });

/// The order of an album.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum AlbumSort {
    Oldest,
    Newest,
    Name,
    /// As its owner has arranged it.
    Custom,
}
text_enum!(AlbumSort { Oldest = "oldest", Newest = "newest", Name = "name", Custom = "custom" });

impl AlbumSort {
    pub const ALL: [Self; 4] = [Self::Oldest, Self::Newest, Self::Name, Self::Custom];

    /// The order in the list of choices.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Oldest => msg!("Oldest first"),
            Self::Newest => msg!("Newest first"),
            Self::Name => msg!("By name"),
            Self::Custom => msg!("Custom order"),
        }
    }

    /// The order of other lists that is the same.
    #[must_use]
    pub const fn list_sort(self) -> Sort {
        match self {
            Self::Oldest => Sort::Oldest,
            Self::Newest => Sort::Newest,
            Self::Name | Self::Custom => Sort::Name,
        }
    }

    /// Decodes the cursor of a page in this order; `None` for any other text.
    #[must_use]
    pub fn decode_cursor(self, text: &str) -> Option<Cursor> {
        match self {
            // A position is a number, as a size is.
            Self::Custom => Cursor::decode(text, Sort::Smallest),
            _ => Cursor::decode(text, self.list_sort()),
        }
    }
}

/// A row of `albums`.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable, Selectable)]
#[diesel(table_name = albums)]
#[diesel(treat_none_as_default_value = false)]
pub struct Album {
    pub id: AlbumId,
    pub user_id: UserId,
    /// The album that contains it.
    pub parent_id: Option<AlbumId>,
    pub kind: AlbumKind,
    pub name: String,
    pub name_key: String,
    pub description: String,
    /// The item on its cover; its first one if that is not set or not shown.
    pub cover_id: Option<ItemId>,
    pub sort: AlbumSort,
    /// How many items it shows.
    pub items: i64,
    pub created_at: Time,
    pub updated_at: Time,
    /// Whether users who see it can comment on it and like items.
    pub allows_comments: bool,
}

/// A row of `album_items`. Some columns are copies of the item's, so that each order is that of an index.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable, Selectable)]
#[diesel(table_name = album_items)]
pub struct AlbumItem {
    pub album_id: AlbumId,
    pub item_id: ItemId,
    /// 0, except for an item that is in a playlist more than once.
    pub copy: i16,
    /// The owner of the item.
    pub user_id: UserId,
    pub is_shown: bool,
    pub shown_at: WallClock,
    pub name_key: String,
    /// Its place in the custom order.
    pub position: i64,
    pub added_by: UserId,
    pub added_at: Time,
}

impl AlbumItem {
    /// The position after it in this order.
    #[must_use]
    pub fn cursor(&self, sort: AlbumSort) -> Cursor {
        match sort {
            AlbumSort::Oldest | AlbumSort::Newest => Cursor::Clock(self.shown_at, self.item_id),
            AlbumSort::Name => Cursor::Name(self.name_key.clone(), self.item_id),
            AlbumSort::Custom => Cursor::Size(self.position, self.item_id),
        }
    }
}

impl Item {
    /// Whether albums show it.
    #[must_use]
    pub fn is_shown_in_albums(&self) -> bool {
        self.placement == Placement::Library && self.shelf != Shelf::Motion
    }
}
