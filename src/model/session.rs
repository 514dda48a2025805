//! Sessions: a signed-in browser, an API client, or an access token for scripts.

use diesel::prelude::*;

use super::text_enum::text_enum;
use super::{Time, UserId};
use crate::db::schema::session_tokens;

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
pub enum SessionStatus {
    Ended,
    Active,
}
text_enum!(SessionStatus { Ended = "ended", Active = "active" });

/// What holds the token of a session.
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
pub enum SessionKind {
    /// A browser, in its cookie.
    Browser,
    /// An API client. The token is the refresh token, which changes with each use.
    Api,
    /// A personal access token for scripts.
    Token,
}
text_enum!(SessionKind { Browser = "browser", Api = "api", Token = "token" });

/// What an access token may do. Scopes do not include each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    Read,
    Write,
    Admin,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// A row of `session_tokens`.
#[derive(Clone, Hash, Queryable, Selectable, Identifiable)]
#[diesel(table_name = session_tokens)]
pub struct Session {
    pub id: i64,
    pub user_id: UserId,
    /// SHA-256 of the token in hexadecimal.
    pub session_token: String,
    pub expiration: Time,
    pub status: SessionStatus,
    pub created_at: Time,
    pub last_seen: Time,
    /// The address it was last used from.
    pub address: String,
    /// Browser and operating system, for display.
    pub device: String,
    pub kind: SessionKind,
    /// The name that the user gave an access token.
    pub name: String,
    /// Scopes, separated by spaces.
    pub scopes: String,
    /// SHA-256 of the part that all refresh tokens of an API session have in common, in hexadecimal.
    pub family: Option<String>,
}

impl Session {
    /// Whether the session has this scope.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.split(' ').any(|word| word == scope.as_str())
    }
}
