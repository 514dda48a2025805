//! What the page of an album shows beside its items, and albums as covers.

use crate::domain::library::albums::AlbumCover;
use crate::http::pages::components::count_of;
use crate::http::pages::components::cover::Cover;
use crate::http::pages::components::tile::Picture;
use crate::model::{AlbumId, AlbumKind};

/// What the page of an album shows beside its items.
pub(super) struct AlbumHead {
    pub(super) id: AlbumId,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) is_playlist: bool,
    pub(super) above: Vec<(String, String)>,
    pub(super) children: Vec<Cover>,
    /// The orders that it can be kept in, and whether it is.
    pub(super) orders: Vec<(&'static str, &'static str, bool)>,
}

pub(super) fn album_href(id: AlbumId) -> String {
    format!("/albums/{id}")
}

/// An album as a cover with its name and number of items.
pub(super) fn cover(of: &AlbumCover) -> Cover {
    let (noun, icon) = match of.album.kind {
        AlbumKind::Album => ("item", "images"),
        AlbumKind::Playlist => ("song", "list-music"),
    };
    Cover {
        href: album_href(of.album.id),
        title: of.album.name.clone(),
        meta: count_of(of.album.items, noun),
        picture: of.cover.as_ref().and_then(Picture::from_item),
        icon,
    }
}
