//! `album_comments` and `album_hearts`: what users say about an album and its items.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{album_items, users};
use crate::db::sharing_schema::{album_comments as table, album_hearts};
use crate::model::{AlbumComment, AlbumHeart, AlbumId, CommentId, ItemId, Time, User, UserId};

pub fn insert(conn: &mut Conn, comment: &AlbumComment) -> QueryResult<usize> {
    diesel::insert_into(table::table).values(comment).execute(conn)
}

pub fn find(conn: &mut Conn, album: AlbumId, id: CommentId) -> QueryResult<Option<AlbumComment>> {
    table::table
        .find(id)
        .filter(table::album_id.eq(album))
        .select(AlbumComment::as_select())
        .first(conn)
        .optional()
}

pub fn delete(conn: &mut Conn, album: AlbumId, id: CommentId) -> QueryResult<usize> {
    diesel::delete(table::table.find(id).filter(table::album_id.eq(album))).execute(conn)
}

pub fn count_of_user(conn: &mut Conn, album: AlbumId, user: UserId) -> QueryResult<i64> {
    table::table
        .filter(table::user_id.eq(user))
        .filter(table::album_id.eq(album))
        .count()
        .get_result(conn)
}

pub fn has_any(conn: &mut Conn, album: AlbumId) -> QueryResult<bool> {
    let found: Option<CommentId> =
        table::table.filter(table::album_id.eq(album)).select(table::id).first(conn).optional()?;
    Ok(found.is_some())
}

/// Lists up to `limit` comments on an item of an album, the newest first, with their authors.
pub fn list_of_item(
    conn: &mut Conn,
    album: AlbumId,
    item: ItemId,
    limit: i64,
) -> QueryResult<Vec<(AlbumComment, User)>> {
    table::table
        .inner_join(users::table)
        .filter(table::item_id.eq(item))
        .filter(table::album_id.eq(album))
        .order(table::id.desc())
        .limit(limit)
        .select((AlbumComment::as_select(), User::as_select()))
        .load(conn)
}

/// Lists up to `limit` comments on an album and its items before a time, the newest first. Callers leave out those on
/// items that the album does not show: asked for here, one database would walk through the whole album for each.
pub fn list_before(
    conn: &mut Conn,
    album: AlbumId,
    before: Time,
    limit: i64,
) -> QueryResult<Vec<AlbumComment>> {
    table::table
        .filter(table::album_id.eq(album))
        .filter(table::created_at.lt(before))
        .order((table::created_at.desc(), table::id.desc()))
        .limit(limit)
        .select(AlbumComment::as_select())
        .load(conn)
}

pub fn find_heart(
    conn: &mut Conn,
    album: AlbumId,
    item: ItemId,
    user: UserId,
) -> QueryResult<Option<AlbumHeart>> {
    album_hearts::table
        .find((album, item, user))
        .select(AlbumHeart::as_select())
        .first(conn)
        .optional()
}

pub fn insert_heart(conn: &mut Conn, heart: &AlbumHeart) -> QueryResult<usize> {
    diesel::insert_into(album_hearts::table).values(heart).execute(conn)
}

pub fn delete_heart(
    conn: &mut Conn,
    album: AlbumId,
    item: ItemId,
    user: UserId,
) -> QueryResult<usize> {
    diesel::delete(album_hearts::table.find((album, item, user))).execute(conn)
}

/// Lists the users who like an item of an album, the first ones first.
pub fn list_hearts(conn: &mut Conn, album: AlbumId, item: ItemId) -> QueryResult<Vec<User>> {
    album_hearts::table
        .inner_join(users::table)
        .filter(album_hearts::album_id.eq(album))
        .filter(album_hearts::item_id.eq(item))
        .order((album_hearts::created_at.asc(), album_hearts::user_id.asc()))
        .select(User::as_select())
        .load(conn)
}

/// Lists up to `limit` hearts on items of an album before a time, the newest first, as [`list_before`].
pub fn list_hearts_before(
    conn: &mut Conn,
    album: AlbumId,
    before: Time,
    limit: i64,
) -> QueryResult<Vec<AlbumHeart>> {
    album_hearts::table
        .filter(album_hearts::album_id.eq(album))
        .filter(album_hearts::created_at.lt(before))
        .order((album_hearts::created_at.desc(), album_hearts::item_id.desc()))
        .limit(limit)
        .select(AlbumHeart::as_select())
        .load(conn)
}

/// Lists up to `limit` additions to an album before a time, the newest first: when, by whom, and how many items that it
/// still shows.
pub fn list_additions_before(
    conn: &mut Conn,
    album: AlbumId,
    before: Time,
    limit: i64,
) -> QueryResult<Vec<(Time, UserId, i64)>> {
    album_items::table
        .filter(album_items::album_id.eq(album))
        .filter(album_items::is_shown.eq(true))
        .filter(album_items::added_at.lt(before))
        .group_by((album_items::added_at, album_items::added_by))
        .order((album_items::added_at.desc(), album_items::added_by.desc()))
        .limit(limit)
        .select((album_items::added_at, album_items::added_by, diesel::dsl::count_star()))
        .load(conn)
}
