//! `user_directories`: the standard directories and the users' own.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::media_items;
use crate::db::schema::user_directories as table;
use crate::model::directory::NewDirectory;
use crate::model::{Directory, DirectoryId, Placement, Shelf, Time, UserId};

/// Inserts a directory.
///
/// # Errors
/// `UniqueViolation` for a path that is taken.
pub fn insert(conn: &mut Conn, new: &NewDirectory) -> QueryResult<usize> {
    diesel::insert_into(table::table).values(new).execute(conn)
}

pub fn find(conn: &mut Conn, owner: UserId, id: DirectoryId) -> QueryResult<Option<Directory>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::directory_id.eq(id))
        .select(Directory::as_select())
        .first(conn)
        .optional()
}

pub fn find_by_path(conn: &mut Conn, owner: UserId, path: &str) -> QueryResult<Option<Directory>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::directory_path.eq(path))
        .select(Directory::as_select())
        .first(conn)
        .optional()
}

/// Lists up to `limit` directories of a user, ordered by path.
pub fn list(conn: &mut Conn, owner: UserId, limit: i64) -> QueryResult<Vec<Directory>> {
    table::table
        .filter(table::user_id.eq(owner))
        .order(table::directory_path.asc())
        .limit(limit)
        .select(Directory::as_select())
        .load(conn)
}

/// Lists the names of these directories of a user.
pub fn list_names(
    conn: &mut Conn,
    owner: UserId,
    ids: &[DirectoryId],
) -> QueryResult<Vec<(DirectoryId, String)>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::directory_id.eq_any(ids.to_vec()))
        .select((table::directory_id, table::directory_name))
        .load(conn)
}

pub fn count(conn: &mut Conn, owner: UserId) -> QueryResult<i64> {
    table::table.filter(table::user_id.eq(owner)).count().get_result(conn)
}

/// Lists the direct children of a directory.
pub fn list_children(
    conn: &mut Conn,
    owner: UserId,
    parent: DirectoryId,
) -> QueryResult<Vec<Directory>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::parent_id.eq(parent))
        .order(table::directory_path.asc())
        .select(Directory::as_select())
        .load(conn)
}

/// Lists a directory and everything below it, deepest last. Since paths are sorted, a prefix is a range.
pub fn list_tree(conn: &mut Conn, owner: UserId, path: &str) -> QueryResult<Vec<Directory>> {
    // '0' is the character after '/'.
    let beneath = table::directory_path
        .gt(format!("{path}/"))
        .and(table::directory_path.lt(format!("{path}0")));
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::directory_path.eq(path).or(beneath))
        .order(table::directory_path.asc())
        .select(Directory::as_select())
        .load(conn)
}

/// Renames or moves a directory.
///
/// # Errors
/// `UniqueViolation` for a path that is taken.
pub fn update_path(
    conn: &mut Conn,
    owner: UserId,
    id: DirectoryId,
    name: &str,
    path: &str,
    at: Time,
) -> QueryResult<usize> {
    diesel::update(table::table.filter(table::user_id.eq(owner)).filter(table::directory_id.eq(id)))
        .set((
            table::directory_name.eq(name),
            table::directory_path.eq(path),
            table::last_modified.eq(at),
        ))
        .execute(conn)
}

/// Sets when the directory at `path` was created, modified and opened, for a directory whose dates are imported from
/// another application.
pub fn update_dates(
    conn: &mut Conn,
    owner: UserId,
    path: &str,
    added: Time,
    modified: Time,
    accessed: Time,
) -> QueryResult<usize> {
    diesel::update(
        table::table.filter(table::user_id.eq(owner)).filter(table::directory_path.eq(path)),
    )
    .set((
        table::date_added.eq(added),
        table::last_modified.eq(modified),
        table::last_accessed.eq(accessed),
    ))
    .execute(conn)
}

/// Records that the content of these directories changed.
pub fn update_modified(
    conn: &mut Conn,
    owner: UserId,
    ids: &[DirectoryId],
    at: Time,
) -> QueryResult<usize> {
    diesel::update(
        table::table
            .filter(table::user_id.eq(owner))
            .filter(table::directory_id.eq_any(ids.to_vec())),
    )
    .set(table::last_modified.eq(at))
    .execute(conn)
}

/// Records that the content of the directory at `path` changed.
pub fn update_modified_at(
    conn: &mut Conn,
    owner: UserId,
    path: &str,
    at: Time,
) -> QueryResult<usize> {
    diesel::update(
        table::table.filter(table::user_id.eq(owner)).filter(table::directory_path.eq(path)),
    )
    .set(table::last_modified.eq(at))
    .execute(conn)
}

/// Records that the directory at `path` was opened.
pub fn update_accessed(conn: &mut Conn, owner: UserId, path: &str, at: Time) -> QueryResult<usize> {
    diesel::update(
        table::table.filter(table::user_id.eq(owner)).filter(table::directory_path.eq(path)),
    )
    .set(table::last_accessed.eq(at))
    .execute(conn)
}

pub fn delete(conn: &mut Conn, owner: UserId, id: DirectoryId) -> QueryResult<usize> {
    diesel::delete(table::table.filter(table::user_id.eq(owner)).filter(table::directory_id.eq(id)))
        .execute(conn)
}

/// Deletes all directories of a user, with their account.
pub fn delete_all(conn: &mut Conn, owner: UserId) -> QueryResult<usize> {
    diesel::delete(table::table.filter(table::user_id.eq(owner))).execute(conn)
}

/// Counts the items of a directory outside the trash, and their bytes.
pub fn measure(conn: &mut Conn, owner: UserId, id: DirectoryId) -> QueryResult<(i64, i64)> {
    use diesel::dsl::{count_star, sql};
    use diesel::sql_types::BigInt;
    media_items::table
        .filter(media_items::user_id.eq(owner))
        .filter(media_items::directory_id.eq(id))
        .filter(media_items::placement.eq(Placement::Library))
        .filter(media_items::shelf.ne(Shelf::Motion))
        .select((count_star(), sql::<BigInt>("CAST(COALESCE(SUM(size), 0) AS SIGNED)")))
        .first(conn)
}
