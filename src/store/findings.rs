//! `findings`: what the malware scanner took away.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{findings, users};
use crate::model::finding::{Finding, FindingState};
use crate::model::{FindingId, Time, UserId};

/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, new: &Finding) -> QueryResult<usize> {
    diesel::insert_into(findings::table).values(new.clone()).execute(conn)
}

/// Anybody's: for admins.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, id: FindingId) -> QueryResult<Option<Finding>> {
    findings::table.find(id).select(Finding::as_select()).first(conn).optional()
}

/// The newest, of everybody, with their owners' usernames: for admins.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, limit: i64) -> QueryResult<Vec<(Finding, String)>> {
    findings::table
        .inner_join(users::table)
        .order(findings::id.desc())
        .limit(limit)
        .select((Finding::as_select(), users::username))
        .load(conn)
}

/// Those that wait for an admin's decision.
///
/// # Errors
/// The database's.
pub fn count_quarantined(conn: &mut Conn) -> QueryResult<i64> {
    findings::table.filter(findings::state.eq(FindingState::Quarantined)).count().get_result(conn)
}

/// Ids of a person's that are still kept.
///
/// # Errors
/// The database's.
pub fn list_quarantined_of(conn: &mut Conn, owner: UserId) -> QueryResult<Vec<FindingId>> {
    findings::table
        .filter(findings::user_id.eq(owner))
        .filter(findings::state.eq(FindingState::Quarantined))
        .select(findings::id)
        .load(conn)
}

/// A person's that they have not read of.
///
/// # Errors
/// The database's.
pub fn list_unseen(conn: &mut Conn, owner: UserId, limit: i64) -> QueryResult<Vec<Finding>> {
    findings::table
        .filter(findings::user_id.eq(owner))
        .filter(findings::is_seen.eq(false))
        .order(findings::id.desc())
        .limit(limit)
        .select(Finding::as_select())
        .load(conn)
}

/// # Errors
/// The database's.
pub fn update_seen(conn: &mut Conn, owner: UserId, id: FindingId) -> QueryResult<usize> {
    diesel::update(findings::table.find(id).filter(findings::user_id.eq(owner))).set(findings::is_seen.eq(true)).execute(conn)
}

/// Decides about one that is still quarantined; 0 rows otherwise.
///
/// # Errors
/// The database's.
pub fn update_decided(conn: &mut Conn, id: FindingId, state: FindingState, at: Time, by: &str) -> QueryResult<usize> {
    diesel::update(findings::table.find(id).filter(findings::state.eq(FindingState::Quarantined)))
        .set((findings::state.eq(state), findings::decided_at.eq(at), findings::decided_by.eq(by)))
        .execute(conn)
}
