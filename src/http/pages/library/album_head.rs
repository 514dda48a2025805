//! What the page of an album shows beside its items, and albums as covers.

use crate::domain::library::album_covers::AlbumCover;
use crate::domain::library::album_page::AlbumPage;
use crate::domain::sharing::notifications::name_of;
use crate::fill;
use crate::http::pages::components::count_of;
use crate::http::pages::components::cover::Cover;
use crate::http::pages::components::tile::Picture;
use crate::language::t;
use crate::model::{Album, AlbumId, AlbumKind, AlbumSort, User, UserId};
use crate::msg;

/// What the page of an album shows beside its items.
pub(crate) struct AlbumHead {
    pub(crate) id: AlbumId,
    /// The address of the album, below which those of its actions are.
    pub(crate) base: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) is_playlist: bool,
    /// Whether it is the user's, who may delete and share it.
    pub(crate) is_own: bool,
    pub(crate) may_edit: bool,
    pub(crate) may_remove: bool,
    pub(crate) may_save: bool,
    pub(crate) allows_comments: bool,
    /// Whether others see it, so that there is more than what its owner has done.
    pub(crate) has_activity: bool,
    /// Whom its owner shares it with; empty if nobody.
    pub(crate) shared_with: String,
    /// Addresses and names of what is above it.
    pub(crate) above: Vec<(String, String)>,
    pub(crate) children: Vec<Cover>,
    /// The orders that it can be kept in, and whether it is.
    pub(crate) orders: Vec<(&'static str, &'static str, bool)>,
}

impl AlbumHead {
    /// The head of the user's own album.
    pub(crate) fn own(page: &AlbumPage) -> Self {
        let album = &page.album;
        let list = match album.kind {
            AlbumKind::Album => ("/albums".to_owned(), t(msg!("Albums")).into_owned()),
            AlbumKind::Playlist => {
                ("/albums?kind=playlist".to_owned(), t(msg!("Playlists")).into_owned())
            }
        };
        let above = page.above.iter().map(|album| (album_href(album.id), album.name.clone()));
        Self {
            id: album.id,
            base: album_href(album.id),
            name: album.name.clone(),
            description: album.description.clone(),
            is_playlist: album.kind == AlbumKind::Playlist,
            is_own: true,
            may_edit: true,
            may_remove: true,
            may_save: true,
            allows_comments: album.allows_comments,
            has_activity: !page.others.is_empty(),
            shared_with: String::new(),
            above: std::iter::once(list).chain(above).collect(),
            children: page.children.iter().map(cover).collect(),
            orders: orders(album),
        }
    }
}

/// The orders that an album can be kept in.
pub(crate) fn orders(album: &Album) -> Vec<(&'static str, &'static str, bool)> {
    AlbumSort::ALL
        .iter()
        .filter(|order| album.kind == AlbumKind::Album || **order == AlbumSort::Custom)
        .map(|order| (order.as_str(), order.title(), *order == album.sort))
        .collect()
}

/// `Shared with Ada, Family and 3 more`.
pub(crate) fn shared_with_text((names, count): &(Vec<String>, usize)) -> String {
    let more = count - names.len();
    let names = names.join(", ");
    match (names.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => fill!("Shared with {names}", names = names),
        (false, more) => fill!("Shared with {names} and {more} more", names = names, more = more),
    }
}

/// `47 items by you, Ada and Tom`.
pub(crate) fn summary(album: &Album, viewer: UserId, owner: &str, others: &[User]) -> String {
    let noun = if album.kind == AlbumKind::Playlist { "song" } else { "item" };
    let count = count_of(album.items, noun);
    let mut names = Vec::new();
    if album.user_id != viewer {
        names.push(owner.to_owned());
    }
    names.extend(others.iter().filter(|user| user.id != viewer).map(name_of));
    let is_viewer_in = album.user_id == viewer || others.iter().any(|user| user.id == viewer);
    // Without others, nobody needs to be named.
    let by = match (names.as_slice(), is_viewer_in) {
        ([], _) => count,
        (names, true) => fill!("{count} by you, {names}", count = count, names = names.join(", ")),
        (names, false) => fill!("{count} by {names}", count = count, names = names.join(", ")),
    };
    if album.kind == AlbumKind::Playlist { format!("{} · {by}", t(msg!("Playlist"))) } else { by }
}

pub(crate) fn album_href(id: AlbumId) -> String {
    format!("/albums/{id}")
}

/// An album of the user as a cover with its name and number of items.
pub(super) fn cover(of: &AlbumCover) -> Cover {
    let href = album_href(of.album.id);
    let is_own = of.cover.as_ref().is_none_or(|item| item.user_id == of.album.user_id);
    let media = if is_own { "/media".to_owned() } else { format!("{href}/media") };
    cover_at(of, href, &media)
}

/// An album as a cover that leads to `href`, with a picture whose bytes are below `media`.
pub(crate) fn cover_at(of: &AlbumCover, href: String, media: &str) -> Cover {
    let (noun, icon) = match of.album.kind {
        AlbumKind::Album => ("item", "images"),
        AlbumKind::Playlist => ("song", "list-music"),
    };
    Cover {
        href,
        title: of.album.name.clone(),
        meta: count_of(of.album.items, noun),
        picture: of.cover.as_ref().and_then(|item| Picture::from_item_at(item, media)),
        icon,
        is_new: false,
    }
}
