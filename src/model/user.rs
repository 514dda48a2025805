//! A person's account.

use diesel::prelude::*;

use super::text_enum::text_enum;
use super::{Time, UserId};
use crate::db::schema::users;
use crate::error::AccountBlock;

/// Whether a person may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum Status {
    Suspended,
    Pending,
    Active,
    Rejected,
}
text_enum!(Status { Suspended = "suspended", Pending = "pending", Active = "active", Rejected = "rejected" });

impl Status {
    /// Why a person with this status gets nowhere; `None` for active ones.
    #[must_use]
    pub const fn block(self) -> Option<AccountBlock> {
        match self {
            Self::Active => None,
            Self::Pending => Some(AccountBlock::Pending),
            Self::Suspended => Some(AccountBlock::Suspended),
            Self::Rejected => Some(AccountBlock::Rejected),
        }
    }
}

/// What a person may do beside keeping their own things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum AccessLevel {
    User,
    Admin,
}
text_enum!(AccessLevel { User = "user", Admin = "admin" });

/// Colours of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum Theme {
    System,
    Light,
    Dark,
}
text_enum!(Theme { System = "system", Light = "light", Dark = "dark" });

/// Where a person's password is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum Origin {
    /// In the row.
    Here,
    /// In the users file; the row has a copy to see when the file changes.
    File,
}
text_enum!(Origin { Here = "here", File = "file" });

/// One row of `users`.
#[derive(Clone, Hash, Queryable, Selectable, Identifiable)]
#[diesel(table_name = users)]
pub struct User {
    pub id: UserId,
    pub firstname: String,
    pub lastname: String,
    /// Lower case.
    pub username: String,
    /// Lower case.
    pub email: String,
    /// argon2id PHC string, or PHP's bcrypt until the next log-in.
    pub password: String,
    pub contact_number: Option<String>,
    pub address: Option<String>,
    pub access_level: AccessLevel,
    pub status: Status,
    pub status_since: Time,
    /// SHA-256 of a one-time code for `/recover`.
    pub access_code: Option<String>,
    pub access_code_expires: Option<Time>,
    /// SHA-256 of the newest session's token.
    pub session_token: Option<String>,
    /// Name of the person's folder.
    pub folder: String,
    /// 0 = no limit.
    pub quota_bytes: i64,
    /// All their files, the trash too.
    pub used_bytes: i64,
    pub theme: Theme,
    /// Whether single keys do things.
    pub single_keys: bool,
    pub created_at: Time,
    pub updated_at: Time,
    pub origin: Origin,
    /// Held for uploads that are not finished.
    pub reserved_bytes: i64,
}

impl User {
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.access_level == AccessLevel::Admin
    }

    /// What makes a bad password for them.
    #[must_use]
    pub fn password_context(&self) -> [&str; 4] {
        [&self.username, &self.email, &self.firstname, &self.lastname]
    }

    /// Bytes that still fit; `None` without a limit.
    #[must_use]
    pub fn free_quota(&self) -> Option<u64> {
        (self.quota_bytes > 0).then(|| u64::try_from(self.quota_bytes - self.used_bytes - self.reserved_bytes).unwrap_or(0))
    }
}

/// A row about to be made.
#[derive(Insertable)]
#[diesel(table_name = users)]
#[diesel(treat_none_as_default_value = false)]
pub struct NewUser {
    pub firstname: String,
    pub lastname: String,
    pub username: String,
    pub email: String,
    pub password: String,
    pub contact_number: Option<String>,
    pub address: Option<String>,
    pub access_level: AccessLevel,
    pub status: Status,
    pub status_since: Time,
    pub folder: String,
    pub quota_bytes: i64,
    pub used_bytes: i64,
    pub theme: Theme,
    pub single_keys: bool,
    pub created_at: Time,
    pub updated_at: Time,
    pub origin: Origin,
}
