//! Rows of the audit log: what happened, who did it, and from where.

use diesel::prelude::*;
use sha2::{Digest, Sha256};
use time::macros::format_description;

use super::text_enum::text_enum;
use super::{Time, UserId};
use crate::db::schema::audit_log;
use crate::msg;

/// What happened.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum Event {
    /// Written by a later version.
    Unknown,
    LoggedIn,
    LogInRefused,
    LoggedOut,
    SessionsEnded,
    TokenMade,
    TokenReused,
    Registered,
    AccountMade,
    AccountRemoved,
    Approved,
    Rejected,
    Suspended,
    Reactivated,
    AccessLevelSet,
    QuotaSet,
    CodeHandedOut,
    PasswordSet,
    EmailChanged,
    Deleted,
    Found,
    Released,
    FindingDeleted,
    Restored,
    Purged,
    AlbumDeleted,
    Granted,
    GrantChanged,
    GrantEnded,
    GrantLeft,
    GroupCreated,
    GroupChanged,
    ShareLinkCreated,
    ShareLinkChanged,
    ShareLinkEnded,
    FilesAccepted,
    ShareLinkRefused,
    SpaceCreated,
    SpaceChanged,
    SpaceDeleted,
}
text_enum!(Event {
    Unknown = "unknown",
    LoggedIn = "logged_in",
    LogInRefused = "log_in_refused",
    LoggedOut = "logged_out",
    SessionsEnded = "sessions_ended",
    TokenMade = "token_made",
    TokenReused = "token_reused",
    Registered = "registered",
    AccountMade = "account_made",
    AccountRemoved = "account_removed",
    Approved = "approved",
    Rejected = "rejected",
    Suspended = "suspended",
    Reactivated = "reactivated",
    AccessLevelSet = "access_level_set",
    QuotaSet = "quota_set",
    CodeHandedOut = "code_handed_out",
    PasswordSet = "password_set",
    EmailChanged = "email_changed",
    Deleted = "deleted",
    Found = "found",
    Released = "released",
    FindingDeleted = "finding_deleted",
    Restored = "restored",
    Purged = "purged",
    AlbumDeleted = "album_deleted",
    Granted = "granted",
    GrantChanged = "grant_changed",
    GrantEnded = "grant_ended",
    GrantLeft = "grant_left",
    GroupCreated = "group_created",
    GroupChanged = "group_changed",
    ShareLinkCreated = "share_link_created",
    ShareLinkChanged = "share_link_changed",
    ShareLinkEnded = "share_link_ended",
    FilesAccepted = "files_accepted",
    ShareLinkRefused = "share_link_refused",
    SpaceCreated = "space_created",
    SpaceChanged = "space_changed",
    SpaceDeleted = "space_deleted",
});

impl Event {
    /// All events that are written, with a description.
    pub const NAMED: [(Self, &'static str); 39] = [
        (Self::LoggedIn, msg!("Logged in")),
        (Self::LogInRefused, msg!("Failed login")),
        (Self::LoggedOut, msg!("Logged out")),
        (Self::SessionsEnded, msg!("Sessions ended")),
        (Self::TokenMade, msg!("Access token created")),
        (Self::TokenReused, msg!("Refresh token used twice")),
        (Self::Registered, msg!("Registered")),
        (Self::AccountMade, msg!("Account created")),
        (Self::AccountRemoved, msg!("Account removed")),
        (Self::Approved, msg!("Approved")),
        (Self::Rejected, msg!("Rejected")),
        (Self::Suspended, msg!("Suspended")),
        (Self::Reactivated, msg!("Reactivated")),
        (Self::AccessLevelSet, msg!("Role changed")),
        (Self::QuotaSet, msg!("Quota set")),
        (Self::CodeHandedOut, msg!("Reset code created")),
        (Self::PasswordSet, msg!("Password set")),
        (Self::EmailChanged, msg!("Email changed")),
        (Self::Deleted, msg!("Deleted permanently")),
        (Self::Found, msg!("Malware found")),
        (Self::Released, msg!("Quarantine released")),
        (Self::FindingDeleted, msg!("Finding deleted")),
        (Self::Restored, msg!("Backup restored")),
        (Self::Purged, msg!("Old log entries removed")),
        (Self::AlbumDeleted, msg!("Album deleted")),
        (Self::Granted, msg!("Shared")),
        (Self::GrantChanged, msg!("Sharing changed")),
        (Self::GrantEnded, msg!("Sharing ended")),
        (Self::GrantLeft, msg!("Left what was shared")),
        (Self::GroupCreated, msg!("Group created")),
        (Self::GroupChanged, msg!("Group changed")),
        (Self::ShareLinkCreated, msg!("Share link created")),
        (Self::ShareLinkChanged, msg!("Share link changed")),
        (Self::ShareLinkEnded, msg!("Share link ended")),
        (Self::FilesAccepted, msg!("Received files accepted")),
        (Self::ShareLinkRefused, msg!("Wrong password of a share link")),
        (Self::SpaceCreated, msg!("Space created")),
        (Self::SpaceChanged, msg!("Space changed")),
        (Self::SpaceDeleted, msg!("Space deleted")),
    ];

    /// The description of the event.
    #[must_use]
    pub fn description(self) -> &'static str {
        Self::NAMED
            .iter()
            .find(|(event, _)| *event == self)
            .map_or(msg!("Something else"), |(_, words)| words)
    }
}

/// A row of `audit_log`. Rows are numbered without gaps.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log)]
#[diesel(treat_none_as_default_value = false)]
pub struct AuditRow {
    pub id: i64,
    pub happened_at: Time,
    /// The text of an [`Event`].
    pub event: String,
    pub actor_id: Option<UserId>,
    /// A username, `(server)` or `(command line)`; empty for a client that was not authenticated.
    pub actor: String,
    /// IP address; empty if there was none.
    pub address: String,
    /// The user or object concerned.
    pub subject: String,
    pub detail: String,
    /// The hash of the previous row; empty for the first.
    pub previous: String,
    /// SHA-256 over all fields above, in lower-case hexadecimal.
    pub hash: String,
}

impl AuditRow {
    /// Computes the hash that the row should have.
    #[must_use]
    pub fn computed_hash(&self) -> String {
        // As a JSON array, so that two different rows never have the same text.
        let text = serde_json::json!([
            self.id,
            time_text(self.happened_at),
            self.event,
            self.actor_id.map(|id| id.0),
            self.actor,
            self.address,
            self.subject,
            self.detail,
            self.previous,
        ]);
        hex::encode(Sha256::digest(text.to_string()))
    }

    #[must_use]
    pub fn event(&self) -> Event {
        Event::parse(&self.event).unwrap_or(Event::Unknown)
    }
}

/// Formats a time in UTC with microseconds.
#[must_use]
pub fn time_text(at: Time) -> String {
    at.format(format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z"
    ))
    .unwrap_or_default()
}

/// Which rows to list.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub event: Option<Event>,
    pub actor: Option<String>,
    /// Inclusive.
    pub from: Option<Time>,
    /// Exclusive.
    pub until: Option<Time>,
}
