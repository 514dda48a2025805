//! What a backup asks of several tables at once, of everybody: for the backup alone.

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{findings, libraries, media_items, site, user_directories, users};
use crate::model::finding::FindingState;
use crate::model::{FindingId, ItemId};

/// Rows fetched at once.
const PAGE_ROWS: i64 = 10_000;

/// A file that a row stands for.
#[derive(Debug, Queryable)]
pub struct StoredFile {
    pub item: ItemId,
    /// Its owner's folder.
    pub folder: String,
    /// The directory in it.
    pub directory: String,
    pub name: String,
    pub sha256: String,
    /// Bytes.
    pub size: i64,
    /// It was not there when somebody looked.
    pub is_missing: bool,
}

/// Everybody's files.
///
/// # Errors
/// The database's; what `take` says.
pub fn each_file<E: From<diesel::result::Error>>(
    conn: &mut Conn,
    mut take: impl FnMut(StoredFile) -> Result<(), E>,
) -> Result<(), E> {
    let files = media_items::table
        .inner_join(user_directories::table.on(user_directories::directory_id.eq(media_items::directory_id)))
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
    let mut after = ItemId(uuid::Uuid::nil());
    loop {
        let page: Vec<StoredFile> = files.filter(media_items::id.gt(after)).order(media_items::id).limit(PAGE_ROWS).load(conn)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.item;
        page.into_iter().try_for_each(&mut take)?;
    }
}

/// Where an item's file is now: its owner's folder, the directory in it, the name. `None` when it was deleted for good.
///
/// # Errors
/// The database's.
pub fn find_place(conn: &mut Conn, id: ItemId) -> QueryResult<Option<(String, String, String)>> {
    media_items::table
        .inner_join(user_directories::table.on(user_directories::directory_id.eq(media_items::directory_id)))
        .inner_join(users::table.on(users::id.eq(media_items::user_id)))
        .filter(media_items::id.eq(id))
        .select((users::folder, user_directories::directory_path, media_items::disk_name))
        .first(conn)
        .optional()
}

/// Everybody's folders.
///
/// # Errors
/// The database's.
pub fn list_folders(conn: &mut Conn) -> QueryResult<Vec<String>> {
    users::table.select(users::folder).order(users::id).load(conn)
}

/// Everybody's directories: the folder, and the path in it.
///
/// # Errors
/// The database's; what `take` says.
pub fn each_directory<E: From<diesel::result::Error>>(
    conn: &mut Conn,
    mut take: impl FnMut(String, String) -> Result<(), E>,
) -> Result<(), E> {
    let all = user_directories::table
        .inner_join(users::table.on(users::id.eq(user_directories::user_id)))
        .select((users::folder, user_directories::directory_path));
    for row in all.load_iter::<(String, String), DefaultLoadingMode>(conn)? {
        let (folder, path) = row?;
        take(folder, path)?;
    }
    Ok(())
}

/// Files in quarantine: the id they lie under, the hash, the bytes.
///
/// # Errors
/// The database's.
pub fn list_quarantined(conn: &mut Conn) -> QueryResult<Vec<(FindingId, String, i64)>> {
    findings::table
        .filter(findings::state.eq(FindingState::Quarantined))
        .select((findings::id, findings::sha256, findings::size))
        .load(conn)
}

/// Forgets what must not come back with a backup: codes that let somebody in, and room held for unfinished uploads.
///
/// # Errors
/// The database's.
pub fn update_forget_passing(conn: &mut Conn) -> QueryResult<usize> {
    diesel::update(users::table)
        .set((users::session_token.eq(None::<String>), users::access_code.eq(None::<String>), users::reserved_bytes.eq(0_i64)))
        .execute(conn)
}

/// Marks an item whose bytes are not in the backup.
///
/// # Errors
/// The database's.
pub fn update_missing_at(conn: &mut Conn, folder: &str, path: &str, name: &str) -> QueryResult<usize> {
    let id: Option<ItemId> = media_items::table
        .inner_join(user_directories::table.on(user_directories::directory_id.eq(media_items::directory_id)))
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

/// Says that all files are there, until [`update_missing_at`] says otherwise.
///
/// # Errors
/// The database's.
pub fn update_all_there(conn: &mut Conn) -> QueryResult<usize> {
    diesel::update(media_items::table.filter(media_items::is_missing.eq(true)))
        .set(media_items::is_missing.eq(false))
        .execute(conn)
}

/// The highest version of anybody's library; 0 where there is nobody.
///
/// # Errors
/// The database's.
pub fn find_highest_version(conn: &mut Conn) -> QueryResult<i64> {
    let highest: Option<i64> = libraries::table.select(diesel::dsl::max(libraries::version)).first(conn)?;
    Ok(highest.unwrap_or(0))
}

/// Gives everybody's library that version.
///
/// # Errors
/// The database's.
pub fn update_versions(conn: &mut Conn, version: i64) -> QueryResult<usize> {
    diesel::update(libraries::table).set(libraries::version.eq(version)).execute(conn)
}

/// The restore whose tables stand and whose files are still to be put in their places.
///
/// # Errors
/// The database's.
pub fn find_restoring(conn: &mut Conn) -> QueryResult<Option<String>> {
    site::table.find(1).select(site::restoring).first(conn)
}

/// # Errors
/// The database's.
pub fn update_restoring(conn: &mut Conn, name: Option<&str>) -> QueryResult<usize> {
    diesel::update(site::table.find(1)).set(site::restoring.eq(name)).execute(conn)
}
