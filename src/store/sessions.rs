//! `session_tokens` and `spent_tokens`: the authoritative state of sessions.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{session_tokens, spent_tokens, users};
use crate::model::{Session, SessionKind, SessionStatus, Time, User, UserId};

/// A row to be inserted.
#[derive(Insertable)]
#[diesel(table_name = session_tokens)]
pub struct NewSession<'a> {
    pub user_id: UserId,
    pub session_token: &'a str,
    pub expiration: Time,
    pub status: SessionStatus,
    pub created_at: Time,
    pub last_seen: Time,
    pub address: &'a str,
    pub device: &'a str,
    pub kind: SessionKind,
    pub name: &'a str,
    pub scopes: &'a str,
    pub family: Option<&'a str>,
}

pub fn insert(conn: &mut Conn, new: &NewSession<'_>) -> QueryResult<usize> {
    diesel::insert_into(session_tokens::table).values(new).execute(conn)
}

/// Finds the session of a token if it is active and not expired at `at`.
pub fn find_active(conn: &mut Conn, hash: &str, at: Time) -> QueryResult<Option<Session>> {
    session_tokens::table
        .filter(session_tokens::session_token.eq(hash))
        .filter(session_tokens::status.eq(SessionStatus::Active))
        .filter(session_tokens::expiration.gt(at))
        .select(Session::as_select())
        .first(conn)
        .optional()
}

/// Finds a session of a user if it is active and not expired at `at`.
pub fn find(conn: &mut Conn, owner: UserId, id: i64, at: Time) -> QueryResult<Option<Session>> {
    session_tokens::table
        .find(id)
        .filter(session_tokens::user_id.eq(owner))
        .filter(session_tokens::status.eq(SessionStatus::Active))
        .filter(session_tokens::expiration.gt(at))
        .select(Session::as_select())
        .first(conn)
        .optional()
}

/// Finds those of `ids` that are active and not expired at `at`, each with its user.
pub fn list_active_by_id(conn: &mut Conn, ids: &[i64], at: Time) -> QueryResult<Vec<(i64, User)>> {
    session_tokens::table
        .inner_join(users::table)
        .filter(session_tokens::id.eq_any(ids.to_vec()))
        .filter(session_tokens::status.eq(SessionStatus::Active))
        .filter(session_tokens::expiration.gt(at))
        .select((session_tokens::id, User::as_select()))
        .load(conn)
}

/// Lists up to 200 of a user's active sessions of these kinds that have not expired at the time given, the most
/// recently used first.
pub fn list_active(
    conn: &mut Conn,
    owner: UserId,
    kinds: &[SessionKind],
    at: Time,
) -> QueryResult<Vec<Session>> {
    session_tokens::table
        .filter(session_tokens::user_id.eq(owner))
        .filter(session_tokens::kind.eq_any(kinds.to_vec()))
        .filter(session_tokens::status.eq(SessionStatus::Active))
        .filter(session_tokens::expiration.gt(at))
        .order((session_tokens::last_seen.desc(), session_tokens::id.desc()))
        .limit(200)
        .select(Session::as_select())
        .load(conn)
}

/// Lists the addresses of a user's sessions, also ended ones, that were used since `since`.
pub fn list_addresses(conn: &mut Conn, owner: UserId, since: Time) -> QueryResult<Vec<String>> {
    session_tokens::table
        .filter(session_tokens::user_id.eq(owner))
        .filter(session_tokens::last_seen.ge(since))
        .select(session_tokens::address)
        .distinct()
        .limit(1000)
        .load(conn)
}

/// Ends a session of a user; 0 rows if it is not theirs or has ended.
pub fn update_end(conn: &mut Conn, owner: UserId, id: i64) -> QueryResult<usize> {
    let tokens_of_user = session_tokens::table
        .find(id)
        .filter(session_tokens::user_id.eq(owner))
        .filter(session_tokens::status.eq(SessionStatus::Active));
    diesel::update(tokens_of_user)
        .set(session_tokens::status.eq(SessionStatus::Ended))
        .execute(conn)
}

/// Ends all sessions of a user, including access tokens.
pub fn update_end_all(conn: &mut Conn, owner: UserId) -> QueryResult<usize> {
    let tokens_of_user = session_tokens::table
        .filter(session_tokens::user_id.eq(owner))
        .filter(session_tokens::status.eq(SessionStatus::Active));
    diesel::update(tokens_of_user)
        .set(session_tokens::status.eq(SessionStatus::Ended))
        .execute(conn)
}

/// Ends all sessions of a user except `keep` and access tokens.
pub fn update_end_others(conn: &mut Conn, owner: UserId, keep: i64) -> QueryResult<usize> {
    let other_sessions = session_tokens::table
        .filter(session_tokens::user_id.eq(owner))
        .filter(session_tokens::status.eq(SessionStatus::Active))
        .filter(session_tokens::kind.ne(SessionKind::Token))
        .filter(session_tokens::id.ne(keep));
    diesel::update(other_sessions)
        .set(session_tokens::status.eq(SessionStatus::Ended))
        .execute(conn)
}

/// Replaces the token of an active session; 0 rows if `old` is no longer its token.
pub fn update_token(
    conn: &mut Conn,
    id: i64,
    old: &str,
    new: &str,
    expiration: Time,
) -> QueryResult<usize> {
    let current = session_tokens::table
        .find(id)
        .filter(session_tokens::status.eq(SessionStatus::Active))
        .filter(session_tokens::session_token.eq(old));
    diesel::update(current)
        .set((session_tokens::session_token.eq(new), session_tokens::expiration.eq(expiration)))
        .execute(conn)
}

/// Finds the active session whose refresh tokens have this hash of their common part, and its user.
pub fn find_by_family(conn: &mut Conn, family: &str) -> QueryResult<Option<(i64, UserId)>> {
    session_tokens::table
        .filter(session_tokens::family.eq(family))
        .filter(session_tokens::status.eq(SessionStatus::Active))
        .select((session_tokens::id, session_tokens::user_id))
        .first(conn)
        .optional()
}

/// Records a refresh token that has been exchanged. Only for tokens of an earlier version, which have no common part.
pub fn insert_spent(conn: &mut Conn, hash: &str, id: i64) -> QueryResult<usize> {
    diesel::insert_into(spent_tokens::table)
        .values((spent_tokens::session_token.eq(hash), spent_tokens::session_id.eq(id)))
        .execute(conn)
}

/// Sets the hash of the part that all refresh tokens of a session have in common.
pub fn update_family(conn: &mut Conn, id: i64, family: &str) -> QueryResult<usize> {
    diesel::update(session_tokens::table.find(id))
        .set(session_tokens::family.eq(family))
        .execute(conn)
}

/// Finds the active session that once had this token, and its user.
pub fn find_by_spent(conn: &mut Conn, hash: &str) -> QueryResult<Option<(i64, UserId)>> {
    spent_tokens::table
        .inner_join(session_tokens::table)
        .filter(spent_tokens::session_token.eq(hash))
        .filter(session_tokens::status.eq(SessionStatus::Active))
        .select((session_tokens::id, session_tokens::user_id))
        .first(conn)
        .optional()
}

/// Records when and from where a session was last used, and its new expiration.
pub fn update_seen(
    conn: &mut Conn,
    id: i64,
    at: Time,
    address: &str,
    expiration: Time,
) -> QueryResult<usize> {
    // Uses are collected in memory and written later; the session may have been ended since.
    diesel::update(
        session_tokens::table.find(id).filter(session_tokens::status.eq(SessionStatus::Active)),
    )
    .set((
        session_tokens::last_seen.eq(at),
        session_tokens::address.eq(address),
        session_tokens::expiration.eq(expiration),
    ))
    .execute(conn)
}

/// Deletes sessions that expired, or ended and were last used, before `before`.
pub fn delete_expired(conn: &mut Conn, before: Time) -> QueryResult<usize> {
    let ended =
        session_tokens::status.eq(SessionStatus::Ended).and(session_tokens::last_seen.lt(before));
    diesel::delete(session_tokens::table.filter(session_tokens::expiration.lt(before).or(ended)))
        .execute(conn)
}
