//! Users and their accounts.

use diesel::prelude::*;

use super::text_enum::text_enum;
use super::{Time, UserId};
use crate::db::schema::users;
use crate::error::AccountBlock;

/// The state of an account.
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
pub enum Status {
    Suspended,
    Pending,
    Active,
    Rejected,
}
text_enum!(Status { Suspended = "suspended", Pending = "pending", Active = "active", Rejected = "rejected" });

impl Status {
    /// Why an account with this status may not be used; `None` if it may.
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

/// Whether a user is an admin.
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
pub enum AccessLevel {
    User,
    Admin,
}
text_enum!(AccessLevel { User = "user", Admin = "admin" });

/// The color scheme of pages.
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
pub enum Theme {
    System,
    Light,
    Dark,
}
text_enum!(Theme { System = "system", Light = "light", Dark = "dark" });

/// Where a user's password is stored.
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
pub enum Origin {
    /// In the row.
    Here,
    /// In the users file. The row has a copy, to notice changes.
    File,
}
text_enum!(Origin { Here = "here", File = "file" });

/// Whether an account is a person's or a space.
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
pub enum UserKind {
    Person,
    /// A library that several people share. Nobody logs in to it; its members have grants on its library.
    Space,
}
text_enum!(UserKind { Person = "person", Space = "space" });

impl UserKind {
    /// The word before the id in the addresses of libraries.
    #[must_use]
    pub const fn path_word(self) -> &'static str {
        match self {
            Self::Person => "libraries",
            Self::Space => "spaces",
        }
    }

    /// What the addresses in the library of an account of this kind begin with, as others see them.
    #[must_use]
    pub fn library_path(self, owner: UserId) -> String {
        format!("/{}/{owner}", self.path_word())
    }
}

/// A row of `users`.
#[derive(Clone, Hash, Queryable, Selectable, Identifiable)]
#[diesel(table_name = users)]
pub struct User {
    pub id: UserId,
    pub firstname: String,
    pub lastname: String,
    /// Lower case.
    pub username: String,
    /// Lower case. Several accounts may state the same address; see `login_email`.
    pub email: String,
    /// An argon2id PHC string, a bcrypt hash, or `!`, which no password matches.
    pub password: String,
    pub contact_number: Option<String>,
    pub address: Option<String>,
    pub access_level: AccessLevel,
    pub status: Status,
    pub status_since: Time,
    /// SHA-256 of a one-time code for `/recover`.
    pub access_code: Option<String>,
    pub access_code_expires: Option<Time>,
    /// SHA-256 of the token of the newest session.
    pub session_token: Option<String>,
    /// The name of the user folder; empty until the account is approved.
    pub folder: String,
    /// 0 for no limit.
    pub quota_bytes: i64,
    /// Bytes of all files, including the trash.
    pub used_bytes: i64,
    pub theme: Theme,
    /// Whether single-key shortcuts are on.
    pub single_keys: bool,
    pub created_at: Time,
    pub updated_at: Time,
    pub origin: Origin,
    /// Bytes reserved for unfinished uploads.
    pub reserved_bytes: i64,
    /// The address with which the user may log in: `email`, unless the account was not approved yet or another one has it.
    pub login_email: Option<String>,
    /// The name of the time zone in which times are shown; `None` for that of the server.
    pub time_zone: Option<String>,
    /// The code of the language that the user has chosen; `None` for that of the browser.
    pub language: Option<String>,
    pub kind: UserKind,
    /// Whether photos of libraries of others may be among the user's own.
    pub shows_others: bool,
}

impl User {
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.access_level == AccessLevel::Admin
    }

    /// The name by which others know the user.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{} {}", self.firstname, self.lastname).trim().to_owned()
    }

    /// The name in the audit log and in lists for admins: the username, or the name of a space.
    #[must_use]
    pub fn account_name(&self) -> &str {
        if self.is_space() { &self.firstname } else { &self.username }
    }

    #[must_use]
    pub fn is_space(&self) -> bool {
        self.kind == UserKind::Space
    }

    /// Words that may not be this user's password.
    #[must_use]
    pub fn password_context(&self) -> [&str; 4] {
        [&self.username, &self.email, &self.firstname, &self.lastname]
    }

    /// Bytes left in the quota; `None` without a limit.
    #[must_use]
    pub fn free_quota(&self) -> Option<u64> {
        (self.quota_bytes > 0).then(|| {
            u64::try_from(self.quota_bytes - self.used_bytes - self.reserved_bytes).unwrap_or(0)
        })
    }
}

/// A row to be inserted.
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
    pub login_email: Option<String>,
    pub kind: UserKind,
}
