//! `preview_jobs`: files of which previews are to be made. Whoever moves `not_before` has the job.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::media_items;
use crate::db::schema::preview_jobs as table;
use crate::model::{Item, ItemId, UserId};

/// The `not_before` of a job that was given up.
pub const NEVER: i64 = i64::MAX;

/// A job that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct PreviewJob {
    pub item: ItemId,
    pub owner: UserId,
    /// How often it was begun.
    pub tries: i32,
    /// Milliseconds since 1970.
    pub not_before: i64,
}

/// Puts a job in, in the place of one that was there.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, item: &Item) -> QueryResult<()> {
    delete(conn, item.id)?;
    let row = (table::item_id.eq(item.id), table::user_id.eq(item.user_id), table::tries.eq(0), table::not_before.eq(0_i64));
    diesel::insert_into(table::table).values(row).execute(conn)?;
    Ok(())
}

/// A job for everything that waits for the malware scanner.
///
/// # Errors
/// The database's.
pub fn insert_for_waiting(conn: &mut Conn) -> QueryResult<usize> {
    diesel::sql_query(
        "INSERT INTO preview_jobs (item_id, user_id, tries, not_before) SELECT id, user_id, 0, 0 FROM media_items \
         WHERE scan = 'pending' AND NOT EXISTS (SELECT 1 FROM preview_jobs WHERE preview_jobs.item_id = media_items.id)",
    )
    .execute(conn)
}

/// The job of that item, if it is due.
///
/// # Errors
/// The database's.
pub fn find_due(conn: &mut Conn, id: ItemId, now: i64) -> QueryResult<Option<PreviewJob>> {
    table::table.find(id).filter(table::not_before.le(now)).first(conn).optional()
}

/// The next person behind `last` of whom something is due.
///
/// # Errors
/// The database's.
pub fn find_next_owner(conn: &mut Conn, last: UserId, now: i64) -> QueryResult<Option<UserId>> {
    let due = table::table.filter(table::user_id.gt(last)).filter(table::not_before.le(now));
    due.order(table::user_id.asc()).select(table::user_id).first(conn).optional()
}

/// A person's newest file that is due.
///
/// # Errors
/// The database's.
pub fn find_newest_due(conn: &mut Conn, owner: UserId, now: i64) -> QueryResult<Option<PreviewJob>> {
    let due = table::table.filter(table::user_id.eq(owner)).filter(table::not_before.le(now));
    due.order(table::item_id.desc()).first(conn).optional()
}

/// The item of a job, whoever's it is.
///
/// # Errors
/// The database's.
pub fn find_item(conn: &mut Conn, id: ItemId) -> QueryResult<Option<Item>> {
    media_items::table.find(id).select(Item::as_select()).first(conn).optional()
}

/// Takes a job until `until`, if nobody else has; 1 if it is ours.
///
/// # Errors
/// The database's.
pub fn claim(conn: &mut Conn, job: &PreviewJob, until: i64) -> QueryResult<usize> {
    diesel::update(table::table.find(job.item).filter(table::not_before.eq(job.not_before)))
        .set((table::not_before.eq(until), table::tries.eq(table::tries + 1)))
        .execute(conn)
}

/// # Errors
/// The database's.
pub fn update_not_before(conn: &mut Conn, id: ItemId, not_before: i64) -> QueryResult<usize> {
    diesel::update(table::table.find(id)).set(table::not_before.eq(not_before)).execute(conn)
}

/// All that were given up begin anew.
///
/// # Errors
/// The database's.
pub fn update_given_up(conn: &mut Conn) -> QueryResult<usize> {
    diesel::update(table::table.filter(table::not_before.eq(NEVER)))
        .set((table::not_before.eq(0_i64), table::tries.eq(0)))
        .execute(conn)
}

/// # Errors
/// The database's.
pub fn delete(conn: &mut Conn, id: ItemId) -> QueryResult<usize> {
    diesel::delete(table::table.find(id)).execute(conn)
}

/// How many wait, and how many were given up.
///
/// # Errors
/// The database's.
pub fn count(conn: &mut Conn) -> QueryResult<(i64, i64)> {
    let given_up = table::table.filter(table::not_before.eq(NEVER)).count().get_result(conn)?;
    let all: i64 = table::table.count().get_result(conn)?;
    Ok((all - given_up, given_up))
}

/// Items whose jobs were given up, at most `limit`.
///
/// # Errors
/// The database's.
pub fn list_given_up(conn: &mut Conn, limit: i64) -> QueryResult<Vec<ItemId>> {
    table::table.filter(table::not_before.eq(NEVER)).order(table::item_id.desc()).limit(limit).select(table::item_id).load(conn)
}
