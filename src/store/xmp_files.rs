//! `xmp_files`: which items have an XMP file that this server wrote, and for which one is to be written.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::media_items;
use crate::db::schema::xmp_files as table;
use crate::model::{Item, ItemId, Placement, UserId};

/// A row of `xmp_files`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct XmpFile {
    /// The item that is described.
    pub item: ItemId,
    pub owner: UserId,
    /// The item that is the file.
    pub xmp_item: Option<ItemId>,
    /// When the file is to be written next, in milliseconds since 1970; none if it is up to date.
    pub not_before: Option<i64>,
}

/// Finds the row of an item.
pub fn find(conn: &mut Conn, owner: UserId, item: ItemId) -> QueryResult<Option<XmpFile>> {
    table::table.find(item).filter(table::user_id.eq(owner)).first(conn).optional()
}

/// Finds a file that is to be written, of an item that is not in the trash.
pub fn find_due(conn: &mut Conn, now: i64) -> QueryResult<Option<XmpFile>> {
    table::table
        .inner_join(media_items::table)
        .filter(table::not_before.le(now))
        .filter(media_items::placement.eq(Placement::Library))
        .order((table::not_before, table::item_id))
        .select((table::item_id, table::user_id, table::xmp_item, table::not_before))
        .first(conn)
        .optional()
}

/// Lists the files of these items that are in the library, in the trash or received like the item.
pub fn list_files(conn: &mut Conn, owner: UserId, items: &[Item]) -> QueryResult<Vec<Item>> {
    let mut all = Vec::new();
    for placement in Placement::ALL {
        let ids: Vec<ItemId> =
            items.iter().filter(|item| item.placement == placement).map(|item| item.id).collect();
        let files = media_items::table
            .inner_join(table::table.on(table::xmp_item.eq(media_items::id.nullable())))
            .filter(table::user_id.eq(owner))
            .filter(table::item_id.eq_any(ids))
            .filter(media_items::placement.eq(placement))
            .select(Item::as_select())
            .load(conn)?;
        all.extend::<Vec<Item>>(files);
    }
    Ok(all)
}

/// Has the file of an item written, which may not exist yet.
pub fn mark_due(conn: &mut Conn, owner: UserId, item: ItemId, now: i64) -> QueryResult<()> {
    if mark_due_again(conn, owner, &[item], now)? > 0 {
        return Ok(());
    }
    let row = (table::item_id.eq(item), table::user_id.eq(owner), table::not_before.eq(Some(now)));
    diesel::insert_into(table::table).values(row).execute(conn)?;
    Ok(())
}

/// Has the files of those of `items` written again that have one, for example after a change of their names.
pub fn mark_due_again(
    conn: &mut Conn,
    owner: UserId,
    items: &[ItemId],
    now: i64,
) -> QueryResult<usize> {
    let rows =
        table::table.filter(table::user_id.eq(owner)).filter(table::item_id.eq_any(items.to_vec()));
    diesel::update(rows).set(table::not_before.eq(Some(now))).execute(conn)
}

/// Tries again at `not_before`, unless the row has changed meanwhile.
pub fn postpone(conn: &mut Conn, file: &XmpFile, not_before: i64) -> QueryResult<usize> {
    diesel::update(table::table.find(file.item).filter(table::not_before.eq(file.not_before)))
        .set(table::not_before.eq(Some(not_before)))
        .execute(conn)
}

/// Records the file that was written, or that there is none.
pub fn update_written(
    conn: &mut Conn,
    owner: UserId,
    item: ItemId,
    xmp_item: Option<ItemId>,
) -> QueryResult<usize> {
    diesel::update(table::table.find(item).filter(table::user_id.eq(owner)))
        .set((table::xmp_item.eq(xmp_item), table::not_before.eq(None::<i64>)))
        .execute(conn)
}

/// Records that a file is not what this server wrote any more.
pub fn forget_file(conn: &mut Conn, owner: UserId, xmp_item: ItemId) -> QueryResult<usize> {
    diesel::update(
        table::table.filter(table::user_id.eq(owner)).filter(table::xmp_item.eq(xmp_item)),
    )
    .set(table::xmp_item.eq(None::<ItemId>))
    .execute(conn)
}
