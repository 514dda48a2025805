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

/// Lists the first `limit` users whose items an album shows, each found by the index on them.
pub fn list_owners(conn: &mut Conn, album: AlbumId, limit: usize) -> QueryResult<Vec<UserId>> {
    let mut owners = Vec::new();
    while owners.len() < limit {
        let next: Option<UserId> = table::table
            .filter(table::album_id.eq(album))
            .filter(table::is_shown.eq(true))
            .filter(table::user_id.gt(owners.last().copied().unwrap_or(UserId(0))))
            .select(table::user_id)
            .order((table::album_id.asc(), table::is_shown.asc(), table::user_id.asc()))
            .first(conn)
            .optional()?;
        let Some(next) = next else { break };
        owners.push(next);
    }
    Ok(owners)
}

/// Lists the users of whose items an album hides some.
pub fn list_hidden_owners(conn: &mut Conn, album: AlbumId) -> QueryResult<Vec<UserId>> {
    table::table
        .filter(table::album_id.eq(album))
        .filter(table::is_shown.eq(false))
        .select(table::user_id)
        .distinct()
        .load(conn)
}

/// Records another user as the one who has added a user's items.
pub fn update_added_by(
    conn: &mut Conn,
    album: AlbumId,
    user: UserId,
    by: UserId,
) -> QueryResult<usize> {
    diesel::update(table::table.filter(table::album_id.eq(album)).filter(table::user_id.eq(user)))
        .set(table::added_by.eq(by))
        .execute(conn)
}

/// Lists what a user has added to an album.
pub fn list_added_by(conn: &mut Conn, album: AlbumId, user: UserId) -> QueryResult<Vec<ItemId>> {
    table::table
        .filter(table::album_id.eq(album))
        .filter(table::user_id.eq(user))
        .filter(table::added_by.eq(user))
        .select(table::item_id)
        .distinct()
        .order(table::item_id.asc())
        .load(conn)
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

/// Removes a row of an album. Returns whether it was shown, as far as this statement removed it: another transaction may
/// have hidden or removed it meanwhile.
pub fn delete(conn: &mut Conn, album: AlbumId, (item, copy): (ItemId, i16)) -> QueryResult<bool> {
    let row = table::table.find((album, item, copy));
    let shown = diesel::delete(row.filter(table::is_shown.eq(true))).execute(conn)?;
    diesel::delete(row).execute(conn)?;
    Ok(shown > 0)
}

/// Copies what orders and hides an item to its rows in albums, and corrects how many items these show.
pub(super) fn follow(conn: &mut Conn, item: &Item) -> QueryResult<()> {
    let known = rows_of(conn, item.user_id, Some(item.id))?;
    if known.is_empty() {
        return Ok(());
    }
    diesel::update(table::table.filter(table::item_id.eq(item.id)))
        .set((table::shown_at.eq(item.shown_at), table::name_key.eq(&item.name_key)))
        .execute(conn)?;
    update_shown(conn, item.user_id, &known, |_| item.is_shown_in_albums())
}

/// Corrects how many items the albums show that contain an item which is about to be deleted.
pub(super) fn forget(conn: &mut Conn, owner: UserId, item: ItemId) -> QueryResult<()> {
    let known = rows_of(conn, owner, Some(item))?;
    update_shown(conn, owner, &known, |_| false)
}

/// Hides a user's items in the albums of others, or shows them again, as `is_shown` says of each.
pub fn update_all_of_user(
    conn: &mut Conn,
    user: UserId,
    is_shown: impl Fn(ItemId) -> bool,
) -> QueryResult<()> {
    let mut known = rows_of(conn, user, None)?;
    known.retain(|row| row.album_owner != user);
    update_shown(conn, user, &known, is_shown)
}

/// Lists a user's items that are in albums of others.
pub fn list_in_albums_of_others(conn: &mut Conn, user: UserId) -> QueryResult<Vec<ItemId>> {
    let known = rows_of(conn, user, None)?;
    Ok(known.into_iter().filter(|row| row.album_owner != user).map(|row| row.item).collect())
}

/// An item in an album, once or several times.
struct KnownRow {
    album: AlbumId,
    album_owner: UserId,
    item: ItemId,
}

/// The albums of a user's item, or of all of their items.
fn rows_of(conn: &mut Conn, owner: UserId, item: Option<ItemId>) -> QueryResult<Vec<KnownRow>> {
    use crate::db::schema::albums as parents;
    let mut query = table::table
        .inner_join(parents::table)
        .filter(table::user_id.eq(owner))
        .select((table::album_id, parents::user_id, table::item_id))
        .distinct()
        .into_boxed();
    if let Some(item) = item {
        query = query.filter(table::item_id.eq(item));
    }
    let rows: Vec<(AlbumId, UserId, ItemId)> = query.load(conn)?;
    let rows =
        rows.into_iter().map(|(album, album_owner, item)| KnownRow { album, album_owner, item });
    Ok(rows.collect())
}

/// Hides or shows rows of a user's items, and corrects how many items the albums show. Items of a user who is not active
/// are hidden in the albums of others.
fn update_shown(
    conn: &mut Conn,
    owner: UserId,
    known: &[KnownRow],
    is_shown: impl Fn(ItemId) -> bool,
) -> QueryResult<()> {
    use crate::model::Status;
    let is_in_others = known.iter().any(|row| row.album_owner != owner);
    let is_active = !is_in_others
        || super::users::find(conn, owner)?.is_some_and(|user| user.status == Status::Active);
    for row in known {
        let is_shown = is_shown(row.item) && (is_active || row.album_owner == owner);
        // The rows that this statement changes are what is counted: the album's owner may be removing them.
        let rows = table::table
            .filter(table::album_id.eq(row.album))
            .filter(table::item_id.eq(row.item))
            .filter(table::is_shown.ne(is_shown));
        let changed = diesel::update(rows).set(table::is_shown.eq(is_shown)).execute(conn)?;
        if changed > 0 {
            let changed = i64::try_from(changed).unwrap_or(i64::MAX);
            albums::update_count(conn, row.album, if is_shown { changed } else { -changed })?;
        }
        // Another user's list of albums shows how many items there are.
        if row.album_owner != owner {
            super::library_versions::update_next(conn, row.album_owner)?;
        }
    }
    Ok(())
}
