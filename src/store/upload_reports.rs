//! `upload_reports`: the outcome of upload forms, for their result pages.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::upload_reports;
use crate::model::{ReportId, Time, UserId};

/// Stores the results of an upload form, as JSON text, for its result page.
pub fn insert(
    conn: &mut Conn,
    owner: UserId,
    id: ReportId,
    rows_json: &str,
    at: Time,
) -> QueryResult<usize> {
    diesel::insert_into(upload_reports::table)
        .values((
            upload_reports::id.eq(id),
            upload_reports::user_id.eq(owner),
            upload_reports::rows_json.eq(rows_json),
            upload_reports::created_at.eq(at),
        ))
        .execute(conn)
}

pub fn find(conn: &mut Conn, owner: UserId, id: ReportId) -> QueryResult<Option<String>> {
    upload_reports::table
        .find(id)
        .filter(upload_reports::user_id.eq(owner))
        .select(upload_reports::rows_json)
        .first(conn)
        .optional()
}

pub fn delete_before(conn: &mut Conn, before: Time) -> QueryResult<usize> {
    diesel::delete(upload_reports::table.filter(upload_reports::created_at.lt(before)))
        .execute(conn)
}
