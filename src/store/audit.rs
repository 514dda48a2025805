//! `audit_log` and `audit_head`: the rows of the chain, and its end.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{audit_head, audit_log as table};
use crate::model::Time;
use crate::model::audit::AuditFilter;
use crate::model::audit::AuditRow;

/// Reserves the next number for this transaction and returns it with the hash of the previous row.
pub fn update_next(conn: &mut Conn) -> QueryResult<(i64, String)> {
    diesel::update(audit_head::table.find(1))
        .set(audit_head::last.eq(audit_head::last + 1_i64))
        .execute(conn)?;
    find_head(conn)
}

/// Returns the number and hash of the last row.
pub fn find_head(conn: &mut Conn) -> QueryResult<(i64, String)> {
    audit_head::table.find(1).select((audit_head::last, audit_head::hash)).first(conn)
}

/// Inserts a row and makes it the last one.
pub fn insert(conn: &mut Conn, row: &AuditRow) -> QueryResult<usize> {
    diesel::insert_into(table::table).values(row.clone()).execute(conn)?;
    diesel::update(audit_head::table.find(1)).set(audit_head::hash.eq(&row.hash)).execute(conn)
}

/// Lists rows after a number, in order.
pub fn list_after(conn: &mut Conn, after: i64, limit: i64) -> QueryResult<Vec<AuditRow>> {
    table::table
        .filter(table::id.gt(after))
        .order(table::id)
        .limit(limit)
        .select(AuditRow::as_select())
        .load(conn)
}

/// Lists the newest rows that match `filter`, optionally only those with numbers below `before`.
pub fn list(
    conn: &mut Conn,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<AuditRow>> {
    let mut query = table::table.select(AuditRow::as_select()).into_boxed();
    if let Some(event) = filter.event {
        query = query.filter(table::event.eq(event.as_str()));
    }
    // Matches what a user did and what was done to the user.
    if let Some(actor) = &filter.actor {
        query = query.filter(table::actor.eq(actor).or(table::subject.eq(actor)));
    }
    if let Some(from) = filter.from {
        query = query.filter(table::happened_at.ge(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(table::happened_at.lt(until));
    }
    if let Some(before) = before {
        query = query.filter(table::id.lt(before));
    }

    query.order(table::id.desc()).limit(limit).load(conn)
}

/// Deletes up to `limit` rows older than `before`, except the last row, which the chain continues from. Returns their
/// number and the last deleted row.
pub fn delete_before(
    conn: &mut Conn,
    before: Time,
    limit: i64,
) -> QueryResult<Option<(usize, AuditRow)>> {
    let (last, _) = find_head(conn)?;

    // The clock may go back, the numbers do not: a row is only deleted together with all rows before it.
    let first_to_stay: Option<i64> = table::table
        .filter(table::happened_at.ge(before))
        .select(diesel::dsl::min(table::id))
        .first(conn)?;

    let first: Option<i64> = table::table.select(diesel::dsl::min(table::id)).first(conn)?;
    let Some(first) = first else { return Ok(None) };
    // The first row that stays: too young, the last of the chain, or beyond the limit.
    let end_id = first_to_stay.unwrap_or(last).min(last).min(first + limit);

    // If there is no row before the end, nothing is old enough to be deleted. The row before the end is the last one
    // deleted; the caller gets it.
    let Some(last_deleted) =
        table::table.find(end_id - 1).select(AuditRow::as_select()).first(conn).optional()?
    else {
        return Ok(None);
    };

    let count = diesel::delete(table::table.filter(table::id.lt(end_id))).execute(conn)?;
    Ok(Some((count, last_deleted)))
}
