//! Columns of `media_items` that join a photo and the video that was taken with it.

use diesel::prelude::*;

use super::album_items;
use crate::db::Conn;
use crate::db::schema::media_items as table;
use crate::model::{Item, UserId};

/// Lists the items that state one of these content identifiers, oldest first.
pub fn list_by_content_id(
    conn: &mut Conn,
    owner: UserId,
    identifiers: &[String],
) -> QueryResult<Vec<Item>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::content_id.eq_any(identifiers.to_vec()))
        .order((table::created_at, table::id))
        .select(Item::as_select())
        .load(conn)
}

/// Records which video belongs to a photo, or that an item is such a video.
pub fn update_pair(conn: &mut Conn, item: &Item) -> QueryResult<()> {
    diesel::update(table::table.find(item.id).filter(table::user_id.eq(item.user_id)))
        .set((table::motion_item.eq(item.motion_item), table::shelf.eq(item.shelf)))
        .execute(conn)?;
    album_items::follow(conn, item)
}
