//! `users`.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::users;
use crate::model::user::NewUser;
use crate::model::{AccessLevel, Origin, Status, Theme, Time, User, UserId, UserKind};

pub fn find(conn: &mut Conn, id: UserId) -> QueryResult<Option<User>> {
    users::table.find(id).select(User::as_select()).first(conn).optional()
}

/// Finds a person by username or by the email address with which they may log in, ignoring case.
pub fn find_by_login(conn: &mut Conn, login: &str) -> QueryResult<Option<User>> {
    let login = login.trim().to_lowercase();
    // A username cannot contain `@`.
    if login.contains('@') {
        users::table
            .filter(users::login_email.eq(login))
            .select(User::as_select())
            .first(conn)
            .optional()
    } else {
        users::table
            .filter(users::username.eq(login))
            .filter(users::kind.eq(UserKind::Person))
            .select(User::as_select())
            .first(conn)
            .optional()
    }
}

/// Lists up to 10,000 password hashes that do not begin with `parameters`.
pub fn list_other_hashes(conn: &mut Conn, parameters: &str) -> QueryResult<Vec<String>> {
    users::table
        .filter(users::password.not_like(format!("{parameters}$%")))
        .filter(users::kind.eq(UserKind::Person))
        .select(users::password)
        .limit(10_000)
        .load(conn)
}

/// Returns whether another user has this username.
pub fn is_username_taken(
    conn: &mut Conn,
    username: &str,
    except: Option<UserId>,
) -> QueryResult<bool> {
    let holder: Option<UserId> = users::table
        .filter(users::username.eq(username))
        .select(users::id)
        .first(conn)
        .optional()?;
    Ok(holder.is_some() && holder != except)
}

/// Returns whether another user logs in with this email address.
pub fn is_email_taken(conn: &mut Conn, email: &str, except: Option<UserId>) -> QueryResult<bool> {
    let holder: Option<UserId> = users::table
        .filter(users::login_email.eq(email))
        .select(users::id)
        .first(conn)
        .optional()?;
    Ok(holder.is_some() && holder != except)
}

/// Returns the usernames of those who log in with these email addresses, by address.
pub fn list_email_holders(
    conn: &mut Conn,
    emails: &[&str],
) -> QueryResult<HashMap<String, String>> {
    let holders: Vec<(Option<String>, String)> = users::table
        .filter(users::login_email.eq_any(emails.to_vec()))
        .select((users::login_email, users::username))
        .load(conn)?;
    Ok(holders.into_iter().filter_map(|(email, username)| Some((email?, username))).collect())
}

/// Sets the email address with which a user may log in.
///
/// # Errors
/// `UniqueViolation` for an address that is taken.
pub fn update_login_email(conn: &mut Conn, id: UserId, email: Option<&str>) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::login_email.eq(email)).execute(conn)
}

/// Lists up to 200 requests that were rejected before `before`: users who never had a folder.
pub fn list_rejected_before(conn: &mut Conn, before: Time) -> QueryResult<Vec<UserId>> {
    users::table
        .filter(users::status.eq(Status::Rejected))
        .filter(users::folder.eq(""))
        .filter(users::status_since.lt(before))
        .order(users::id.asc())
        .limit(200)
        .select(users::id)
        .load(conn)
}

/// Inserts a user and returns the id. Call it in a transaction.
///
/// # Errors
/// `UniqueViolation` for a username or a `login_email` that is taken.
pub fn insert(conn: &mut Conn, new: &NewUser) -> QueryResult<UserId> {
    diesel::insert_into(users::table).values(new).execute(conn)?;
    users::table.filter(users::username.eq(&new.username)).select(users::id).first(conn)
}

pub fn update_folder(conn: &mut Conn, id: UserId, folder: &str) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::folder.eq(folder)).execute(conn)
}

/// Lists people with this status after `after`, the oldest account first.
pub fn list_by_status(
    conn: &mut Conn,
    status: Status,
    after: UserId,
    limit: i64,
) -> QueryResult<Vec<User>> {
    users::table
        .filter(users::status.eq(status))
        .filter(users::kind.eq(UserKind::Person))
        .filter(users::id.gt(after))
        .order(users::id.asc())
        .limit(limit)
        .select(User::as_select())
        .load(conn)
}

/// Lists the active admins.
pub fn list_active_admins(conn: &mut Conn) -> QueryResult<Vec<User>> {
    users::table
        .filter(users::access_level.eq(AccessLevel::Admin))
        .filter(users::status.eq(Status::Active))
        .select(User::as_select())
        .load(conn)
}

/// Changes the status if it is one of `from`; otherwise 0 rows.
pub fn update_status(
    conn: &mut Conn,
    id: UserId,
    from: &[Status],
    to: Status,
    at: Time,
) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::status.eq_any(from.to_vec())))
        .set((users::status.eq(to), users::status_since.eq(at), users::updated_at.eq(at)))
        .execute(conn)
}

pub fn update_access_level(
    conn: &mut Conn,
    id: UserId,
    level: AccessLevel,
    at: Time,
) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((users::access_level.eq(level), users::updated_at.eq(at)))
        .execute(conn)
}

pub fn update_quota(conn: &mut Conn, id: UserId, bytes: i64, at: Time) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((users::quota_bytes.eq(bytes), users::updated_at.eq(at)))
        .execute(conn)
}

/// Sets or clears the hash of a one-time code.
pub fn update_access_code(
    conn: &mut Conn,
    id: UserId,
    hash: Option<&str>,
    expires: Option<Time>,
) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((users::access_code.eq(hash), users::access_code_expires.eq(expires)))
        .execute(conn)
}

/// Uses up the one-time code if it matches and has not expired; otherwise 0 rows.
pub fn update_spend_access_code(
    conn: &mut Conn,
    id: UserId,
    hash: &str,
    at: Time,
) -> QueryResult<usize> {
    let matching = users::table
        .find(id)
        .filter(users::access_code.eq(hash))
        .filter(users::access_code_expires.gt(at));
    diesel::update(matching)
        .set((users::access_code.eq(None::<String>), users::access_code_expires.eq(None::<Time>)))
        .execute(conn)
}

/// Locks a user's row until the end of the transaction, so that what is read from it stays true.
pub fn update_lock(conn: &mut Conn, id: UserId) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::updated_at.eq(users::updated_at)).execute(conn)
}

pub fn update_password(conn: &mut Conn, id: UserId, hash: &str, at: Time) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((users::password.eq(hash), users::updated_at.eq(at)))
        .execute(conn)
}

/// Sets where a user's password is stored, and its hash.
pub fn update_origin(
    conn: &mut Conn,
    id: UserId,
    origin: Origin,
    hash: &str,
    at: Time,
) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((users::origin.eq(origin), users::password.eq(hash), users::updated_at.eq(at)))
        .execute(conn)
}

/// The fields that users can change themselves.
pub struct ProfileUpdate<'a> {
    pub firstname: &'a str,
    pub lastname: &'a str,
    pub email: &'a str,
    pub login_email: Option<&'a str>,
    pub contact_number: Option<&'a str>,
    pub address: Option<&'a str>,
    pub single_keys: bool,
}

/// Updates a user's profile.
///
/// # Errors
/// `UniqueViolation` for a `login_email` that is taken.
pub fn update_profile(
    conn: &mut Conn,
    id: UserId,
    new: &ProfileUpdate<'_>,
    at: Time,
) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((
            users::firstname.eq(new.firstname),
            users::lastname.eq(new.lastname),
            users::email.eq(new.email),
            users::login_email.eq(new.login_email),
            users::contact_number.eq(new.contact_number),
            users::address.eq(new.address),
            users::single_keys.eq(new.single_keys),
            users::updated_at.eq(at),
        ))
        .execute(conn)
}

/// Sets the language of a user's pages.
pub fn update_language(conn: &mut Conn, id: UserId, code: Option<&str>) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::language.eq(code)).execute(conn)
}

/// Sets the time zone; `None` for that of the server. With `only_if_unset`, a zone that was chosen stays.
pub fn update_time_zone(
    conn: &mut Conn,
    id: UserId,
    zone: Option<&str>,
    only_if_unset: bool,
) -> QueryResult<usize> {
    let user = users::table.find(id);
    if only_if_unset {
        return diesel::update(user.filter(users::time_zone.is_null()))
            .set(users::time_zone.eq(zone))
            .execute(conn);
    }
    diesel::update(user).set(users::time_zone.eq(zone)).execute(conn)
}

pub fn update_theme(conn: &mut Conn, id: UserId, theme: Theme) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::theme.eq(theme)).execute(conn)
}

/// Sets the hash of the newest session's token; `None` once that session has ended.
pub fn update_session_token(conn: &mut Conn, id: UserId, hash: Option<&str>) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::session_token.eq(hash)).execute(conn)
}

/// Replaces the newest session's token if it is `old`.
pub fn update_exchange_session_token(
    conn: &mut Conn,
    id: UserId,
    old: &str,
    new: &str,
) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::session_token.eq(old)))
        .set(users::session_token.eq(new))
        .execute(conn)
}

/// Clears the newest session's token if it is `hash`.
pub fn update_forget_session_token(conn: &mut Conn, id: UserId, hash: &str) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::session_token.eq(hash)))
        .set(users::session_token.eq(None::<String>))
        .execute(conn)
}

/// Adds to the used bytes if the quota allows it; otherwise 0 rows.
pub fn update_add_used(conn: &mut Conn, id: UserId, bytes: i64) -> QueryResult<usize> {
    let after = users::used_bytes + users::reserved_bytes + bytes;
    let fits = users::quota_bytes.eq(0).or(after.le(users::quota_bytes));
    diesel::update(users::table.find(id).filter(fits))
        .set(users::used_bytes.eq(users::used_bytes + bytes))
        .execute(conn)
}

/// Reserves bytes for a resumable upload if the quota allows them in addition to the used, the reserved, and the
/// `held_in_memory` bytes that running ordinary uploads hold; otherwise 0 rows.
pub fn update_add_reserved(
    conn: &mut Conn,
    id: UserId,
    bytes: i64,
    held_in_memory: i64,
) -> QueryResult<usize> {
    let total = users::used_bytes + users::reserved_bytes + bytes + held_in_memory;
    // A quota of 0 means that there is no limit.
    let fits = users::quota_bytes.eq(0).or(total.le(users::quota_bytes));
    diesel::update(users::table.find(id).filter(fits))
        .set(users::reserved_bytes.eq(users::reserved_bytes + bytes))
        .execute(conn)
}

/// Releases reserved bytes.
pub fn update_subtract_reserved(conn: &mut Conn, id: UserId, bytes: i64) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set(users::reserved_bytes.eq(users::reserved_bytes - bytes))
        .execute(conn)
}

pub fn update_subtract_used(conn: &mut Conn, id: UserId, bytes: i64) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set(users::used_bytes.eq(users::used_bytes - bytes))
        .execute(conn)
}

/// Lists the folders of users who have files.
pub fn list_folders_in_use(conn: &mut Conn) -> QueryResult<Vec<String>> {
    users::table.filter(users::used_bytes.gt(0)).order(users::id).select(users::folder).load(conn)
}

/// Lists the folders of active users.
pub fn list_active_folders(conn: &mut Conn) -> QueryResult<Vec<String>> {
    users::table
        .filter(users::status.eq(Status::Active))
        .filter(users::folder.ne(""))
        .select(users::folder)
        .load(conn)
}

/// Lists users after `after`, ordered by id.
pub fn list_after(conn: &mut Conn, after: UserId, limit: i64) -> QueryResult<Vec<User>> {
    users::table
        .filter(users::id.gt(after))
        .order(users::id.asc())
        .limit(limit)
        .select(User::as_select())
        .load(conn)
}

/// Deletes a user; their sessions, counts and journal entries are deleted with them.
pub fn delete(conn: &mut Conn, id: UserId) -> QueryResult<usize> {
    diesel::delete(users::table.find(id)).execute(conn)
}

/// Counts people, and the bytes used by them and by spaces.
pub fn count_all(conn: &mut Conn) -> QueryResult<(i64, i64)> {
    use diesel::dsl::sql;
    use diesel::sql_types::BigInt;
    users::table
        .select((
            sql::<BigInt>("COUNT(CASE WHEN kind = 'person' THEN 1 END)"),
            sql::<BigInt>("CAST(COALESCE(SUM(used_bytes), 0) AS SIGNED)"),
        ))
        .first(conn)
}

/// Lists users who store something, those who store the most first.
pub fn list_by_use(conn: &mut Conn, limit: usize) -> QueryResult<Vec<User>> {
    users::table
        .filter(users::used_bytes.gt(0))
        .order((users::used_bytes.desc(), users::id.asc()))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(User::as_select())
        .load(conn)
}
