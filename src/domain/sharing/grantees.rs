//! Whom a grant is for.

use super::notifications::name_of;
use crate::db::Conn;
use crate::error::Result;
use crate::model::{Grant, Grantee, UserId};
use crate::store;

/// The users whom a grant is for.
pub(super) fn users_of(conn: &mut Conn, grant: &Grant) -> Result<Vec<UserId>> {
    let mut users = match grant.grantee() {
        Some(Grantee::User(user)) => vec![user],
        Some(Grantee::Group(group)) => store::groups::list_members(conn, group)?
            .into_iter()
            .map(|(member, _)| member.user_id)
            .collect(),
        None => Vec::new(),
    };
    users.retain(|user| *user != grant.owner_id);
    Ok(users)
}

/// The full name of the user, or the name of the group, that a grant is for.
pub(super) fn grantee_name(conn: &mut Conn, grant: &Grant) -> Result<String> {
    Ok(match grant.grantee() {
        Some(Grantee::User(user)) => store::users::find(conn, user)?.map(|user| name_of(&user)),
        Some(Grantee::Group(group)) => store::groups::find(conn, group)?.map(|group| group.name),
        None => None,
    }
    .unwrap_or_default())
}
