//! `libraries`: the version of each user's library, incremented in the transaction of every change.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::libraries as table;
use crate::model::UserId;

pub fn insert(conn: &mut Conn, owner: UserId) -> QueryResult<usize> {
    diesel::insert_into(table::table)
        .values((table::user_id.eq(owner), table::version.eq(0_i64)))
        .execute(conn)
}

/// Returns the version; 0 for an unknown user.
pub fn find_version(conn: &mut Conn, owner: UserId) -> QueryResult<i64> {
    Ok(table::table.find(owner).select(table::version).first(conn).optional()?.unwrap_or(0))
}

/// Waits until no other transaction changes the library, by an update that changes nothing. Where several transactions
/// can write, one would otherwise write what it has calculated from rows that another one is changing.
pub fn update_lock(conn: &mut Conn, owner: UserId) -> QueryResult<usize> {
    diesel::update(table::table.find(owner)).set(table::version.eq(table::version)).execute(conn)
}

pub fn update_next(conn: &mut Conn, owner: UserId) -> QueryResult<usize> {
    diesel::update(table::table.find(owner))
        .set(table::version.eq(table::version + 1_i64))
        .execute(conn)
}

/// Increments the versions of all libraries.
pub fn update_next_of_all(conn: &mut Conn) -> QueryResult<usize> {
    diesel::update(table::table).set(table::version.eq(table::version + 1_i64)).execute(conn)
}
