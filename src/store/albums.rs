//! `albums`.

use diesel::prelude::*;

use super::keyset::PageDirection::Less;
use super::keyset::keyset_predicate;
use crate::db::Conn;
use crate::db::schema::albums as table;
use crate::model::{Album, AlbumId, AlbumKind, ItemId, Time, UserId};

pub fn insert(conn: &mut Conn, album: &Album) -> QueryResult<usize> {
    diesel::insert_into(table::table).values(album).execute(conn)
}

pub fn find(conn: &mut Conn, owner: UserId, id: AlbumId) -> QueryResult<Option<Album>> {
    table::table
        .find(id)
        .filter(table::user_id.eq(owner))
        .select(Album::as_select())
        .first(conn)
        .optional()
}

/// Finds the oldest album of that kind and name.
pub fn find_by_name(
    conn: &mut Conn,
    owner: UserId,
    kind: AlbumKind,
    name: &str,
    name_key: &str,
) -> QueryResult<Option<Album>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::name_key.eq(name_key))
        .filter(table::name.eq(name))
        .filter(table::kind.eq(kind))
        .order(table::id.asc())
        .select(Album::as_select())
        .first(conn)
        .optional()
}

/// Lists up to `limit` albums of a kind that are changed before `after`, the last changed ones first.
pub fn list(
    conn: &mut Conn,
    owner: UserId,
    kind: AlbumKind,
    after: Option<(Time, AlbumId)>,
    limit: i64,
) -> QueryResult<Vec<Album>> {
    let mut query = table::table
        .filter(table::user_id.eq(owner))
        .filter(table::kind.eq(kind))
        .order((table::updated_at.desc(), table::id.desc()))
        .limit(limit)
        .select(Album::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(keyset_predicate(conn, (table::updated_at, table::id), Less, after));
    }
    query.load(conn)
}

/// Lists the albums in an album, the last changed ones first.
pub fn list_children(conn: &mut Conn, owner: UserId, parent: AlbumId) -> QueryResult<Vec<Album>> {
    table::table
        .filter(table::parent_id.eq(parent))
        .filter(table::user_id.eq(owner))
        .order((table::updated_at.desc(), table::id.desc()))
        .select(Album::as_select())
        .load(conn)
}

/// Lists the albums of these ids.
pub fn list_of(conn: &mut Conn, owner: UserId, ids: &[AlbumId]) -> QueryResult<Vec<Album>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::id.eq_any(ids.to_vec()))
        .order((table::name_key.asc(), table::id.asc()))
        .select(Album::as_select())
        .load(conn)
}

/// Lists the names of all albums and playlists.
pub fn list_names(conn: &mut Conn, owner: UserId) -> QueryResult<Vec<(AlbumId, String)>> {
    table::table
        .filter(table::user_id.eq(owner))
        .order((table::name_key.asc(), table::id.asc()))
        .select((table::id, table::name))
        .load(conn)
}

pub fn count(conn: &mut Conn, owner: UserId) -> QueryResult<i64> {
    table::table.filter(table::user_id.eq(owner)).count().get_result(conn)
}

/// Writes the columns of an album that its owner can change, and when it was changed.
pub fn update(conn: &mut Conn, album: &Album) -> QueryResult<usize> {
    diesel::update(table::table.find(album.id).filter(table::user_id.eq(album.user_id)))
        .set((
            table::name.eq(&album.name),
            table::name_key.eq(&album.name_key),
            table::description.eq(&album.description),
            table::cover_id.eq(album.cover_id),
            table::sort.eq(album.sort),
            table::allows_comments.eq(album.allows_comments),
            table::updated_at.eq(album.updated_at),
        ))
        .execute(conn)
}

/// Adds to the number of items that an album shows.
pub fn update_count(conn: &mut Conn, id: AlbumId, difference: i64) -> QueryResult<usize> {
    diesel::update(table::table.find(id))
        .set(table::items.eq(table::items + difference))
        .execute(conn)
}

/// Adds to the number of items, and records when the album was changed.
pub fn update_changed(
    conn: &mut Conn,
    owner: UserId,
    id: AlbumId,
    difference: i64,
    at: Time,
) -> QueryResult<usize> {
    diesel::update(table::table.find(id).filter(table::user_id.eq(owner)))
        .set((table::items.eq(table::items + difference), table::updated_at.eq(at)))
        .execute(conn)
}

/// Removes the cover of all albums that show this item on it.
pub fn clear_cover(
    conn: &mut Conn,
    owner: UserId,
    album: AlbumId,
    item: ItemId,
) -> QueryResult<usize> {
    diesel::update(
        table::table.find(album).filter(table::user_id.eq(owner)).filter(table::cover_id.eq(item)),
    )
    .set(table::cover_id.eq(None::<ItemId>))
    .execute(conn)
}

pub fn delete(conn: &mut Conn, owner: UserId, id: AlbumId) -> QueryResult<usize> {
    diesel::delete(table::table.find(id).filter(table::user_id.eq(owner))).execute(conn)
}
