//! `findings`: files that the malware scanner quarantined.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{findings, users};
use crate::model::finding::{Finding, FindingState};
use crate::model::{FindingId, Time, User, UserId};

pub fn insert(conn: &mut Conn, new: &Finding) -> QueryResult<usize> {
    diesel::insert_into(findings::table).values(new.clone()).execute(conn)
}

/// Finds a finding of any user, for admins.
pub fn find(conn: &mut Conn, id: FindingId) -> QueryResult<Option<Finding>> {
    findings::table.find(id).select(Finding::as_select()).first(conn).optional()
}

/// Lists the newest findings of all users with the names of their owners, for admins.
pub fn list(conn: &mut Conn, limit: i64) -> QueryResult<Vec<(Finding, String)>> {
    let rows: Vec<(Finding, User)> = findings::table
        .inner_join(users::table)
        .order(findings::id.desc())
        .limit(limit)
        .select((Finding::as_select(), User::as_select()))
        .load(conn)?;
    Ok(rows.into_iter().map(|(finding, user)| (finding, user.account_name().to_owned())).collect())
}

/// Counts findings that wait for an admin's decision.
pub fn count_quarantined(conn: &mut Conn) -> QueryResult<i64> {
    findings::table.filter(findings::state.eq(FindingState::Quarantined)).count().get_result(conn)
}

/// Lists the ids of a user's quarantined files.
pub fn list_quarantined_of(conn: &mut Conn, owner: UserId) -> QueryResult<Vec<FindingId>> {
    findings::table
        .filter(findings::user_id.eq(owner))
        .filter(findings::state.eq(FindingState::Quarantined))
        .select(findings::id)
        .load(conn)
}

/// Lists a user's findings that they have not dismissed.
pub fn list_unseen(conn: &mut Conn, owner: UserId, limit: i64) -> QueryResult<Vec<Finding>> {
    findings::table
        .filter(findings::user_id.eq(owner))
        .filter(findings::is_seen.eq(false))
        .order(findings::id.desc())
        .limit(limit)
        .select(Finding::as_select())
        .load(conn)
}

pub fn update_seen(conn: &mut Conn, owner: UserId, id: FindingId) -> QueryResult<usize> {
    diesel::update(findings::table.find(id).filter(findings::user_id.eq(owner)))
        .set(findings::is_seen.eq(true))
        .execute(conn)
}

/// Records the decision about a quarantined file; 0 rows if there already is one.
pub fn update_decided(
    conn: &mut Conn,
    id: FindingId,
    state: FindingState,
    at: Time,
    by: &str,
) -> QueryResult<usize> {
    diesel::update(findings::table.find(id).filter(findings::state.eq(FindingState::Quarantined)))
        .set((findings::state.eq(state), findings::decided_at.eq(at), findings::decided_by.eq(by)))
        .execute(conn)
}
