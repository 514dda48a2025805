//! `item_senders`: items that other users have added to a shared folder. What these say describes only themselves.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::sharing_schema::item_senders as table;
use crate::model::{ItemId, Time, UserId};

pub fn insert(conn: &mut Conn, item: ItemId, sender: UserId, at: Time) -> QueryResult<usize> {
    diesel::insert_into(table::table)
        .values((table::item_id.eq(item), table::user_id.eq(sender), table::sent_at.eq(at)))
        .execute(conn)
}

/// Those of these items that another user has sent.
pub fn list_sent(conn: &mut Conn, items: &[ItemId]) -> QueryResult<Vec<ItemId>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    table::table.filter(table::item_id.eq_any(items.to_vec())).select(table::item_id).load(conn)
}
