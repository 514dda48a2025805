//! `site`: one row about the installation, which is also the lock for changes of admins.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{audit_log, media_items, site};
use crate::model::Time;

pub fn find_has_admin(conn: &mut Conn) -> QueryResult<bool> {
    site::table.find(1).select(site::has_admin).first(conn)
}

/// Claims the role of the first admin; false if it is taken. Locks the row until the transaction ends.
pub fn update_claim_first_admin(conn: &mut Conn) -> QueryResult<bool> {
    let free = site::table.filter(site::id.eq(1)).filter(site::has_admin.eq(false));
    Ok(diesel::update(free).set(site::has_admin.eq(true)).execute(conn)? == 1)
}

/// Serializes changes of admins until the transaction ends.
pub fn update_lock_admins(conn: &mut Conn) -> QueryResult<usize> {
    diesel::update(site::table.find(1))
        .set(site::admin_changes.eq(site::admin_changes + 1))
        .execute(conn)
}

/// The time that was noted last while the clock was plausible.
pub fn find_clock_noted_at(conn: &mut Conn) -> QueryResult<Option<Time>> {
    site::table.find(1).select(site::clock_noted_at).first(conn)
}

pub fn update_clock_noted_at(conn: &mut Conn, at: Time) -> QueryResult<usize> {
    diesel::update(site::table.find(1)).set(site::clock_noted_at.eq(at)).execute(conn)
}

/// When the newest of the rows was made that every use of the server adds: items and the audit log.
pub fn find_newest_row_time(conn: &mut Conn) -> QueryResult<Option<Time>> {
    // Both are found by their primary keys, which grow with time.
    let item = media_items::table
        .order(media_items::id.desc())
        .select(media_items::updated_at)
        .first(conn)
        .optional()?;
    let audit = audit_log::table
        .order(audit_log::id.desc())
        .select(audit_log::happened_at)
        .first(conn)
        .optional()?;
    Ok(item.max(audit))
}

/// The version of the rows that are derived from names: sort keys and search words.
pub fn find_index_version(conn: &mut Conn) -> QueryResult<i32> {
    site::table.find(1).select(site::index_version).first(conn)
}

pub fn update_index_version(conn: &mut Conn, version: i32) -> QueryResult<usize> {
    diesel::update(site::table.find(1)).set(site::index_version.eq(version)).execute(conn)
}
