//! A session: one device on which a person is signed in.

use diesel::prelude::*;

use super::column::text_enum;
use super::{Time, UserId};
use crate::db::schema::session_tokens;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum SessionStatus {
    Ended,
    Active,
}
text_enum!(SessionStatus { Ended = "ended", Active = "active" });

/// One row of `session_tokens`.
#[derive(Clone, Queryable, Selectable, Identifiable)]
#[diesel(table_name = session_tokens)]
pub struct Session {
    pub id: i64,
    pub user_id: UserId,
    /// SHA-256 of the token, hexadecimal.
    pub session_token: String,
    pub expiration: Time,
    pub status: SessionStatus,
    pub created_at: Time,
    pub last_seen: Time,
    /// Where it was last used from.
    pub address: String,
    /// Browser and system in words.
    pub device: String,
}
