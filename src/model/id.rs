//! Typed ids: an integer for users, as in the original schema, and `UUIDv7` for the others.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{BigInt, Binary};
use uuid::Uuid;

/// The id of a user.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = BigInt)]
pub struct UserId(pub i64);

impl<DB: Backend> ToSql<BigInt, DB> for UserId
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<BigInt, DB> for UserId
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i64::from_sql(value).map(Self)
    }
}

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Defines an id type: a `UUIDv7` stored in 16 bytes, so that ids sort in the order in which they were created.
macro_rules! uuid_key {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = Binary)]
        pub struct $name(pub Uuid);

        impl $name {
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Parses an id from a URL.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<DB: Backend> ToSql<Binary, DB> for $name
        where
            [u8]: ToSql<Binary, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                ToSql::<Binary, DB>::to_sql(self.0.as_bytes().as_slice(), out)
            }
        }

        impl<DB: Backend> FromSql<Binary, DB> for $name
        where
            Vec<u8>: FromSql<Binary, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(Self(Uuid::from_slice(&Vec::<u8>::from_sql(value)?)?))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

uuid_key!(
    /// A media item.
    ItemId
);
uuid_key!(
    /// A directory of a user.
    DirectoryId
);
uuid_key!(
    /// A report of an upload form.
    ReportId
);
uuid_key!(
    /// An entry of the file-move journal.
    MoveId
);
uuid_key!(
    /// A finding of the malware scanner.
    FindingId
);
uuid_key!(
    /// A resumable upload.
    UploadId
);
uuid_key!(
    /// An album or playlist.
    AlbumId
);
uuid_key!(
    /// A grant of access to something of another user.
    GrantId
);
uuid_key!(
    /// A group of users.
    GroupId
);
uuid_key!(
    /// A notification.
    NotificationId
);
uuid_key!(
    /// A share link.
    ShareLinkId
);
uuid_key!(
    /// A comment on an album or one of its items.
    CommentId
);
