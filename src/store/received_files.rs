//! `received_files`: files that visitors of share links have sent.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::media_items;
use crate::db::sharing_schema::received_files as table;
use crate::model::{ItemId, Placement, ReceivedFileRow, Time, UserId};

pub fn insert(conn: &mut Conn, row: &ReceivedFileRow) -> QueryResult<usize> {
    diesel::insert_into(table::table).values(row).execute(conn)
}

pub fn find(conn: &mut Conn, owner: UserId, item: ItemId) -> QueryResult<Option<ReceivedFileRow>> {
    table::table
        .find(item)
        .filter(table::user_id.eq(owner))
        .select(ReceivedFileRow::as_select())
        .first(conn)
        .optional()
}

/// Lists the rows of these items.
pub fn list_of(
    conn: &mut Conn,
    owner: UserId,
    items: &[ItemId],
) -> QueryResult<Vec<ReceivedFileRow>> {
    table::table
        .filter(table::item_id.eq_any(items.to_vec()))
        .filter(table::user_id.eq(owner))
        .select(ReceivedFileRow::as_select())
        .load(conn)
}

/// Those of these items that have not been accepted.
pub fn list_waiting(conn: &mut Conn, owner: UserId, items: &[ItemId]) -> QueryResult<Vec<ItemId>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    table::table
        .filter(table::item_id.eq_any(items.to_vec()))
        .filter(table::user_id.eq(owner))
        .filter(table::is_accepted.eq(false))
        .select(table::item_id)
        .load(conn)
}

/// Puts an item into the library that was received; 0 rows if that has been decided already.
pub fn update_accepted(
    conn: &mut Conn,
    owner: UserId,
    item: ItemId,
    at: Time,
) -> QueryResult<usize> {
    diesel::update(table::table.find(item).filter(table::user_id.eq(owner)))
        .set(table::is_accepted.eq(true))
        .execute(conn)?;
    diesel::update(
        media_items::table
            .find(item)
            .filter(media_items::user_id.eq(owner))
            .filter(media_items::placement.eq(Placement::Received)),
    )
    .set((
        media_items::placement.eq(Placement::Library),
        media_items::recent_at.eq(at),
        media_items::updated_at.eq(at),
    ))
    .execute(conn)
}
