//! Tracks: audio items by artist, album and title.

use diesel::prelude::*;

use super::{Item, ItemId, UserId};
use crate::db::schema::tracks;
use crate::media::Metadata;
use crate::media::sniff::split_extension;

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
            title,
            artist: text_or_empty(&facts.artist),
            artist_key: key(&album_artist),
            album_key: key(facts.album.as_deref().unwrap_or_default()),
            album: text_or_empty(&facts.album),
            album_artist,
            place,
        }
    }
}
