//! Music by artist and album.

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::item::ItemKind;
use crate::model::{Item, ItemId, Track, User, UserId};
use crate::state::Services;
use crate::store;

/// Albums per page.
const PAGE_ALBUMS: usize = 60;
/// Recordings shown of one album.
const MAX_TRACKS: i64 = 1000;

/// One album in the list.
pub struct Album {
    pub artist_key: String,
    pub album_key: String,
    /// Its first recording, which provides title, artist and cover.
    pub first: Track,
    pub cover: Option<Item>,
    /// If they were counted.
    pub tracks: Option<i64>,
}

/// Artist and album in lower case, by which albums are sorted and grouped.
pub type AlbumKey = (String, String);

/// One artist in the list.
pub struct Artist {
    pub key: String,
    pub name: String,
    pub cover: Option<Item>,
    /// If they were counted.
    pub tracks: Option<i64>,
}

/// An artist by key, with the cover of the first album; the tracks are not counted.
pub(super) fn find_artist(conn: &mut Conn, user: &User, key: &str) -> Result<Option<Artist>> {
    let albums = store::item_details::list_albums(conn, user.id, Some(key), None, 1)?;
    let Some((_, album, _)) = albums.into_iter().next() else { return Ok(None) };
    let found = find_cover(conn, user, key, &album)?;
    Ok(found.map(|album| Artist {
        key: album.artist_key,
        name: album.first.album_artist,
        cover: album.cover,
        tracks: None,
    }))
}

/// An album by its keys, with its first recording, which supplies title and cover; the tracks are not counted.
pub(super) fn find_cover(
    conn: &mut Conn,
    user: &User,
    artist_key: &str,
    album_key: &str,
) -> Result<Option<Album>> {
    let first = store::item_details::list_album(conn, user.id, artist_key, album_key, 1)?.pop();
    let Some(first) = first else { return Ok(None) };
    let cover = store::items::find(conn, user.id, first.item_id)?;
    let (artist_key, album_key) = (artist_key.to_owned(), album_key.to_owned());
    Ok(Some(Album { artist_key, album_key, first, cover, tracks: None }))
}

/// Returns a page of the artists of a user's albums, and the key after which the next page begins; `None` on the last
/// page.
pub fn list_artists(
    services: &Services,
    user: &User,
    after: Option<&str>,
) -> Result<(Vec<Artist>, Option<String>)> {
    services.db.read(|conn| {
        let limit = i64::try_from(PAGE_ALBUMS + 1).unwrap_or(i64::MAX);
        let mut rows = store::item_details::list_artists(conn, user.id, after, limit)?;
        let has_more = rows.len() > PAGE_ALBUMS;
        rows.truncate(PAGE_ALBUMS);
        let next = rows.last().filter(|_| has_more).map(|(key, _)| key.clone());

        let mut artists = Vec::new();
        for (key, tracks) in rows {
            let artist = find_artist(conn, user, &key)?;
            artists.extend(artist.map(|artist| Artist { tracks: Some(tracks), ..artist }));
        }
        Ok((artists, next))
    })
}

/// Returns a page of a user's albums, or of those of an artist, and the key (artist and album) after which the next page begins; `None` on the
/// last page.
pub fn list_albums(
    services: &Services,
    user: &User,
    artist: Option<&str>,
    after: Option<(&str, &str)>,
) -> Result<(Vec<Album>, Option<AlbumKey>)> {
    services.db.read(|conn| {
        // One more than a page shows whether there is another.
        let limit = i64::try_from(PAGE_ALBUMS + 1).unwrap_or(i64::MAX);
        let mut rows = store::item_details::list_albums(conn, user.id, artist, after, limit)?;
        let has_more = rows.len() > PAGE_ALBUMS;
        rows.truncate(PAGE_ALBUMS);

        let mut albums = Vec::new();
        for (artist_key, album_key, tracks) in rows {
            let album = find_cover(conn, user, &artist_key, &album_key)?;
            albums.extend(album.map(|album| Album { tracks: Some(tracks), ..album }));
        }

        let next = albums
            .last()
            .filter(|_| has_more)
            .map(|album| (album.artist_key.clone(), album.album_key.clone()));
        Ok((albums, next))
    })
}

/// One album: its recordings in order, each with its item.
///
/// # Errors
/// `NotFound` if the user has no recording of the album.
pub fn find_album(
    services: &Services,
    user: &User,
    artist: &str,
    album: &str,
) -> Result<Vec<(Track, Item)>> {
    services.db.read(|conn| {
        let tracks = store::item_details::list_album(conn, user.id, artist, album, MAX_TRACKS)?;
        let ids: Vec<ItemId> = tracks.iter().map(|track| track.item_id).collect();
        let items = store::items::list_of(conn, user.id, &ids)?;
        let with_item = |track: Track| {
            items.iter().find(|item| item.id == track.item_id).cloned().map(|item| (track, item))
        };
        let found: Vec<_> = tracks.into_iter().filter_map(with_item).collect();
        if found.is_empty() { Err(Error::NotFound) } else { Ok(found) }
    })
}

/// Tags of the recordings among these items.
pub fn find_tracks(conn: &mut Conn, owner: UserId, items: &[Item]) -> Result<Vec<Track>> {
    let music = items.iter().filter(|item| item.kind == ItemKind::Audio);
    let ids: Vec<ItemId> = music.map(|item| item.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(store::item_details::list_tracks(conn, owner, &ids)?)
}
