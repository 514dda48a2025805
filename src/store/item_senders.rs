//! `item_senders`: who has added items to a shared folder or a space. What senders without trust have added describes only
//! itself.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::sharing_schema::{item_senders as table, received_files};
use crate::model::{ItemId, Time, UserId};

pub fn insert(
    conn: &mut Conn,
    item: ItemId,
    (sender, is_trusted): (UserId, bool),
    at: Time,
) -> QueryResult<usize> {
    diesel::insert_into(table::table)
        .values((
            table::item_id.eq(item),
            table::user_id.eq(sender),
            table::sent_at.eq(at),
            table::is_trusted.eq(is_trusted),
        ))
        .execute(conn)
}

/// The user who has sent an item to its owner.
pub fn find(conn: &mut Conn, item: ItemId) -> QueryResult<Option<UserId>> {
    table::table.find(item).select(table::user_id).first(conn).optional()
}

/// The users who have sent these items.
pub fn list(conn: &mut Conn, items: &[ItemId]) -> QueryResult<Vec<(ItemId, UserId)>> {
    table::table
        .filter(table::item_id.eq_any(items.to_vec()))
        .select((table::item_id, table::user_id))
        .load(conn)
}

/// Those of these items that a user without trust or a visitor of a share link has sent.
pub fn list_sent(conn: &mut Conn, items: &[ItemId]) -> QueryResult<Vec<ItemId>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let by_users = table::table
        .filter(table::item_id.eq_any(items.to_vec()))
        .filter(table::is_trusted.eq(false));
    let mut sent: Vec<ItemId> = by_users.select(table::item_id).load(conn)?;
    let by_visitors = received_files::table.filter(received_files::item_id.eq_any(items.to_vec()));
    sent.extend(by_visitors.select(received_files::item_id).load::<ItemId>(conn)?);
    Ok(sent)
}
