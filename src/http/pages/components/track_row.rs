//! One recording as a row of the music table.

use super::tile::{Tile, TrackLabel};
use crate::model::{Item, Track};

/// A row of the music table.
pub struct TrackRow {
    /// Has a `song` if the browser can play it.
    pub tile: Tile,
    pub description: TrackLabel,
    pub album_href: Option<String>,
    pub length: String,
    /// Track number; empty if unknown.
    pub number: String,
}

impl TrackRow {
    /// Creates a row of a track list from a recording, its tags and its tile.
    pub fn from_item(item: &Item, track: Option<&Track>, tile: Tile) -> Self {
        // `track.place` is the disc number times 1000 plus the track number; 0 if unknown.
        let place = track.map_or(0, |track| track.place % 1000);
        Self {
            description: TrackLabel::from_track(item, track),
            album_href: track
                .filter(|track| !track.album.is_empty())
                .map(|track| album_href(&track.artist_key, &track.album_key)),
            length: tile.duration.clone().unwrap_or_default(),
            number: if place > 0 { place.to_string() } else { String::new() },
            tile,
        }
    }
}

/// The address of an album's page.
pub fn album_href(artist_key: &str, album_key: &str) -> String {
    albums_href(&[("artist", artist_key), ("album", album_key)])
}

/// The albums page with these query parameters.
pub fn albums_href(pairs: &[(&str, &str)]) -> String {
    format!(
        "/music/albums?{}",
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    )
}

/// The page of an artist.
pub fn artist_href(artist_key: &str) -> String {
    albums_href(&[("artist", artist_key)])
}
