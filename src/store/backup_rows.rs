//! Queries over several tables and all users, used by backup and restore only.

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{findings, libraries, media_items, site, user_directories, users};
use crate::model::finding::FindingState;
use crate::model::{FindingId, ItemId};

/// Rows fetched at once.
const PAGE_ROWS: i64 = 10_000;

/// An item's file.
#[derive(Debug, Queryable)]
pub struct StoredFile {
    pub item: ItemId,
    /// The user folder.
    pub folder: String,
    /// The directory in it.
    pub directory: String,
    pub name: String,
    pub sha256: String,
    /// Size in bytes.
    pub size: i64,
    /// Whether it was missing when it was last checked.
    pub is_missing: bool,
}

/// Passes the files of the items of all users to `take`, ordered by item id.
///
/// # Errors
/// Those of `take`.
pub fn each_file<E: From<diesel::result::Error>>(
    conn: &mut Conn,
    mut take: impl FnMut(StoredFile) -> Result<(), E>,
) -> Result<(), E> {
    let files = media_items::table
        .inner_join(
            user_directories::table
                .on(user_directories::directory_id.eq(media_items::directory_id)),
        )
        .inner_join(users::table.on(users::id.eq(media_items::user_id)))
        .select((
            media_items::id,
            users::folder,
            user_directories::directory_path,
            media_items::disk_name,
            media_items::sha256,
            media_items::size,
            media_items::is_missing,
        ));

    // The nil id sorts before every item id, so the first page begins with the first item.
    let mut after = ItemId(uuid::Uuid::nil());

    // In pages, because a client library may buffer a whole result.
    loop {
        let page: Vec<StoredFile> = files
            .filter(media_items::id.gt(after))
            .order(media_items::id)
            .limit(PAGE_ROWS)
            .load(conn)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.item;
        page.into_iter().try_for_each(&mut take)?;
    }
}

/// Returns the current location of an item's file (user folder, directory, name); `None` if the item was deleted.
pub fn find_place(conn: &mut Conn, id: ItemId) -> QueryResult<Option<(String, String, String)>> {
    media_items::table
        .inner_join(
            user_directories::table
                .on(user_directories::directory_id.eq(media_items::directory_id)),
        )
        .inner_join(users::table.on(users::id.eq(media_items::user_id)))
        .filter(media_items::id.eq(id))
        .select((users::folder, user_directories::directory_path, media_items::disk_name))
        .first(conn)
        .optional()
}

/// Lists all user folders.
pub fn list_folders(conn: &mut Conn) -> QueryResult<Vec<String>> {
    users::table.filter(users::folder.ne("")).select(users::folder).order(users::id).load(conn)
}

/// Passes the directories of all users to `take`: the user folder and the path in it.
///
/// # Errors
/// Those of `take`.
pub fn each_directory<E: From<diesel::result::Error>>(
    conn: &mut Conn,
    mut take: impl FnMut(String, String) -> Result<(), E>,
) -> Result<(), E> {
    let directories = user_directories::table
        .inner_join(users::table.on(users::id.eq(user_directories::user_id)))
        .select((users::folder, user_directories::directory_path));
    for row in directories.load_iter::<(String, String), DefaultLoadingMode>(conn)? {
        let (folder, path) = row?;
        take(folder, path)?;
    }
    Ok(())
}

/// Lists quarantined files: id, hash, size.
pub fn list_quarantined(conn: &mut Conn) -> QueryResult<Vec<(FindingId, String, i64)>> {
    findings::table
        .filter(findings::state.eq(FindingState::Quarantined))
        .select((findings::id, findings::sha256, findings::size))
        .load(conn)
}

/// Clears what a restore must not bring back: one-time codes, sessions, and bytes reserved for unfinished uploads.
pub fn update_clear_temporary(conn: &mut Conn) -> QueryResult<usize> {
    diesel::update(users::table)
        .set((
            users::session_token.eq(None::<String>),
            users::access_code.eq(None::<String>),
            users::reserved_bytes.eq(0_i64),
        ))
        .execute(conn)
}

/// Marks the item at this location (user folder, path of the directory, name on disk) as missing because its file is
/// not in the backup. Returns 0 if no item is there.
pub fn update_missing_at(
    conn: &mut Conn,
    folder: &str,
    path: &str,
    name: &str,
) -> QueryResult<usize> {
    // Selected first, because the databases have no common form of an update with joins.
    let id: Option<ItemId> = media_items::table
        .inner_join(
            user_directories::table
                .on(user_directories::directory_id.eq(media_items::directory_id)),
        )
        .inner_join(users::table.on(users::id.eq(media_items::user_id)))
        .filter(users::folder.eq(folder))
        .filter(user_directories::directory_path.eq(path))
        .filter(media_items::disk_name.eq(name))
        .select(media_items::id)
        .first(conn)
        .optional()?;

    let Some(id) = id else { return Ok(0) };
    diesel::update(media_items::table.find(id)).set(media_items::is_missing.eq(true)).execute(conn)
}

/// Marks all files as present; [`update_missing_at`] follows for those that are not.
pub fn update_all_there(conn: &mut Conn) -> QueryResult<usize> {
    diesel::update(media_items::table.filter(media_items::is_missing.eq(true)))
        .set(media_items::is_missing.eq(false))
        .execute(conn)
}

/// Returns the highest version of any library; 0 if there is none.
pub fn find_highest_version(conn: &mut Conn) -> QueryResult<i64> {
    let highest: Option<i64> =
        libraries::table.select(diesel::dsl::max(libraries::version)).first(conn)?;
    Ok(highest.unwrap_or(0))
}

/// Sets the version of every library.
pub fn update_versions(conn: &mut Conn, version: i64) -> QueryResult<usize> {
    diesel::update(libraries::table).set(libraries::version.eq(version)).execute(conn)
}

/// Returns the restore whose rows are in place and whose files still have to be exchanged.
pub fn find_restoring(conn: &mut Conn) -> QueryResult<Option<String>> {
    site::table.find(1).select(site::restoring).first(conn)
}

pub fn update_restoring(conn: &mut Conn, name: Option<&str>) -> QueryResult<usize> {
    diesel::update(site::table.find(1)).set(site::restoring.eq(name)).execute(conn)
}
