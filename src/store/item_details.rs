//! `media_details` and `tracks`: metadata read from files.

use diesel::prelude::*;

use super::keyset::PageDirection::{Greater, Less};
use super::keyset::keyset_predicate;
use crate::db::Conn;
use crate::db::schema::{media_details, media_items, tracks};
use crate::model::{
    Cursor, Item, ItemDetails, ItemId, Placement, Shelf, SongKey, SongSort, Track, UserId,
};

pub fn find(conn: &mut Conn, owner: UserId, id: ItemId) -> QueryResult<Option<ItemDetails>> {
    let text: Option<String> = media_details::table
        .find(id)
        .filter(media_details::user_id.eq(owner))
        .select(media_details::facts)
        .first(conn)
        .optional()?;
    Ok(text.map(|text| ItemDetails::parse(&text)))
}

/// Lists the details of these items, in any order.
pub fn list(conn: &mut Conn, owner: UserId, ids: &[ItemId]) -> QueryResult<Vec<ItemDetails>> {
    let texts: Vec<String> = media_details::table
        .filter(media_details::user_id.eq(owner))
        .filter(media_details::item_id.eq_any(ids.to_vec()))
        .select(media_details::facts)
        .load(conn)?;
    Ok(texts.iter().map(|text| ItemDetails::parse(text)).collect())
}

/// Replaces the details of an item.
pub fn replace(
    conn: &mut Conn,
    owner: UserId,
    id: ItemId,
    details: &ItemDetails,
) -> QueryResult<()> {
    // Deleted and inserted, because the databases have no common form of an upsert.
    diesel::delete(media_details::table.find(id)).execute(conn)?;
    let row = (
        media_details::item_id.eq(id),
        media_details::user_id.eq(owner),
        media_details::facts.eq(details.to_json()),
    );
    diesel::insert_into(media_details::table).values(row).execute(conn)?;
    Ok(())
}

/// Replaces the track of an item.
pub fn replace_track(conn: &mut Conn, track: &Track) -> QueryResult<()> {
    diesel::delete(tracks::table.find(track.item_id)).execute(conn)?;
    diesel::insert_into(tracks::table).values(track).execute(conn)?;
    Ok(())
}

pub fn delete_track(conn: &mut Conn, owner: UserId, id: ItemId) -> QueryResult<usize> {
    diesel::delete(tracks::table.find(id).filter(tracks::user_id.eq(owner))).execute(conn)
}

/// Lists the tracks of these items.
pub fn list_tracks(conn: &mut Conn, owner: UserId, ids: &[ItemId]) -> QueryResult<Vec<Track>> {
    tracks::table
        .filter(tracks::user_id.eq(owner))
        .filter(tracks::item_id.eq_any(ids.to_vec()))
        .select(Track::as_select())
        .load(conn)
}

/// Lists a user's albums after `after` (artist and album keys), ordered by these keys: both keys, and the number of
/// tracks outside the trash.
pub fn list_albums(
    conn: &mut Conn,
    owner: UserId,
    artist: Option<&str>,
    after: Option<(&str, &str)>,
    limit: i64,
) -> QueryResult<Vec<(String, String, i64)>> {
    let mut query = tracks::table
        .inner_join(media_items::table)
        .filter(tracks::user_id.eq(owner))
        .filter(media_items::placement.eq(Placement::Library))
        .group_by((tracks::artist_key, tracks::album_key))
        .select((tracks::artist_key, tracks::album_key, diesel::dsl::count_star()))
        .order((tracks::artist_key.asc(), tracks::album_key.asc()))
        .limit(limit)
        .into_boxed();

    if let Some(artist) = artist {
        query = query.filter(tracks::artist_key.eq(artist.to_owned()));
    }
    // A greater artist, or the same artist and a greater album. The first condition is implied, but lets the index on
    // the artist be used.
    if let Some((artist, album)) = after {
        query = query.filter(tracks::artist_key.ge(artist.to_owned())).filter(
            tracks::artist_key.gt(artist.to_owned()).or(tracks::album_key.gt(album.to_owned())),
        );
    }
    query.load(conn)
}

/// Lists up to `limit` artists of albums of a user after `after`, each with the number of tracks outside the trash.
pub fn list_artists(
    conn: &mut Conn,
    owner: UserId,
    after: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<(String, i64)>> {
    let mut query = tracks::table
        .inner_join(media_items::table)
        .filter(tracks::user_id.eq(owner))
        .filter(media_items::placement.eq(Placement::Library))
        .group_by(tracks::artist_key)
        .select((tracks::artist_key, diesel::dsl::count_star()))
        .order(tracks::artist_key.asc())
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(tracks::artist_key.gt(after.to_owned()));
    }
    query.load(conn)
}

/// Lists up to `limit` tracks of an album outside the trash, ordered by disc and track number. `artist` and `album` are
/// the keys of the album.
pub fn list_album(
    conn: &mut Conn,
    owner: UserId,
    artist: &str,
    album: &str,
    limit: i64,
) -> QueryResult<Vec<Track>> {
    tracks::table
        .inner_join(media_items::table)
        .filter(tracks::user_id.eq(owner))
        .filter(tracks::artist_key.eq(artist))
        .filter(tracks::album_key.eq(album))
        .filter(media_items::placement.eq(Placement::Library))
        // The place is the disc and track number combined.
        .order((tracks::place.asc(), tracks::item_id.asc()))
        .limit(limit)
        .select(Track::as_select())
        .load(conn)
}

/// Lists songs outside the trash in an order, after a position.
pub fn list_songs(
    conn: &mut Conn,
    owner: UserId,
    sort: SongSort,
    after: Option<&Cursor>,
    limit: i64,
) -> QueryResult<Vec<(Track, Item)>> {
    let mut query = tracks::table
        .inner_join(media_items::table)
        .filter(tracks::user_id.eq(owner))
        .filter(media_items::placement.eq(Placement::Library))
        .filter(media_items::shelf.eq(Shelf::Audios))
        .select((Track::as_select(), Item::as_select()))
        .limit(limit)
        .into_boxed();

    let id = tracks::item_id;
    let side = if sort.is_descending { Less } else { Greater };
    query = match (sort.key, after) {
        (SongKey::Artist, Some(Cursor::Name(key, last))) => {
            query.filter(keyset_predicate(conn, (tracks::by_artist, id), side, (key, last)))
        }
        (SongKey::Album, Some(Cursor::Name(key, last))) => {
            query.filter(keyset_predicate(conn, (tracks::by_album, id), side, (key, last)))
        }
        (SongKey::Title, Some(Cursor::Name(key, last))) => {
            query.filter(keyset_predicate(conn, (tracks::by_title, id), side, (key, last)))
        }
        (SongKey::Duration, Some(Cursor::Size(key, last))) => {
            query.filter(keyset_predicate(conn, (tracks::duration_ms, id), side, (key, last)))
        }
        // The first page: a cursor is decoded for the order.
        _ => query,
    };

    match (sort.key, sort.is_descending) {
        (SongKey::Artist, false) => query.order((tracks::by_artist.asc(), id.asc())),
        (SongKey::Artist, true) => query.order((tracks::by_artist.desc(), id.desc())),
        (SongKey::Album, false) => query.order((tracks::by_album.asc(), id.asc())),
        (SongKey::Album, true) => query.order((tracks::by_album.desc(), id.desc())),
        (SongKey::Title, false) => query.order((tracks::by_title.asc(), id.asc())),
        (SongKey::Title, true) => query.order((tracks::by_title.desc(), id.desc())),
        (SongKey::Duration, false) => query.order((tracks::duration_ms.asc(), id.asc())),
        (SongKey::Duration, true) => query.order((tracks::duration_ms.desc(), id.desc())),
    }
    .load(conn)
}
