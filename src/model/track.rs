//! Tracks: audio items by artist, album and title.

use diesel::prelude::*;

use super::{Cursor, Item, ItemId, Sort, UserId};
use crate::db::schema::tracks;
use crate::media::Metadata;
use crate::media::sniff::split_extension;
use crate::storage::file_name::sort_key;

/// A row of `tracks`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = tracks)]
pub struct Track {
    pub item_id: ItemId,
    pub user_id: UserId,
    /// The file name if there is no title.
    pub title: String,
    /// Empty if unknown.
    pub artist: String,
    pub album: String,
    /// The artist if the file names no album artist.
    pub album_artist: String,
    /// Lower case, for sorting and grouping.
    pub artist_key: String,
    pub album_key: String,
    /// Disc and track number combined.
    pub place: i32,
    /// Sort keys: artist, album and place; album, artist and place; title.
    pub by_artist: String,
    pub by_album: String,
    pub by_title: String,
    /// 0 if unknown.
    pub duration_ms: i64,
}

/// Characters of one text in a sort key.
const KEY_CHARS: usize = 190;

/// Texts in the order in which they are compared.
fn joined_key(texts: [&str; 2], place: i32) -> String {
    let keys = texts.map(|text| sort_key(text).chars().take(KEY_CHARS).collect::<String>());
    // The separator sorts before every character of a text, so that a shorter text comes first.
    format!("{}\u{1}{}\u{1}{place:06}", keys[0], keys[1])
}

/// The columns by which songs are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SongKey {
    Artist,
    Album,
    Title,
    Duration,
}

/// An order of songs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SongSort {
    pub key: SongKey,
    pub is_descending: bool,
}

impl SongSort {
    /// Parses `album`, or `album-desc`; any other text is the order by artist.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (word, is_descending) = match text.strip_suffix("-desc") {
            Some(word) => (word, true),
            None => (text, false),
        };
        let key = match word {
            "album" => SongKey::Album,
            "title" => SongKey::Title,
            "duration" => SongKey::Duration,
            "artist" => SongKey::Artist,
            _ => return Self { key: SongKey::Artist, is_descending: false },
        };
        Self { key, is_descending }
    }

    /// The position after a song.
    #[must_use]
    pub fn cursor(self, track: &Track) -> Cursor {
        match self.key {
            SongKey::Artist => Cursor::Name(track.by_artist.clone(), track.item_id),
            SongKey::Album => Cursor::Name(track.by_album.clone(), track.item_id),
            SongKey::Title => Cursor::Name(track.by_title.clone(), track.item_id),
            SongKey::Duration => Cursor::Size(track.duration_ms, track.item_id),
        }
    }

    /// Decodes a position of this order.
    #[must_use]
    pub fn decode_cursor(self, text: &str) -> Option<Cursor> {
        let is_number = self.key == SongKey::Duration;
        Cursor::decode(text, if is_number { Sort::Largest } else { Sort::Name })
    }
}

/// The artist without the guests of one track, who would split the album: `Anna feat. Bertram`.
fn without_guests(artist: &str) -> String {
    let lower = artist.to_lowercase();
    // Lower case can have another length, for which the whole artist stays.
    let end = [" feat.", " feat ", " ft.", " featuring ", " (feat"]
        .iter()
        .filter_map(|word| lower.find(word))
        .min()
        .filter(|_| lower.len() == artist.len());
    end.and_then(|end| artist.get(..end)).unwrap_or(artist).trim_end().to_owned()
}

impl Track {
    /// Builds the row of a recording. Without a title the file name is used, and without an album artist the artist.
    #[must_use]
    pub fn from_metadata(item: &Item, facts: &Metadata) -> Self {
        let text_or_empty = |value: &Option<String>| value.clone().unwrap_or_default();
        let name = split_extension(&item.name).0;
        // Text columns hold 190 characters.
        let title = facts.title.clone().unwrap_or_else(|| name.chars().take(190).collect());
        let album_artist = facts
            .album_artist
            .clone()
            .unwrap_or_else(|| without_guests(facts.artist.as_deref().unwrap_or_default()));
        // One number that sorts by disc, then by track. Both are limited to 999, so that a track number never changes
        // the disc.
        let place = i32::from(facts.disc.unwrap_or(1).min(999)) * 1000
            + i32::from(facts.track.unwrap_or(0).min(999));
        // Keys are in lower case, so that spellings that differ only in case belong to the same artist or album.
        let key = |text: &str| text.to_lowercase().chars().take(190).collect();

        Self {
            item_id: item.id,
            user_id: item.user_id,
            artist: text_or_empty(&facts.artist),
            artist_key: key(&album_artist),
            album_key: key(facts.album.as_deref().unwrap_or_default()),
            album: text_or_empty(&facts.album),
            by_artist: joined_key(
                [&album_artist, facts.album.as_deref().unwrap_or_default()],
                place,
            ),
            by_album: joined_key(
                [facts.album.as_deref().unwrap_or_default(), &album_artist],
                place,
            ),
            by_title: sort_key(&title).chars().take(KEY_CHARS).collect(),
            duration_ms: item.duration_ms.unwrap_or(0),
            title,
            album_artist,
            place,
        }
    }
}
