//! `users`, as other users see them.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::users;
use crate::model::{Status, User, UserId, UserKind};

/// Lists the users of these ids, ordered by id.
pub fn list_of(conn: &mut Conn, ids: &[UserId]) -> QueryResult<Vec<User>> {
    users::table
        .filter(users::id.eq_any(ids.to_vec()))
        .order(users::id.asc())
        .select(User::as_select())
        .load(conn)
}

/// Lists active people by name.
pub fn list_active_by_name(conn: &mut Conn, limit: i64) -> QueryResult<Vec<User>> {
    users::table
        .filter(users::status.eq(Status::Active))
        .filter(users::kind.eq(UserKind::Person))
        .order((users::firstname.asc(), users::lastname.asc(), users::id.asc()))
        .limit(limit)
        .select(User::as_select())
        .load(conn)
}

/// Finds the account of a person. Spaces have no account.
pub fn find(conn: &mut Conn, id: UserId) -> QueryResult<Option<User>> {
    Ok(super::users::find(conn, id)?.filter(|user| !user.is_space()))
}

/// Counts the people per status.
pub fn count_by_status(conn: &mut Conn) -> QueryResult<HashMap<Status, i64>> {
    let rows: Vec<(Status, i64)> = users::table
        .filter(users::kind.eq(UserKind::Person))
        .group_by(users::status)
        .select((users::status, count_star()))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

pub fn count_pending(conn: &mut Conn) -> QueryResult<i64> {
    users::table.filter(users::status.eq(Status::Pending)).count().get_result(conn)
}

/// Records whether a user has photos of others among their own.
pub fn update_shows_others(conn: &mut Conn, id: UserId, shows_others: bool) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::shows_others.eq(shows_others)).execute(conn)
}
