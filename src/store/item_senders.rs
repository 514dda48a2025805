//! `item_senders`: items that other users have added to a shared folder. What these say describes only themselves.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::sharing_schema::{item_senders as table, received_files};
use crate::model::{ItemId, Time, UserId};

pub fn insert(conn: &mut Conn, item: ItemId, sender: UserId, at: Time) -> QueryResult<usize> {
    diesel::insert_into(table::table)
        .values((table::item_id.eq(item), table::user_id.eq(sender), table::sent_at.eq(at)))
        .execute(conn)
}

/// The user who has sent an item to its owner.
pub fn find(conn: &mut Conn, item: ItemId) -> QueryResult<Option<UserId>> {
    table::table.find(item).select(table::user_id).first(conn).optional()
}

/// Those of these items that another user or a visitor of a share link has sent.
pub fn list_sent(conn: &mut Conn, items: &[ItemId]) -> QueryResult<Vec<ItemId>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let by_users = table::table.filter(table::item_id.eq_any(items.to_vec()));
    let mut sent: Vec<ItemId> = by_users.select(table::item_id).load(conn)?;
    let by_visitors = received_files::table.filter(received_files::item_id.eq_any(items.to_vec()));
    sent.extend(by_visitors.select(received_files::item_id).load::<ItemId>(conn)?);
    Ok(sent)
}
