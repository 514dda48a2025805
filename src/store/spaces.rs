//! `users`: the rows of spaces.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::users;
use crate::model::{Time, User, UserId, UserKind};

/// Lists spaces after `after`, ordered by id.
pub fn list(conn: &mut Conn, after: UserId, limit: i64) -> QueryResult<Vec<User>> {
    users::table
        .filter(users::kind.eq(UserKind::Space))
        .filter(users::id.gt(after))
        .order(users::id.asc())
        .limit(limit)
        .select(User::as_select())
        .load(conn)
}

pub fn count(conn: &mut Conn) -> QueryResult<i64> {
    users::table.filter(users::kind.eq(UserKind::Space)).count().get_result(conn)
}

/// Renames a space.
pub fn update_name(conn: &mut Conn, id: UserId, name: &str, at: Time) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::kind.eq(UserKind::Space)))
        .set((users::firstname.eq(name), users::updated_at.eq(at)))
        .execute(conn)
}
