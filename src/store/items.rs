//! `media_items`.

use std::collections::BTreeMap;

use diesel::dsl::{AsSelect, IntoBoxed, Select};
use diesel::prelude::*;

use super::album_items;
use super::word_range::prefix_range;
use crate::db::Conn;
use crate::db::schema::{media_items as table, user_directories};
use crate::model::item::NewItem;
use crate::model::{DirectoryId, Item, ItemId, Placement, Shelf, Time, UserId, WallClock};

/// Inserts an item.
///
/// # Errors
/// `UniqueViolation` for a location that is taken.
pub fn insert(conn: &mut Conn, new: &NewItem) -> QueryResult<usize> {
    diesel::insert_into(table::table).values(new).execute(conn)
}

pub fn find(conn: &mut Conn, owner: UserId, id: ItemId) -> QueryResult<Option<Item>> {
    table::table
        .find(id)
        .filter(table::user_id.eq(owner))
        .select(Item::as_select())
        .first(conn)
        .optional()
}

/// Finds an item with the path of its directory.
pub fn find_with_path(
    conn: &mut Conn,
    owner: UserId,
    id: ItemId,
) -> QueryResult<Option<(Item, String)>> {
    table::table
        .inner_join(
            user_directories::table.on(user_directories::directory_id.eq(table::directory_id)),
        )
        .filter(table::id.eq(id))
        .filter(table::user_id.eq(owner))
        .select((Item::as_select(), user_directories::directory_path))
        .first(conn)
        .optional()
}

/// Lists up to `limit` items of all users after an item, ordered by id.
pub fn list_all_after(
    conn: &mut Conn,
    after: Option<ItemId>,
    limit: i64,
) -> QueryResult<Vec<Item>> {
    let mut query =
        table::table.order(table::id.asc()).limit(limit).select(Item::as_select()).into_boxed();
    if let Some(after) = after {
        query = query.filter(table::id.gt(after));
    }
    query.load(conn)
}

/// Lists up to `limit` items in these directories whose sort key begins with `prefix`.
pub fn list_by_prefix(
    conn: &mut Conn,
    owner: UserId,
    directories: &[DirectoryId],
    prefix: &str,
    limit: i64,
) -> QueryResult<Vec<Item>> {
    let (from, until) = prefix_range(prefix);
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::directory_id.eq_any(directories.to_vec()))
        .filter(table::placement.eq(Placement::Library))
        .filter(table::name_key.ge(from))
        .filter(table::name_key.lt(until))
        .order((table::name_key.asc(), table::id.asc()))
        .limit(limit)
        .select(Item::as_select())
        .load(conn)
}

/// Lists a user's items in the trash that come from a directory or one beneath it.
pub fn list_trashed_from(conn: &mut Conn, owner: UserId, path: &str) -> QueryResult<Vec<Item>> {
    // '0' is the character after '/'.
    let beneath =
        table::trashed_from.gt(format!("{path}/")).and(table::trashed_from.lt(format!("{path}0")));
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::placement.eq(Placement::Trash))
        .filter(table::trashed_from.eq(path).or(beneath))
        .select(Item::as_select())
        .load(conn)
}

/// Finds the item with this name on disk in the directory at `path`.
pub fn find_at(
    conn: &mut Conn,
    owner: UserId,
    path: &str,
    disk_name: &str,
) -> QueryResult<Option<ItemId>> {
    table::table
        .inner_join(
            user_directories::table.on(user_directories::directory_id.eq(table::directory_id)),
        )
        .filter(user_directories::user_id.eq(owner))
        .filter(user_directories::directory_path.eq(path))
        .filter(table::disk_name.eq(disk_name))
        .select(table::id)
        .first(conn)
        .optional()
}

/// Lists those of `ids` that belong to the user.
pub fn list_of(conn: &mut Conn, owner: UserId, ids: &[ItemId]) -> QueryResult<Vec<Item>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::id.eq_any(ids.to_vec()))
        .select(Item::as_select())
        .load(conn)
}

/// Finds an item of the user with the same content that is neither in the trash nor missing.
pub fn find_same_bytes(
    conn: &mut Conn,
    owner: UserId,
    sha256: &str,
    size: i64,
) -> QueryResult<Option<Item>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::sha256.eq(sha256))
        .filter(table::size.eq(size))
        .filter(table::placement.eq(Placement::Library))
        .filter(table::is_missing.eq(false))
        .select(Item::as_select())
        .first(conn)
        .optional()
}

/// Lists all of the user's items with the same content, including trashed and missing ones.
pub fn list_same_bytes(
    conn: &mut Conn,
    owner: UserId,
    sha256: &str,
    size: i64,
) -> QueryResult<Vec<Item>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::sha256.eq(sha256))
        .filter(table::size.eq(size))
        .order(table::id.asc())
        .select(Item::as_select())
        .load(conn)
}

/// Lists up to `limit` items of these directories.
pub fn list_in(
    conn: &mut Conn,
    owner: UserId,
    directories: &[DirectoryId],
    limit: i64,
) -> QueryResult<Vec<Item>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::directory_id.eq_any(directories.to_vec()))
        .limit(limit)
        .select(Item::as_select())
        .load(conn)
}

/// A query whose result is paged by id.
pub(super) type ById<'a> = IntoBoxed<'a, Select<table::table, AsSelect<Item, Backend>>, Backend>;
type Backend = <Conn as Connection>::Backend;

/// Loads the page after `after`.
pub(super) fn find_next_page(
    conn: &mut Conn,
    query: ById<'_>,
    after: Option<ItemId>,
    limit: i64,
) -> QueryResult<Vec<Item>> {
    let page = query.order(table::id.asc()).limit(limit);
    match after {
        Some(after) => page.filter(table::id.gt(after)).load(conn),
        None => page.load(conn),
    }
}

/// Lists the items of a directory after `after`, including trashed ones.
pub fn list_in_after(
    conn: &mut Conn,
    owner: UserId,
    directory: DirectoryId,
    after: Option<ItemId>,
    limit: i64,
) -> QueryResult<Vec<Item>> {
    let query = table::table.select(Item::as_select()).into_boxed();
    let query = query.filter(table::user_id.eq(owner)).filter(table::directory_id.eq(directory));
    find_next_page(conn, query, after, limit)
}

/// Counts the items and bytes on a shelf row by row, to check the stored counts.
pub fn count_on(conn: &mut Conn, owner: UserId, shelf: Shelf) -> QueryResult<(i64, i64)> {
    use diesel::dsl::sql;
    use diesel::sql_types::BigInt;

    let mut query = table::table
        .filter(table::user_id.eq(owner))
        .select((
            diesel::dsl::count_star(),
            // A sum may be returned as a decimal number; without rows it is NULL.
            sql::<BigInt>("CAST(COALESCE(SUM(size), 0) AS SIGNED)"),
        ))
        .into_boxed();

    query = query.filter(table::placement.eq(shelf.placement()));
    query = match shelf {
        Shelf::All | Shelf::Trash | Shelf::Received => query,
        Shelf::Favorites => {
            query.filter(table::favorite.eq(true)).filter(table::shelf.ne(Shelf::Motion))
        }
        shelf => query.filter(table::shelf.eq(shelf)),
    };
    query.first(conn)
}

/// Counts the items of a shelf per month row by row, to check the stored counts. The trash has no months.
pub fn count_months(
    conn: &mut Conn,
    owner: UserId,
    shelf: Shelf,
) -> QueryResult<BTreeMap<i32, i64>> {
    let rows = table::table
        .filter(table::user_id.eq(owner))
        .filter(table::placement.eq(Placement::Library))
        .select((table::shelf, table::favorite, table::shown_at));

    let mut months = BTreeMap::new();
    // Grouped here and not by SQL, because the date is stored as a number of milliseconds.
    for (item_shelf, favorite, at) in rows.load::<(Shelf, bool, WallClock)>(conn)? {
        let is_on = match shelf {
            Shelf::All => true,
            Shelf::Favorites => favorite && item_shelf != Shelf::Motion,
            shelf => item_shelf == shelf,
        };
        if is_on {
            *months.entry(at.month().number()).or_default() += 1;
        }
    }
    Ok(months)
}

/// Lists items of any user that were trashed before `before`.
pub fn list_trashed_before(conn: &mut Conn, before: Time, limit: i64) -> QueryResult<Vec<Item>> {
    table::table
        .filter(table::placement.eq(Placement::Trash))
        .filter(table::trashed_at.lt(before))
        .order(table::trashed_at.asc())
        .limit(limit)
        .select(Item::as_select())
        .load(conn)
}

/// Sets or clears the favorite mark of an item; 0 rows if it already has this value.
pub fn update_favorite(
    conn: &mut Conn,
    owner: UserId,
    id: ItemId,
    is_favorite: bool,
    at: Time,
) -> QueryResult<usize> {
    let item_to_change = table::table
        .find(id)
        .filter(table::user_id.eq(owner))
        .filter(table::favorite.ne(is_favorite));
    diesel::update(item_to_change)
        .set((table::favorite.eq(is_favorite), table::updated_at.eq(at)))
        .execute(conn)
}

/// Writes the directory, names and trash state of `item`.
///
/// # Errors
/// `UniqueViolation` for a location that is taken.
pub fn update_place(conn: &mut Conn, item: &Item) -> QueryResult<()> {
    diesel::update(table::table.find(item.id).filter(table::user_id.eq(item.user_id)))
        .set((
            table::directory_id.eq(item.directory_id),
            table::name.eq(&item.name),
            table::name_key.eq(&item.name_key),
            table::disk_name.eq(&item.disk_name),
            table::placement.eq(item.placement),
            table::trashed_at.eq(item.trashed_at),
            table::trashed_from.eq(item.trashed_from.as_deref()),
            table::updated_at.eq(item.updated_at),
        ))
        .execute(conn)?;
    album_items::follow(conn, item)
}

pub fn update_missing(
    conn: &mut Conn,
    owner: UserId,
    id: ItemId,
    is_missing: bool,
) -> QueryResult<usize> {
    diesel::update(table::table.find(id).filter(table::user_id.eq(owner)))
        .set(table::is_missing.eq(is_missing))
        .execute(conn)
}

pub fn update_damaged(
    conn: &mut Conn,
    owner: UserId,
    id: ItemId,
    is_damaged: bool,
) -> QueryResult<usize> {
    diesel::update(table::table.find(id).filter(table::user_id.eq(owner)))
        .set(table::is_damaged.eq(is_damaged))
        .execute(conn)
}

/// Writes the fields of `item` that follow from its bytes, with the status of their malware scan.
pub fn update_content(conn: &mut Conn, item: &Item) -> QueryResult<usize> {
    diesel::update(table::table.find(item.id).filter(table::user_id.eq(item.user_id)))
        .set((
            table::kind.eq(item.kind),
            table::shelf.eq(item.shelf),
            table::mime.eq(&item.mime),
            table::size.eq(item.size),
            table::sha256.eq(&item.sha256),
            table::is_missing.eq(item.is_missing),
            table::is_damaged.eq(item.is_damaged),
            table::scan.eq(item.scan),
            table::updated_at.eq(item.updated_at),
        ))
        .execute(conn)
}

/// Writes the columns of `item` that come from decoding its file: kind, preview, placeholder, dimensions, duration and
/// date.
pub fn update_preview(conn: &mut Conn, item: &Item) -> QueryResult<()> {
    diesel::update(table::table.find(item.id).filter(table::user_id.eq(item.user_id)))
        .set((
            table::kind.eq(item.kind),
            table::shelf.eq(item.shelf),
            table::mime.eq(&item.mime),
            table::preview.eq(item.preview),
            table::placeholder.eq(item.placeholder.as_deref()),
            table::motion_start.eq(item.motion_start),
            table::motion_bytes.eq(item.motion_bytes),
            table::content_id.eq(item.content_id.as_deref()),
            table::width.eq(item.width),
            table::height.eq(item.height),
            table::duration_ms.eq(item.duration_ms),
            table::shown_at.eq(item.shown_at),
            table::taken_offset.eq(item.taken_offset),
            table::taken_source.eq(item.taken_source),
            table::taken_precision.eq(item.taken_precision),
        ))
        .execute(conn)?;
    album_items::follow(conn, item)
}

/// Lists those of `ids` that exist, of any user.
pub fn list_known(conn: &mut Conn, ids: &[ItemId]) -> QueryResult<Vec<ItemId>> {
    table::table.filter(table::id.eq_any(ids.to_vec())).select(table::id).load(conn)
}

/// Records that an item was opened.
pub fn update_recent(conn: &mut Conn, owner: UserId, id: ItemId, at: Time) -> QueryResult<usize> {
    diesel::update(table::table.find(id).filter(table::user_id.eq(owner)))
        .set(table::recent_at.eq(at))
        .execute(conn)
}

pub fn delete(conn: &mut Conn, owner: UserId, id: ItemId) -> QueryResult<usize> {
    album_items::forget(conn, owner, id)?;
    diesel::delete(table::table.find(id).filter(table::user_id.eq(owner))).execute(conn)
}

/// Deletes all items of a user, with their account.
pub fn delete_all(conn: &mut Conn, owner: UserId) -> QueryResult<usize> {
    diesel::delete(table::table.filter(table::user_id.eq(owner))).execute(conn)
}
