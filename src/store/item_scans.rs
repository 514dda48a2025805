//! Malware scan state in `media_items`.

use diesel::prelude::*;

use super::items::find_next_page;
use crate::db::Conn;
use crate::db::schema::media_items as table;
use crate::model::{Item, ItemId, ScanStatus};

/// Lists items of any user that wait for a scan, after `after`, oldest first.
pub fn list_to_scan(conn: &mut Conn, after: Option<ItemId>, limit: i64) -> QueryResult<Vec<Item>> {
    let pending = table::table
        .select(Item::as_select())
        .into_boxed()
        .filter(table::scan.eq(ScanStatus::Pending));
    find_next_page(conn, pending, after, limit)
}

pub fn count_to_scan(conn: &mut Conn) -> QueryResult<i64> {
    table::table.filter(table::scan.eq(ScanStatus::Pending)).count().get_result(conn)
}

/// Lists items of any user with an id above `after` that were never scanned or last scanned with another scanner
/// version than `version`; if `version` is `None`, lists all of them. Items whose file is missing are left out.
pub fn list_scanned_by_others(
    conn: &mut Conn,
    version: Option<&str>,
    after: Option<ItemId>,
    limit: i64,
) -> QueryResult<Vec<Item>> {
    let mut items =
        table::table.select(Item::as_select()).into_boxed().filter(table::is_missing.eq(false));
    if let Some(version) = version {
        items = items.filter(table::scanned_with.ne(version.to_owned()));
    }
    find_next_page(conn, items, after, limit)
}

/// Records the result of a scan and the version of the scanner; 0 rows if the content of the item has changed in the
/// meantime.
pub fn update_scan(
    conn: &mut Conn,
    item: &Item,
    scan: ScanStatus,
    version: &str,
) -> QueryResult<usize> {
    let unchanged = table::table
        .find(item.id)
        .filter(table::user_id.eq(item.user_id))
        .filter(table::sha256.eq(&item.sha256));
    diesel::update(unchanged)
        .set((table::scan.eq(scan), table::scanned_with.eq(version)))
        .execute(conn)
}

pub fn update_all_scans(conn: &mut Conn, from: ScanStatus, to: ScanStatus) -> QueryResult<usize> {
    diesel::update(table::table.filter(table::scan.eq(from))).set(table::scan.eq(to)).execute(conn)
}
