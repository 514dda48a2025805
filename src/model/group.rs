//! Groups of users, such as a family or a choir.

use diesel::prelude::*;

use super::{GroupId, Time, UserId};
use crate::db::sharing_schema::{user_group_members, user_groups};

/// A row of `user_groups`.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable, Selectable)]
#[diesel(table_name = user_groups)]
#[diesel(treat_none_as_default_value = false)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    /// Folded; no two groups have the same.
    pub name_key: String,
    pub created_by: Option<UserId>,
    pub created_at: Time,
}

/// A row of `user_group_members`.
#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = user_group_members)]
pub struct GroupMember {
    pub group_id: GroupId,
    pub user_id: UserId,
    /// Whether they can add and remove members.
    pub is_manager: bool,
    pub joined_at: Time,
}
