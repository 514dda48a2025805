//! Items of `media_items` with the same content.

use diesel::dsl::{count_star, max};
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::media_items as table;
use crate::model::{Item, Placement, Shelf, UserId};

/// Lists contents that a user keeps several times outside the trash, those with the largest files first: SHA-256, number
/// of items, and size of each.
pub fn list_contents(
    conn: &mut Conn,
    owner: UserId,
    limit: i64,
) -> QueryResult<Vec<(String, i64, Option<i64>)>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::placement.eq(Placement::Library))
        .filter(table::is_missing.eq(false))
        .filter(table::size.gt(0))
        .group_by(table::sha256)
        .having(count_star().gt(1))
        .select((table::sha256, count_star(), max(table::size)))
        .order((max(table::size).desc(), table::sha256.asc()))
        .limit(limit)
        .load(conn)
}

/// Lists the items outside the trash that have one of these contents, the oldest first.
pub fn list_items(conn: &mut Conn, owner: UserId, contents: &[String]) -> QueryResult<Vec<Item>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::sha256.eq_any(contents.to_vec()))
        .filter(table::placement.eq(Placement::Library))
        .filter(table::is_missing.eq(false))
        // It follows its photo.
        .filter(table::shelf.ne(Shelf::Motion))
        .order(table::id.asc())
        .select(Item::as_select())
        .load(conn)
}
