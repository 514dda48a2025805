//! Grants: what one user lets another user or a group see or change.

use diesel::prelude::*;

use super::text_enum::text_enum;
use super::{AlbumId, DirectoryId, GrantId, GroupId, ItemId, Time, UserId};
use crate::db::sharing_schema::{grant_marks, grants};
use crate::msg;

/// What a grant allows. Each level includes the ones before it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum Level {
    View,
    /// Add one's own items, and remove these again.
    Contribute,
    /// Rename, arrange, choose the cover, remove any item.
    Edit,
    /// In a space: choose its members, share from it, delete for good.
    Manage,
}
text_enum!(Level { View = "view", Contribute = "contribute", Edit = "edit", Manage = "manage" });

impl Level {
    /// Those of albums, folders and items.
    pub const ALL: [Self; 3] = [Self::View, Self::Contribute, Self::Edit];
    /// Those of the members of a space.
    pub const OF_SPACES: [Self; 4] = [Self::View, Self::Contribute, Self::Edit, Self::Manage];

    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::View => msg!("Can view"),
            Self::Contribute => msg!("Can add"),
            Self::Edit => msg!("Can edit"),
            Self::Manage => msg!("Can manage"),
        }
    }
}

/// Which bytes leave the library. Each includes the ones before it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum Gives {
    /// Previews up to 1280 pixels, posters and covers.
    Previews,
    /// Also videos and music, to be played.
    Stream,
    /// Also the files themselves.
    Originals,
}
text_enum!(Gives { Previews = "previews", Stream = "stream", Originals = "originals" });

impl Gives {
    pub const ALL: [Self; 3] = [Self::Originals, Self::Stream, Self::Previews];

    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Previews => msg!("Previews only"),
            Self::Stream => msg!("Previews, and play videos and music"),
            Self::Originals => msg!("Everything, with downloads"),
        }
    }
}

/// What is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An album, and those in it.
    Album(AlbumId),
    /// A folder, and what is below it.
    Directory(DirectoryId),
    Item(ItemId),
    /// Everything that a space has.
    Library(UserId),
}

impl Subject {
    /// The subject of a row that has the id of an album, a folder or an item.
    #[must_use]
    pub fn from_ids(
        album: Option<AlbumId>,
        directory: Option<DirectoryId>,
        item: Option<ItemId>,
    ) -> Option<Self> {
        let directory = directory.map(Self::Directory);
        album.map(Self::Album).or(directory).or(item.map(Self::Item))
    }

    /// The ids of a row: of an album, a folder and an item, of which one is set, except for a library.
    #[must_use]
    pub const fn ids(self) -> (Option<AlbumId>, Option<DirectoryId>, Option<ItemId>) {
        match self {
            Self::Library(_) => (None, None, None),
            Self::Album(id) => (Some(id), None, None),
            Self::Directory(id) => (None, Some(id), None),
            Self::Item(id) => (None, None, Some(id)),
        }
    }

    /// The text by which the database knows it: one grant for each subject and grantee.
    #[must_use]
    pub fn key(self) -> String {
        match self {
            Self::Album(id) => format!("a:{}", id.0.simple()),
            Self::Directory(id) => format!("d:{}", id.0.simple()),
            Self::Item(id) => format!("i:{}", id.0.simple()),
            Self::Library(id) => format!("l:{id}"),
        }
    }

    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Album(_) => "album",
            Self::Directory(_) => "directory",
            Self::Item(_) => "item",
            Self::Library(_) => "library",
        }
    }

    /// The highest level that can be granted for it.
    #[must_use]
    pub const fn highest_level(self) -> Level {
        match self {
            Self::Album(_) => Level::Edit,
            Self::Directory(_) => Level::Contribute,
            Self::Item(_) => Level::View,
            Self::Library(_) => Level::Manage,
        }
    }
}

/// With whom something is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grantee {
    User(UserId),
    Group(GroupId),
}

impl Grantee {
    #[must_use]
    pub fn key(self) -> String {
        match self {
            Self::User(id) => format!("u:{id}"),
            Self::Group(id) => format!("g:{}", id.0.simple()),
        }
    }
}

/// A row of `grants`.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable, Selectable)]
#[diesel(table_name = grants)]
#[diesel(treat_none_as_default_value = false)]
pub struct Grant {
    pub id: GrantId,
    /// Whose album, folder or item it is.
    pub owner_id: UserId,
    pub created_by: Option<UserId>,
    pub album_id: Option<AlbumId>,
    pub directory_id: Option<DirectoryId>,
    pub item_id: Option<ItemId>,
    pub user_id: Option<UserId>,
    pub group_id: Option<GroupId>,
    pub subject_key: String,
    pub grantee_key: String,
    pub level: Level,
    pub gives: Gives,
    /// What its owner says about it.
    pub note: String,
    pub ends_at: Option<Time>,
    pub created_at: Time,
    pub updated_at: Time,
}

impl Grant {
    /// What is shared; `None` for a row of a later version.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        let library = Subject::Library(self.owner_id);
        let is_library = || self.subject_key == library.key();
        Subject::from_ids(self.album_id, self.directory_id, self.item_id)
            .or_else(|| is_library().then_some(library))
    }

    #[must_use]
    pub fn grantee(&self) -> Option<Grantee> {
        self.user_id.map(Grantee::User).or(self.group_id.map(Grantee::Group))
    }

    #[must_use]
    pub fn has_ended(&self, at: Time) -> bool {
        self.ends_at.is_some_and(|ends| ends <= at)
    }
}

/// A row of `grant_marks`: what one user has done with a grant.
#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = grant_marks)]
#[diesel(treat_none_as_default_value = false)]
pub struct GrantMark {
    pub grant_id: GrantId,
    pub user_id: UserId,
    pub seen_at: Option<Time>,
    pub left_at: Option<Time>,
    /// Whether photos of the library that it is for are shown among the user's own.
    pub in_timeline: bool,
}
