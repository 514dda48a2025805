//! One recording as a row: what the table of music shows and the player needs.

use super::tile::Tile;
use crate::domain::Services;
use crate::model::{Item, Track};

/// A row of the table of music.
pub struct Song {
    pub tile: Tile,
    pub title: String,
    /// Empty where nobody knows.
    pub artist: String,
    pub album: String,
    pub album_href: Option<String>,
    pub length: String,
    /// Track number; empty without one.
    pub number: String,
    /// Whether a browser may play it in place.
    pub is_playable: bool,
}

impl Song {
    pub fn of(item: &Item, track: Option<&Track>, services: &Services) -> Self {
        let tile = Tile::of(item, services);
        let place = track.map_or(0, |track| track.place % 1000);
        Self {
            title: track.map_or_else(|| item.name.clone(), |track| track.title.clone()),
            artist: track.map(|track| track.artist.clone()).unwrap_or_default(),
            album: track.map(|track| track.album.clone()).unwrap_or_default(),
            album_href: track.filter(|track| !track.album.is_empty()).map(|track| href(&track.artist_key, &track.album_key)),
            length: tile.duration.clone().unwrap_or_default(),
            number: if place > 0 { place.to_string() } else { String::new() },
            is_playable: tile.original.is_some(),
            tile,
        }
    }
}

/// Where an album is.
pub fn href(artist_key: &str, album_key: &str) -> String {
    let pairs = [("artist", artist_key), ("album", album_key)];
    format!("/albums?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}
