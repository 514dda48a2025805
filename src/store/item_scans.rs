//! What the malware scanner has to look at in `media_items`, and what it said.

use diesel::prelude::*;

use super::items::find_next_page;
use crate::db::Conn;
use crate::db::schema::media_items as table;
use crate::model::{Item, ItemId, ScanStatus};

/// Anybody's that wait for the malware scanner, behind `after`, the oldest first.
///
/// # Errors
/// The database's.
pub fn list_to_scan(conn: &mut Conn, after: Option<ItemId>, limit: i64) -> QueryResult<Vec<Item>> {
    let wanted = table::table.select(Item::as_select()).into_boxed().filter(table::scan.eq(ScanStatus::Pending));
    find_next_page(conn, wanted, after, limit)
}

/// # Errors
/// The database's.
pub fn count_to_scan(conn: &mut Conn) -> QueryResult<i64> {
    table::table.filter(table::scan.eq(ScanStatus::Pending)).count().get_result(conn)
}

/// Anybody's that were not scanned with `version`, behind `after`; with no version, all.
///
/// # Errors
/// The database's.
pub fn list_scanned_by_others(
    conn: &mut Conn,
    version: Option<&str>,
    after: Option<ItemId>,
    limit: i64,
) -> QueryResult<Vec<Item>> {
    let mut wanted = table::table.select(Item::as_select()).into_boxed().filter(table::is_missing.eq(false));
    if let Some(version) = version {
        wanted = wanted.filter(table::scanned_with.ne(version.to_owned()));
    }
    find_next_page(conn, wanted, after, limit)
}

/// Notes what the scanner said of an item, if its bytes are still those of `item`.
///
/// # Errors
/// The database's.
pub fn update_scan(conn: &mut Conn, item: &Item, scan: ScanStatus, version: &str) -> QueryResult<usize> {
    let same = table::table.find(item.id).filter(table::user_id.eq(item.user_id)).filter(table::sha256.eq(&item.sha256));
    diesel::update(same).set((table::scan.eq(scan), table::scanned_with.eq(version))).execute(conn)
}

/// # Errors
/// The database's.
pub fn update_all_scans(conn: &mut Conn, from: ScanStatus, to: ScanStatus) -> QueryResult<usize> {
    diesel::update(table::table.filter(table::scan.eq(from))).set(table::scan.eq(to)).execute(conn)
}
