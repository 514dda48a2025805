//! `users`: people's accounts.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::users;
use crate::model::user::NewUser;
use crate::model::{AccessLevel, Origin, Status, Theme, Time, User, UserId};

/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, id: UserId) -> QueryResult<Option<User>> {
    users::table.find(id).select(User::as_select()).first(conn).optional()
}

/// By username or e-mail, both lower-cased.
///
/// # Errors
/// The database's.
pub fn find_by_login(conn: &mut Conn, login: &str) -> QueryResult<Option<User>> {
    let login = login.trim().to_lowercase();
    if login.contains('@') {
        users::table.filter(users::email.eq(login)).select(User::as_select()).first(conn).optional()
    } else {
        users::table.filter(users::username.eq(login)).select(User::as_select()).first(conn).optional()
    }
}

/// Whether another person has that username.
///
/// # Errors
/// The database's.
pub fn is_username_taken(conn: &mut Conn, username: &str, by_other_than: Option<UserId>) -> QueryResult<bool> {
    let holder: Option<UserId> = users::table.filter(users::username.eq(username)).select(users::id).first(conn).optional()?;
    Ok(holder.is_some() && holder != by_other_than)
}

/// Whether another person has that e-mail.
///
/// # Errors
/// The database's.
pub fn is_email_taken(conn: &mut Conn, email: &str, by_other_than: Option<UserId>) -> QueryResult<bool> {
    let holder: Option<UserId> = users::table.filter(users::email.eq(email)).select(users::id).first(conn).optional()?;
    Ok(holder.is_some() && holder != by_other_than)
}

/// Makes the row and returns its key. Call it in a transaction.
///
/// # Errors
/// The database's; `UniqueViolation` for a name or address that is taken.
pub fn insert(conn: &mut Conn, new: &NewUser) -> QueryResult<UserId> {
    diesel::insert_into(users::table).values(new).execute(conn)?;
    users::table.filter(users::username.eq(&new.username)).select(users::id).first(conn)
}

/// # Errors
/// The database's.
pub fn update_folder(conn: &mut Conn, id: UserId, folder: &str) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::folder.eq(folder)).execute(conn)
}

/// People with that status, the oldest request first, behind `after`.
///
/// # Errors
/// The database's.
pub fn list_by_status(conn: &mut Conn, status: Status, after: UserId, limit: i64) -> QueryResult<Vec<User>> {
    users::table
        .filter(users::status.eq(status))
        .filter(users::id.gt(after))
        .order(users::id.asc())
        .limit(limit)
        .select(User::as_select())
        .load(conn)
}

/// How many people have each status.
///
/// # Errors
/// The database's.
pub fn count_by_status(conn: &mut Conn) -> QueryResult<HashMap<Status, i64>> {
    let rows: Vec<(Status, i64)> = users::table.group_by(users::status).select((users::status, count_star())).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// # Errors
/// The database's.
pub fn count_pending(conn: &mut Conn) -> QueryResult<i64> {
    users::table.filter(users::status.eq(Status::Pending)).count().get_result(conn)
}

/// Admins whose account is active.
///
/// # Errors
/// The database's.
pub fn list_active_admins(conn: &mut Conn) -> QueryResult<Vec<User>> {
    users::table
        .filter(users::access_level.eq(AccessLevel::Admin))
        .filter(users::status.eq(Status::Active))
        .select(User::as_select())
        .load(conn)
}

/// Changes the status if it is one of `from`; 0 rows when it is not.
///
/// # Errors
/// The database's.
pub fn update_status(conn: &mut Conn, id: UserId, from: &[Status], to: Status, at: Time) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::status.eq_any(from.to_vec())))
        .set((users::status.eq(to), users::status_since.eq(at), users::updated_at.eq(at)))
        .execute(conn)
}

/// # Errors
/// The database's.
pub fn update_access_level(conn: &mut Conn, id: UserId, level: AccessLevel, at: Time) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set((users::access_level.eq(level), users::updated_at.eq(at))).execute(conn)
}

/// # Errors
/// The database's.
pub fn update_quota(conn: &mut Conn, id: UserId, bytes: i64, at: Time) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set((users::quota_bytes.eq(bytes), users::updated_at.eq(at))).execute(conn)
}

/// Sets the hash of a one-time code, or takes it away.
///
/// # Errors
/// The database's.
pub fn update_access_code(conn: &mut Conn, id: UserId, hash: Option<&str>, expires: Option<Time>) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set((users::access_code.eq(hash), users::access_code_expires.eq(expires))).execute(conn)
}

/// Takes the one-time code if it is that one and still good; 0 rows when it is not.
///
/// # Errors
/// The database's.
pub fn update_use_access_code(conn: &mut Conn, id: UserId, hash: &str, at: Time) -> QueryResult<usize> {
    let matching = users::table.find(id).filter(users::access_code.eq(hash)).filter(users::access_code_expires.gt(at));
    diesel::update(matching)
        .set((users::access_code.eq(None::<String>), users::access_code_expires.eq(None::<Time>)))
        .execute(conn)
}

/// # Errors
/// The database's.
pub fn update_password(conn: &mut Conn, id: UserId, hash: &str, at: Time) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set((users::password.eq(hash), users::updated_at.eq(at))).execute(conn)
}

/// Says where a person's password is kept, and sets it.
///
/// # Errors
/// The database's.
pub fn update_origin(conn: &mut Conn, id: UserId, origin: Origin, hash: &str, at: Time) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((users::origin.eq(origin), users::password.eq(hash), users::updated_at.eq(at)))
        .execute(conn)
}

/// What a person may change about themselves.
pub struct ProfileUpdate<'a> {
    pub firstname: &'a str,
    pub lastname: &'a str,
    pub email: &'a str,
    pub contact_number: Option<&'a str>,
    pub address: Option<&'a str>,
    pub single_keys: bool,
}

/// # Errors
/// The database's; `UniqueViolation` for an address that is taken.
pub fn update_profile(conn: &mut Conn, id: UserId, new: &ProfileUpdate<'_>, at: Time) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((
            users::firstname.eq(new.firstname),
            users::lastname.eq(new.lastname),
            users::email.eq(new.email),
            users::contact_number.eq(new.contact_number),
            users::address.eq(new.address),
            users::single_keys.eq(new.single_keys),
            users::updated_at.eq(at),
        ))
        .execute(conn)
}

/// # Errors
/// The database's.
pub fn update_theme(conn: &mut Conn, id: UserId, theme: Theme) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::theme.eq(theme)).execute(conn)
}

/// Sets the hash of the newest session's token; `None` once it has ended.
///
/// # Errors
/// The database's.
pub fn update_session_token(conn: &mut Conn, id: UserId, hash: Option<&str>) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::session_token.eq(hash)).execute(conn)
}

/// Puts `new` in the place of `old` where that is the newest session's.
///
/// # Errors
/// The database's.
pub fn update_exchange_session_token(conn: &mut Conn, id: UserId, old: &str, new: &str) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::session_token.eq(old))).set(users::session_token.eq(new)).execute(conn)
}

/// Takes `hash` out where it is the newest session's.
///
/// # Errors
/// The database's.
pub fn update_forget_session_token(conn: &mut Conn, id: UserId, hash: &str) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::session_token.eq(hash)))
        .set(users::session_token.eq(None::<String>))
        .execute(conn)
}

/// Adds `bytes` to what is used if they fit; 0 rows when they do not.
///
/// # Errors
/// The database's.
pub fn update_add_used(conn: &mut Conn, id: UserId, bytes: i64) -> QueryResult<usize> {
    let after = users::used_bytes + users::reserved_bytes + bytes;
    let fits = users::quota_bytes.eq(0).or(after.le(users::quota_bytes));
    diesel::update(users::table.find(id).filter(fits)).set(users::used_bytes.eq(users::used_bytes + bytes)).execute(conn)
}

/// Holds `bytes` for an upload if they fit beside `elsewhere`; 0 rows when they do not.
///
/// # Errors
/// The database's.
pub fn update_add_reserved(conn: &mut Conn, id: UserId, bytes: i64, elsewhere: i64) -> QueryResult<usize> {
    let after = users::used_bytes + users::reserved_bytes + bytes + elsewhere;
    let fits = users::quota_bytes.eq(0).or(after.le(users::quota_bytes));
    diesel::update(users::table.find(id).filter(fits)).set(users::reserved_bytes.eq(users::reserved_bytes + bytes)).execute(conn)
}

/// Lets go of bytes that were held.
///
/// # Errors
/// The database's.
pub fn update_subtract_reserved(conn: &mut Conn, id: UserId, bytes: i64) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::reserved_bytes.eq(users::reserved_bytes - bytes)).execute(conn)
}

/// # Errors
/// The database's.
pub fn update_subtract_used(conn: &mut Conn, id: UserId, bytes: i64) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::used_bytes.eq(users::used_bytes - bytes)).execute(conn)
}

/// Folders of people who have files.
///
/// # Errors
/// The database's.
pub fn list_folders_in_use(conn: &mut Conn) -> QueryResult<Vec<String>> {
    users::table.filter(users::used_bytes.gt(0)).order(users::id).select(users::folder).load(conn)
}

/// People behind `after`, by id.
///
/// # Errors
/// The database's.
pub fn list_after(conn: &mut Conn, after: UserId, limit: i64) -> QueryResult<Vec<User>> {
    users::table.filter(users::id.gt(after)).order(users::id.asc()).limit(limit).select(User::as_select()).load(conn)
}

/// Takes an account away; its sessions, counts and journal go with it.
///
/// # Errors
/// The database's.
pub fn delete(conn: &mut Conn, id: UserId) -> QueryResult<usize> {
    diesel::delete(users::table.find(id)).execute(conn)
}

/// People, files and bytes in all: for the admin's page.
///
/// # Errors
/// The database's.
pub fn count_all(conn: &mut Conn) -> QueryResult<(i64, i64)> {
    use diesel::dsl::sql;
    use diesel::sql_types::BigInt;
    users::table.select((count_star(), sql::<BigInt>("CAST(COALESCE(SUM(used_bytes), 0) AS SIGNED)"))).first(conn)
}
