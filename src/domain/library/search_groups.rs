//! What a search found, by group: folders, albums of the user, artists and albums of music, and the years, cameras and
//! kinds among the items. Also what the search box suggests while the user is typing.

use std::collections::BTreeMap;

use super::album_covers::AlbumCover;
use super::albums;
use super::music_albums::{self, Album, Artist};
use super::reader::LibraryReader;
use super::search::{find_directories, query_words, search, words};
use crate::error::Result;
use crate::model::item::ItemKind;
use crate::model::item_filter::ItemFilter;
use crate::model::{Directory, Item, ItemId, ItemPlace, Shelf, Track, User, YearMonth};
use crate::store;

/// Items that are read to make the groups.
const MAX_COUNTED: usize = 300;
/// Entries of each group.
const MAX_COVERS: usize = 6;
const MAX_VALUES: usize = 8;
/// Entries of each group among the suggestions.
const MAX_SUGGESTED: usize = 3;

/// The groups of a search.
#[derive(Default)]
pub struct SearchGroups {
    /// Items found, up to `MAX_COUNTED`.
    pub count: usize,
    /// Whether there are more than `count`.
    pub has_more: bool,
    pub directories: Vec<Directory>,
    /// Albums and playlists that the user has made.
    pub own_albums: Vec<AlbumCover>,
    pub artists: Vec<Artist>,
    pub albums: Vec<Album>,
    /// The years, latest first; the cameras, most frequent first; the kinds. Each with its number of items.
    pub years: Vec<(i32, usize)>,
    pub cameras: Vec<(String, usize)>,
    /// `Lisbon, Portugal`, most frequent first.
    pub places: Vec<(String, usize)>,
    pub kinds: Vec<(ItemKind, usize)>,
}

/// Something that a search box offers.
pub enum Suggestion {
    Directory(Directory),
    OwnAlbum(Box<AlbumCover>),
    Artist(Box<Artist>),
    Album(Box<Album>),
    Camera(String),
    /// `Lisbon, Portugal`.
    Place(String),
    Month(YearMonth),
}

/// Finds the groups of a search for `text`; `filter` has the words and what else narrows it.
///
/// # Errors
/// Database errors.
pub fn find_groups(
    reader: &mut LibraryReader<'_>,
    user: &User,
    text: &str,
    filter: &ItemFilter,
) -> Result<SearchGroups> {
    let directories = find_directories(&reader.summary()?.directories, text);
    let (items, next) = search(reader.conn, user.id, filter, None, MAX_COUNTED)?;

    let mut years = BTreeMap::new();
    let mut kinds = BTreeMap::new();
    for item in &items {
        *years.entry(item.shown_at.month().year).or_insert(0) += 1;
        *kinds.entry(item.kind.as_str()).or_insert(0) += 1;
    }
    let of_kind = |(word, count)| ItemKind::parse(word).map(|kind| (kind, count));

    let tracks = music_albums::find_tracks(reader.conn, user.id, &items)?;
    let prefixes = query_words(text);
    Ok(SearchGroups {
        count: items.len(),
        has_more: next.is_some(),
        directories,
        own_albums: if prefixes.is_empty() {
            Vec::new()
        } else {
            let is_match = |name: &str| has_all(name, &prefixes);
            albums::find_named(reader.conn, user, is_match, MAX_COVERS)?
        },
        artists: find_artists(reader, user, &tracks, &prefixes)?,
        albums: find_albums(reader, user, &tracks, &prefixes)?,
        years: years.into_iter().rev().take(MAX_VALUES).collect(),
        cameras: count_cameras(reader, user, &items)?,
        places: count_places(reader, user, &items)?,
        kinds: kinds.into_iter().filter_map(of_kind).collect(),
    })
}

/// What a search box offers for `text`, of which the last word may be unfinished.
///
/// # Errors
/// Database errors.
pub fn suggest(reader: &mut LibraryReader<'_>, user: &User, text: &str) -> Result<Vec<Suggestion>> {
    let prefixes = query_words(text);
    if prefixes.is_empty() {
        return Ok(Vec::new());
    }
    let filter = ItemFilter { words: Some(prefixes.clone()), ..ItemFilter::shelf(Shelf::All) };
    let groups = find_groups(reader, user, text, &filter)?;
    let months = reader.library.months(reader.conn, Shelf::Timeline)?;
    let is_month = |month: &YearMonth| has_all(&month.to_string(), &prefixes);
    let is_camera = |camera: &String| has_all(camera, &prefixes);

    let mut suggestions: Vec<Suggestion> =
        groups.directories.into_iter().take(MAX_SUGGESTED).map(Suggestion::Directory).collect();
    let own_albums = groups.own_albums.into_iter().take(MAX_SUGGESTED);
    suggestions.extend(own_albums.map(Box::new).map(Suggestion::OwnAlbum));
    suggestions.extend(
        groups.artists.into_iter().take(MAX_SUGGESTED).map(Box::new).map(Suggestion::Artist),
    );
    suggestions
        .extend(groups.albums.into_iter().take(MAX_SUGGESTED).map(Box::new).map(Suggestion::Album));
    let cameras = groups.cameras.into_iter().map(|(camera, _)| camera).filter(is_camera);
    suggestions.extend(cameras.take(MAX_SUGGESTED).map(Suggestion::Camera));
    let places = groups.places.into_iter().map(|(place, _)| place);
    let places = places.filter(|place| has_all(place, &prefixes));
    suggestions.extend(places.take(MAX_SUGGESTED).map(Suggestion::Place));
    let months = months.iter().map(|(month, _)| *month).filter(is_month);
    suggestions.extend(months.take(MAX_SUGGESTED).map(Suggestion::Month));
    Ok(suggestions)
}

/// Whether `text` has all of these as beginnings of words.
fn has_all(text: &str, prefixes: &[String]) -> bool {
    let words = words(text);
    prefixes.iter().all(|prefix| words.iter().any(|word| word.starts_with(prefix)))
}

/// The artists of these tracks whose names were searched for.
fn find_artists(
    reader: &mut LibraryReader<'_>,
    user: &User,
    tracks: &[Track],
    prefixes: &[String],
) -> Result<Vec<Artist>> {
    let mut keys: Vec<&str> = Vec::new();
    for track in tracks {
        let is_new = !keys.contains(&track.artist_key.as_str());
        if is_new && keys.len() < MAX_COVERS && has_all(&track.album_artist, prefixes) {
            keys.push(&track.artist_key);
        }
    }
    let mut artists = Vec::new();
    for key in keys {
        artists.extend(music_albums::find_artist(reader.conn, user, key)?);
    }
    Ok(artists)
}

/// The albums of these tracks whose titles, with the names of their artists, were searched for.
fn find_albums(
    reader: &mut LibraryReader<'_>,
    user: &User,
    tracks: &[Track],
    prefixes: &[String],
) -> Result<Vec<Album>> {
    let mut keys: Vec<(&str, &str)> = Vec::new();
    for track in tracks.iter().filter(|track| !track.album.is_empty()) {
        let key = (track.artist_key.as_str(), track.album_key.as_str());
        let is_new = keys.len() < MAX_COVERS && !keys.contains(&key);
        if is_new && has_all(&format!("{} {}", track.album, track.album_artist), prefixes) {
            keys.push(key);
        }
    }
    let mut albums = Vec::new();
    for (artist, album) in keys {
        albums.extend(music_albums::find_cover(reader.conn, user, artist, album)?);
    }
    Ok(albums)
}

/// The cameras of these items, most frequent first.
fn count_cameras(
    reader: &mut LibraryReader<'_>,
    user: &User,
    items: &[Item],
) -> Result<Vec<(String, usize)>> {
    let details = store::item_details::list(reader.conn, user.id, &taken_ids(items))?;
    Ok(most_frequent(details.into_iter().filter_map(|details| details.metadata.camera)))
}

/// The cities of these items, most frequent first.
fn count_places(
    reader: &mut LibraryReader<'_>,
    user: &User,
    items: &[Item],
) -> Result<Vec<(String, usize)>> {
    let places = store::item_places::list(reader.conn, user.id, &taken_ids(items))?;
    let names = places.iter().map(ItemPlace::name);
    Ok(most_frequent(names.filter(|name| !name.is_empty())))
}

/// The ids of the photos and videos among these items.
fn taken_ids(items: &[Item]) -> Vec<ItemId> {
    let taken = items.iter().filter(|item| matches!(item.kind, ItemKind::Photo | ItemKind::Video));
    taken.map(|item| item.id).collect()
}

fn most_frequent(values: impl Iterator<Item = String>) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_insert(0) += 1;
    }
    let mut counted: Vec<_> = counts.into_iter().collect();
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counted.truncate(MAX_VALUES);
    counted
}
