//! `users`, as other users see them.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::users;
use crate::model::{Status, User, UserId};

/// Lists the users of these ids, ordered by id.
pub fn list_of(conn: &mut Conn, ids: &[UserId]) -> QueryResult<Vec<User>> {
    users::table
        .filter(users::id.eq_any(ids.to_vec()))
        .order(users::id.asc())
        .select(User::as_select())
        .load(conn)
}

/// Lists active users by name.
pub fn list_active_by_name(conn: &mut Conn, limit: i64) -> QueryResult<Vec<User>> {
    users::table
        .filter(users::status.eq(Status::Active))
        .order((users::firstname.asc(), users::lastname.asc(), users::id.asc()))
        .limit(limit)
        .select(User::as_select())
        .load(conn)
}
