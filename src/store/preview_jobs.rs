//! `preview_jobs`: files whose previews have to be made. A worker claims a job by advancing `not_before`.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::media_items;
use crate::db::schema::preview_jobs as table;
use crate::model::{Item, ItemId, UserId};

/// The `not_before` of a job that has been given up.
pub const NEVER: i64 = i64::MAX;

/// A preview job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct PreviewJob {
    pub item: ItemId,
    pub owner: UserId,
    /// How often it was started.
    pub tries: i32,
    /// Milliseconds since the Unix epoch.
    pub not_before: i64,
}

/// Inserts a job, replacing an existing one.
pub fn insert(conn: &mut Conn, item: &Item) -> QueryResult<()> {
    delete(conn, item.id)?;
    let row = (
        table::item_id.eq(item.id),
        table::user_id.eq(item.user_id),
        table::tries.eq(0),
        table::not_before.eq(0_i64),
    );
    diesel::insert_into(table::table).values(row).execute(conn)?;
    Ok(())
}

/// Inserts jobs for all files of a user, or of all users, that have none. A file that waits for the malware scanner gets
/// its job later.
pub fn insert_for_all(conn: &mut Conn, owner: Option<UserId>) -> QueryResult<usize> {
    let sql = "INSERT INTO preview_jobs (item_id, user_id, tries, not_before) SELECT id, user_id, 0, 0 FROM media_items \
         WHERE scan <> 'pending' AND NOT EXISTS (SELECT 1 FROM preview_jobs WHERE preview_jobs.item_id = media_items.id)";
    match owner {
        Some(owner) => diesel::sql_query(format!("{sql} AND user_id = {}", owner.0)).execute(conn),
        None => diesel::sql_query(sql).execute(conn),
    }
}

/// Inserts jobs for all files that wait for the malware scanner.
pub fn insert_for_waiting(conn: &mut Conn) -> QueryResult<usize> {
    diesel::sql_query(
        "INSERT INTO preview_jobs (item_id, user_id, tries, not_before) SELECT id, user_id, 0, 0 FROM media_items \
         WHERE scan = 'pending' AND NOT EXISTS (SELECT 1 FROM preview_jobs WHERE preview_jobs.item_id = media_items.id)",
    )
    .execute(conn)
}

/// Finds the job of an item, if it is due.
pub fn find_due(conn: &mut Conn, id: ItemId, now: i64) -> QueryResult<Option<PreviewJob>> {
    table::table.find(id).filter(table::not_before.le(now)).first(conn).optional()
}

/// Finds the next user after `last` with a job that is due.
pub fn find_next_owner(conn: &mut Conn, last: UserId, now: i64) -> QueryResult<Option<UserId>> {
    let due = table::table.filter(table::user_id.gt(last)).filter(table::not_before.le(now));
    due.order(table::user_id.asc()).select(table::user_id).first(conn).optional()
}

/// Finds a user's newest job that is due.
pub fn find_newest_due(
    conn: &mut Conn,
    owner: UserId,
    now: i64,
) -> QueryResult<Option<PreviewJob>> {
    let due = table::table.filter(table::user_id.eq(owner)).filter(table::not_before.le(now));
    due.order(table::item_id.desc()).first(conn).optional()
}

/// Finds the item of a job.
pub fn find_item(conn: &mut Conn, id: ItemId) -> QueryResult<Option<Item>> {
    media_items::table.find(id).select(Item::as_select()).first(conn).optional()
}

/// Claims a job until `until`; 1 row if no other worker has.
pub fn claim(conn: &mut Conn, job: &PreviewJob, until: i64) -> QueryResult<usize> {
    diesel::update(table::table.find(job.item).filter(table::not_before.eq(job.not_before)))
        .set((table::not_before.eq(until), table::tries.eq(table::tries + 1)))
        .execute(conn)
}

pub fn update_not_before(conn: &mut Conn, id: ItemId, not_before: i64) -> QueryResult<usize> {
    diesel::update(table::table.find(id)).set(table::not_before.eq(not_before)).execute(conn)
}

/// Restarts all jobs that were given up.
pub fn update_given_up(conn: &mut Conn) -> QueryResult<usize> {
    diesel::update(table::table.filter(table::not_before.eq(NEVER)))
        .set((table::not_before.eq(0_i64), table::tries.eq(0)))
        .execute(conn)
}

pub fn delete(conn: &mut Conn, id: ItemId) -> QueryResult<usize> {
    diesel::delete(table::table.find(id)).execute(conn)
}

/// Counts the waiting jobs and those given up.
pub fn count(conn: &mut Conn) -> QueryResult<(i64, i64)> {
    let given_up = table::table.filter(table::not_before.eq(NEVER)).count().get_result(conn)?;
    let all: i64 = table::table.count().get_result(conn)?;
    Ok((all - given_up, given_up))
}

/// Lists up to `limit` items whose jobs were given up.
pub fn list_given_up(conn: &mut Conn, limit: i64) -> QueryResult<Vec<ItemId>> {
    table::table
        .filter(table::not_before.eq(NEVER))
        .order(table::item_id.desc())
        .limit(limit)
        .select(table::item_id)
        .load(conn)
}
