//! An album or artist as a cover with a title.

use super::count_of;
use super::tile::Picture;
use super::track_row::{album_href, artist_href};
use crate::domain::library::music_albums::{Album, Artist};
use crate::language::t;
use crate::msg;

pub struct Cover {
    pub href: String,
    pub title: String,
    /// `Anna · 12 songs`.
    pub meta: String,
    pub picture: Option<Picture>,
    /// What is shown without a picture.
    pub icon: &'static str,
    /// Whether it is marked as new.
    pub is_new: bool,
}

pub fn album_title(album: &str) -> String {
    if album.is_empty() { t(msg!("No album")).into_owned() } else { album.into() }
}

pub fn artist_name(artist: &str) -> String {
    if artist.is_empty() { t(msg!("Unknown artist")).into_owned() } else { artist.into() }
}

impl Cover {
    pub fn from_album(album: &Album) -> Self {
        let songs = album.tracks.map(|tracks| count_of(tracks, "song"));
        let parts = [Some(artist_name(&album.first.album_artist)), songs];
        Self {
            href: album_href(&album.artist_key, &album.album_key),
            title: album_title(&album.first.album),
            meta: parts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
            picture: album.cover.as_ref().and_then(Picture::from_item),
            icon: "music",
            is_new: false,
        }
    }

    pub fn from_artist(artist: &Artist) -> Self {
        Self {
            href: artist_href(&artist.key),
            title: artist_name(&artist.name),
            meta: artist
                .tracks
                .map_or_else(|| t(msg!("Artist")).into_owned(), |tracks| count_of(tracks, "song")),
            picture: artist.cover.as_ref().and_then(Picture::from_item),
            icon: "user",
            is_new: false,
        }
    }
}
