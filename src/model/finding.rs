//! Files that the malware scanner quarantined.

use diesel::prelude::*;

use super::text_enum::text_enum;
use super::{FindingId, Time, UserId};
use crate::db::schema::findings;

/// What was decided about a finding.
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
pub enum FindingState {
    /// Kept out of reach until an admin decides.
    Quarantined,
    /// Returned to its owner as a false alarm.
    Released,
    Deleted,
}
text_enum!(FindingState { Quarantined = "quarantined", Released = "released", Deleted = "deleted" });

/// A row of `findings`. The quarantined file is named after its id.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = findings)]
#[diesel(treat_none_as_default_value = false)]
pub struct Finding {
    pub id: FindingId,
    pub user_id: UserId,
    pub name: String,
    /// Where the file was.
    pub directory_path: String,
    /// Size in bytes.
    pub size: i64,
    /// Hexadecimal.
    pub sha256: String,
    /// The name of the signature.
    pub signature: String,
    pub state: FindingState,
    /// Whether its owner has dismissed the notice.
    pub is_seen: bool,
    pub found_at: Time,
    pub decided_at: Option<Time>,
    /// Username of the admin.
    pub decided_by: Option<String>,
    /// Another user who had sent the file to its owner.
    pub sent_by: Option<UserId>,
    /// The name of the visitor of a share link who had sent it, and whether its owner had accepted it.
    pub received_from: Option<String>,
    pub is_accepted: bool,
}
