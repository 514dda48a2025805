//! `album_items`: what is in albums and playlists.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Bool, SmallInt, Text, Timestamp};
use uuid::Uuid;

use super::albums;
use super::keyset::PageDirection::{Greater, Less};
use super::keyset::keyset_predicate;
use crate::db::Conn;
use crate::db::schema::album_items as table;
use crate::model::{AlbumId, AlbumItem, AlbumSort, Cursor, Item, ItemId, UserId};

/// Rows of one statement.
const MAX_ROWS: usize = 100;

/// Inserts rows, a hundred with each statement.
pub fn insert_all(conn: &mut Conn, rows: &[AlbumItem]) -> QueryResult<()> {
    for rows in rows.chunks(MAX_ROWS) {
        let places = vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"; rows.len()].join(", ");
        let mut statement = sql_query(format!(
            "INSERT INTO album_items (album_id, item_id, copy, user_id, is_shown, shown_at, name_key, position, \
             added_by, added_at) VALUES {places}"
        ))
        .into_boxed::<<Conn as Connection>::Backend>();
        for row in rows {
            statement = statement
                .bind::<Binary, _>(row.album_id)
                .bind::<Binary, _>(row.item_id)
                .bind::<SmallInt, _>(row.copy)
                .bind::<BigInt, _>(row.user_id)
                .bind::<Bool, _>(row.is_shown)
                .bind::<BigInt, _>(row.shown_at)
                .bind::<Text, _>(row.name_key.clone())
                .bind::<BigInt, _>(row.position)
                .bind::<BigInt, _>(row.added_by)
                .bind::<Timestamp, _>(row.added_at);
        }
        statement.execute(conn)?;
    }
    Ok(())
}

/// Lists up to `limit` shown rows of an album after a position, in the order `sort` or, going back, the reverse.
pub fn list(
    conn: &mut Conn,
    album: AlbumId,
    (sort, is_reversed): (AlbumSort, bool),
    after: Option<&Cursor>,
    limit: i64,
) -> QueryResult<Vec<AlbumItem>> {
    let mut query = table::table
        .filter(table::is_shown.eq(true))
        .limit(limit)
        .select(AlbumItem::as_select())
        .into_boxed();
    // Comparing with a second, impossible album keeps one of the databases from reading the album from its beginning.
    query = if conn.misjudges_equality() {
        query.filter(table::album_id.eq(album).or(table::album_id.eq(AlbumId(Uuid::nil()))))
    } else {
        query.filter(table::album_id.eq(album))
    };
    let is_descending = (sort == AlbumSort::Newest) != is_reversed;
    let side = if is_descending { Less } else { Greater };

    query =
        match (sort, after) {
            (AlbumSort::Oldest | AlbumSort::Newest, Some(Cursor::Clock(at, id))) => query
                .filter(keyset_predicate(conn, (table::shown_at, table::item_id), side, (at, id))),
            (AlbumSort::Name, Some(Cursor::Name(name, id))) => query.filter(keyset_predicate(
                conn,
                (table::name_key, table::item_id),
                side,
                (name, id),
            )),
            (AlbumSort::Custom, Some(Cursor::Size(position, id))) => query.filter(
                keyset_predicate(conn, (table::position, table::item_id), side, (position, id)),
            ),
            _ => query,
        };
    // Ordering by the constant first columns lets both databases use the whole index.
    query = if is_descending {
        query.order((table::album_id.desc(), table::is_shown.desc()))
    } else {
        query.order((table::album_id.asc(), table::is_shown.asc()))
    };
    match (sort, is_descending) {
        (AlbumSort::Oldest | AlbumSort::Newest, true) => {
            query.then_order_by((table::shown_at.desc(), table::item_id.desc()))
        }
        (AlbumSort::Oldest | AlbumSort::Newest, false) => {
            query.then_order_by((table::shown_at.asc(), table::item_id.asc()))
        }
        (AlbumSort::Name, true) => {
            query.then_order_by((table::name_key.desc(), table::item_id.desc()))
        }
        (AlbumSort::Name, false) => {
            query.then_order_by((table::name_key.asc(), table::item_id.asc()))
        }
        (AlbumSort::Custom, true) => {
            query.then_order_by((table::position.desc(), table::item_id.desc()))
        }
        (AlbumSort::Custom, false) => {
            query.then_order_by((table::position.asc(), table::item_id.asc()))
        }
    }
    .load(conn)
}

/// Counts the shown rows of an album before a position in the order `sort`.
pub fn count_before(
    conn: &mut Conn,
    album: AlbumId,
    sort: AlbumSort,
    before: &Cursor,
) -> QueryResult<i64> {
    let mut query = table::table
        .filter(table::album_id.eq(album))
        .filter(table::is_shown.eq(true))
        .count()
        .into_boxed();
    query = match (sort, before) {
        (AlbumSort::Oldest, Cursor::Clock(at, id)) => {
            query.filter(keyset_predicate(conn, (table::shown_at, table::item_id), Less, (at, id)))
        }
        (AlbumSort::Newest, Cursor::Clock(at, id)) => query.filter(keyset_predicate(
            conn,
            (table::shown_at, table::item_id),
            Greater,
            (at, id),
        )),
        (AlbumSort::Name, Cursor::Name(name, id)) => query.filter(keyset_predicate(
            conn,
            (table::name_key, table::item_id),
            Less,
            (name, id),
        )),
        (AlbumSort::Custom, Cursor::Size(position, id)) => query.filter(keyset_predicate(
            conn,
            (table::position, table::item_id),
            Less,
            (position, id),
        )),
        _ => query,
    };
    query.get_result(conn)
}

/// Lists the rows of these items in an album.
pub fn list_of(conn: &mut Conn, album: AlbumId, ids: &[ItemId]) -> QueryResult<Vec<AlbumItem>> {
    table::table
        .filter(table::album_id.eq(album))
        .filter(table::item_id.eq_any(ids.to_vec()))
        .order((table::item_id.asc(), table::copy.asc()))
        .select(AlbumItem::as_select())
        .load(conn)
}

/// Lists the albums that an item is in.
pub fn list_albums(conn: &mut Conn, item: ItemId) -> QueryResult<Vec<AlbumId>> {
    table::table.filter(table::item_id.eq(item)).select(table::album_id).distinct().load(conn)
}

/// Counts all rows of an album, shown or not.
pub fn count(conn: &mut Conn, album: AlbumId) -> QueryResult<i64> {
    table::table.filter(table::album_id.eq(album)).count().get_result(conn)
}

/// The largest position in an album.
pub fn last_position(conn: &mut Conn, album: AlbumId) -> QueryResult<Option<i64>> {
    table::table
        .filter(table::album_id.eq(album))
        .select(diesel::dsl::max(table::position))
        .get_result(conn)
}

/// Lists the keys of all rows of an album in its custom order, shown or not.
pub fn list_positions(conn: &mut Conn, album: AlbumId) -> QueryResult<Vec<(ItemId, i16, i64)>> {
    table::table
        .filter(table::album_id.eq(album))
        .order((table::position.asc(), table::item_id.asc()))
        .select((table::item_id, table::copy, table::position))
        .load(conn)
}

pub fn update_position(
    conn: &mut Conn,
    album: AlbumId,
    (item, copy): (ItemId, i16),
    position: i64,
) -> QueryResult<usize> {
    diesel::update(table::table.find((album, item, copy)))
        .set(table::position.eq(position))
        .execute(conn)
}

/// Removes an item from an album, all of its copies.
pub fn delete(conn: &mut Conn, album: AlbumId, item: ItemId) -> QueryResult<usize> {
    diesel::delete(table::table.filter(table::album_id.eq(album)).filter(table::item_id.eq(item)))
        .execute(conn)
}

/// Copies what orders and hides an item to its rows in albums, and corrects how many items these show.
pub(super) fn follow(conn: &mut Conn, item: &Item) -> QueryResult<()> {
    let known = rows_of(conn, item.user_id, item.id)?;
    if known.is_empty() {
        return Ok(());
    }
    let is_shown = item.is_shown_in_albums();
    diesel::update(table::table.filter(table::item_id.eq(item.id)))
        .set((
            table::is_shown.eq(is_shown),
            table::shown_at.eq(item.shown_at),
            table::name_key.eq(&item.name_key),
        ))
        .execute(conn)?;
    for (album, was_shown) in known {
        if was_shown != is_shown {
            albums::update_count(conn, album, if is_shown { 1 } else { -1 })?;
        }
    }
    Ok(())
}

/// Corrects how many items the albums show that contain an item which is about to be deleted.
pub(super) fn forget(conn: &mut Conn, owner: UserId, item: ItemId) -> QueryResult<()> {
    for (album, _) in rows_of(conn, owner, item)?.into_iter().filter(|(_, is_shown)| *is_shown) {
        albums::update_count(conn, album, -1)?;
    }
    Ok(())
}

/// The album of each row of an item, and whether it is shown there.
fn rows_of(conn: &mut Conn, owner: UserId, item: ItemId) -> QueryResult<Vec<(AlbumId, bool)>> {
    table::table
        .filter(table::item_id.eq(item))
        .filter(table::user_id.eq(owner))
        .select((table::album_id, table::is_shown))
        .load(conn)
}
