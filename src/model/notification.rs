//! Notifications: what others did that concerns a user.

use diesel::prelude::*;

use super::text_enum::text_enum;
use super::{Level, NotificationId, Time, UserId};
use crate::db::sharing_schema::notifications;

/// What happened.
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
pub enum NotificationKind {
    /// Written by a later version.
    Unknown,
    Shared,
    AccessEnded,
    /// Items were added to an album; several times within an hour are one notification.
    ItemsAdded,
    AddedToGroup,
    RemovedFromGroup,
    /// A share link of the user ends within a day.
    LinkEnds,
    /// Visitors of a share link have sent files; several times within an hour are one notification.
    FilesReceived,
    /// Somebody has commented on an album; several comments within an hour are one notification.
    Commented,
    /// Somebody likes items that the user has added to an album.
    Liked,
}
text_enum!(NotificationKind {
    Unknown = "unknown",
    Shared = "shared",
    AccessEnded = "access_ended",
    ItemsAdded = "items_added",
    AddedToGroup = "added_to_group",
    RemovedFromGroup = "removed_from_group",
    LinkEnds = "link_ends",
    FilesReceived = "files_received",
    Commented = "commented",
    Liked = "liked",
});

impl NotificationKind {
    /// Which members of a space it concerns, if it is about something of a space.
    #[must_use]
    pub const fn least_level(self) -> Level {
        match self {
            Self::LinkEnds | Self::FilesReceived => Level::Manage,
            _ => Level::View,
        }
    }
}

/// A row of `notifications`.
#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = notifications)]
pub struct Notification {
    pub id: NotificationId,
    pub user_id: UserId,
    pub kind: NotificationKind,
    /// Notifications of one user with the same key are one row.
    pub merge_key: String,
    /// The name of the user who did it.
    pub actor: String,
    /// The name of the album, folder, item or group.
    pub title: String,
    /// The page it is about; empty if there is none for this user.
    pub href: String,
    /// How many items.
    pub times: i64,
    pub is_seen: bool,
    pub created_at: Time,
    pub updated_at: Time,
}
