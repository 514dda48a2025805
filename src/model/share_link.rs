//! Share links: what anyone may see who has the address.

use diesel::prelude::*;

use super::authority::ShareKey;
use super::text_enum::text_enum;
use super::{AlbumId, DirectoryId, Gives, ItemId, ShareLinkId, Subject, Time, UserId};
use crate::db::sharing_schema::share_links;
use crate::msg;

/// What visitors can send to the owner of a link.
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
pub enum LinkUploads {
    /// Nothing: they look at what is shared.
    None,
    /// They also look at what is shared.
    Add,
    /// A file request: they see nothing of what is there.
    Request,
}
text_enum!(LinkUploads { None = "none", Add = "add", Request = "request" });

impl LinkUploads {
    pub const ALL: [Self; 3] = [Self::None, Self::Add, Self::Request];

    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::None => msg!("Look at it"),
            Self::Add => msg!("Look at it and send files"),
            Self::Request => msg!("Only send files"),
        }
    }
}

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
    pub uploads: LinkUploads,
    /// Whether what visitors send is put into the library only after its owner has accepted it.
    pub needs_review: bool,
    /// What visitors can send in all.
    pub max_bytes: i64,
    pub max_files: i64,
    /// What they have sent.
    pub received_bytes: i64,
    pub received_files: i64,
    /// Words that its owner has chosen for the address, instead of a token.
    pub slug: Option<String>,
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

    /// Whether visitors can send files.
    #[must_use]
    pub fn takes_files(&self) -> bool {
        self.uploads != LinkUploads::None
    }

    /// Files and bytes that visitors can still send.
    #[must_use]
    pub fn remaining(&self) -> (i64, i64) {
        let files = (self.max_files - self.received_files).max(0);
        (files, (self.max_bytes - self.received_bytes).max(0))
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
