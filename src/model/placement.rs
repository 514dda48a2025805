//! Where items are.

use super::number_enum::number_enum;

/// Where an item is: only what is in the library appears in lists, searches and albums.
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
#[diesel(sql_type = diesel::sql_types::SmallInt)]
pub enum Placement {
    Library,
    Trash,
    /// A visitor of a share link has sent it, and its owner has not accepted it yet.
    Received,
}
number_enum!(Placement { Library = 0, Trash = 1, Received = 2 });
