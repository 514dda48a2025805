//! Share links: what anyone may see who has the address.

use diesel::prelude::*;

use super::authority::ShareKey;
use super::{AlbumId, DirectoryId, Gives, ItemId, ShareLinkId, Subject, Time, UserId};
use crate::db::sharing_schema::share_links;

/// A row of `share_links`.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable, Selectable)]
#[diesel(table_name = share_links)]
#[diesel(treat_none_as_default_value = false)]
pub struct ShareLink {
    pub id: ShareLinkId,
    /// Whose album, folder or item it is.
    pub owner_id: UserId,
    /// The SHA-256 of the token in the address.
    pub token_hash: String,
    /// Grows when the address changes.
    pub token_version: i32,
    /// Grows when the address or the password changes, so that earlier visits end.
    pub generation: i32,
    pub album_id: Option<AlbumId>,
    pub directory_id: Option<DirectoryId>,
    pub item_id: Option<ItemId>,
    pub subject_key: String,
    /// Shown instead of the name of what is shared; empty if not set.
    pub title: String,
    /// What the owner says to visitors.
    pub message: String,
    /// The hash of the password.
    pub password: Option<String>,
    pub gives: Gives,
    /// Whether files are given with the place where they were taken.
    pub keeps_location: bool,
    /// Whether visitors see when and how photos were taken.
    pub shows_details: bool,
    pub ends_at: Option<Time>,
    /// When it was ended before its time.
    pub ended_at: Option<Time>,
    pub max_visits: Option<i64>,
    pub visits: i64,
    pub downloads: i64,
    pub last_visit_at: Option<Time>,
    pub created_at: Time,
    pub updated_at: Time,
}

impl ShareLink {
    /// What is shared; `None` once it has been deleted.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        Subject::from_ids(self.album_id, self.directory_id, self.item_id)
    }

    #[must_use]
    pub fn has_ended(&self, at: Time) -> bool {
        self.ended_at.is_some() || self.ends_at.is_some_and(|ends| ends <= at)
    }

    /// Whether as many visits have begun as its owner allows.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.max_visits.is_some_and(|most| self.visits >= most)
    }

    /// Whether visitors begin with a form: they enter a password, or use up one of a limited number of visits.
    #[must_use]
    pub const fn is_opened_by_form(&self) -> bool {
        self.password.is_some() || self.max_visits.is_some()
    }

    #[must_use]
    pub const fn share_key(&self) -> ShareKey {
        ShareKey::Link { link: self.id, generation: self.generation }
    }
}
