//! A file that the malware scanner took away from somebody.

use diesel::prelude::*;

use super::text_enum::text_enum;
use super::{FindingId, Time, UserId};
use crate::db::schema::findings;

/// What has become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum FindingState {
    /// Kept where nobody opens it, until an admin decides.
    Quarantined,
    /// Given back to its owner: a false alarm.
    Released,
    Deleted,
}
text_enum!(FindingState { Quarantined = "quarantined", Released = "released", Deleted = "deleted" });

/// One row of `findings`. The quarantined file lies under its id.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = findings)]
#[diesel(treat_none_as_default_value = false)]
pub struct Finding {
    pub id: FindingId,
    pub user_id: UserId,
    pub name: String,
    /// Where it was.
    pub directory_path: String,
    /// Bytes.
    pub size: i64,
    /// Hexadecimal.
    pub sha256: String,
    /// What the scanner calls it.
    pub signature: String,
    pub state: FindingState,
    /// Whether its owner has read of it.
    pub is_seen: bool,
    pub found_at: Time,
    pub decided_at: Option<Time>,
    /// The admin's username.
    pub decided_by: Option<String>,
}
