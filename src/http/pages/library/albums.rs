//! `/albums`: a user's albums and playlists, and the page of one. What changes them is in `album_actions`.

use std::collections::{HashMap, HashSet};

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::album_head::{self, AlbumHead, album_href, cover};
use super::list_options::{ColumnHead, ListOption, ListQuery, OptionGroup};
use super::shelf::ShelfPage;
use crate::domain::library::album_page::{self, AlbumPage, AlbumQuery};
use crate::domain::library::albums;
use crate::domain::library::listings::{Listing, PAGE_ITEMS, bad_cursor};
use crate::domain::previews;
use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::{album_comments, grantees};
use crate::error::Error;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components as v;
use crate::http::pages::components::cover::Cover;
use crate::http::pages::components::tile::Source;
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::render_uncached;
use crate::http::route::{HandlerResult, Route};
use crate::language::t;
use crate::model::{Album, AlbumId, AlbumKind, AlbumSort, Gives, Item, Level, Shelf, Subject};
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/albums", || web::route().to(show_albums)).in_space(Level::View),
        Route::get("/albums/{album}", || web::route().to(show_album)).in_space(Level::View),
    ]
}

#[derive(Deserialize)]
struct AlbumsQuery {
    #[serde(default)]
    kind: String,
    cursor: Option<String>,
    /// Of the former address of an album of music.
    artist: Option<String>,
    after_artist: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/library/albums.html")]
struct AlbumsPage {
    layout: Layout,
    kind: AlbumKind,
    covers: Vec<Cover>,
    next: Option<String>,
    is_first: bool,
}

impl AlbumsPage {
    fn is_of(&self, kind: &str) -> bool {
        self.kind.as_str() == kind
    }
}

/// Shows the albums or playlists; the former address of an album of music leads to where that is now.
async fn show_albums(
    current: CurrentUser,
    request: HttpRequest,
    query: web::Query<AlbumsQuery>,
) -> HandlerResult {
    if query.artist.is_some() || query.after_artist.is_some() {
        let moved = format!("/music/albums?{}", request.query_string());
        return Ok(HttpResponse::PermanentRedirect().insert_header((LOCATION, moved)).finish());
    }
    let kind = AlbumKind::parse(&query.kind).unwrap_or(AlbumKind::Album);
    let after = match &query.cursor {
        Some(text) => Some(albums::decode_position(text).ok_or_else(bad_cursor)?),
        None => None,
    };
    render_uncached(&current, "/albums", move |reader, input| {
        let user = &input.auth_session.clone().user;
        let (found, next) = albums::list(reader, user, kind, after)?;
        let shown: Vec<_> = found.iter().filter_map(|of| of.cover.clone()).collect();
        previews::prioritize(reader.services, &shown);
        Ok(AlbumsPage {
            layout: Layout::read(reader, input)?,
            kind,
            covers: found.iter().map(cover).collect(),
            next: next.map(|next| {
                let cursor = albums::encode_position(next);
                format!("/albums?kind={}&cursor={cursor}", kind.as_str())
            }),
            is_first: after.is_none(),
        })
    })
    .await
}

/// Shows one page of an album. Others may change what is in it, so it is read each time.
async fn show_album(
    current: CurrentUser,
    path: web::Path<String>,
    query: web::Query<ListQuery>,
) -> HandlerResult {
    let id = AlbumId::parse(&path).ok_or(Error::NotFound)?;
    let path = album_href(id);

    render_uncached(&current, &path.clone(), move |reader, input| {
        let services = reader.services;
        let auth_session = input.auth_session.clone();
        let user = &auth_session.user;
        let wanted = AlbumQuery {
            sort: AlbumSort::parse(&query.sort),
            cursor: query.cursor.clone(),
            before: query.before.clone(),
            limit: PAGE_ITEMS,
        };
        let mut shown = album_page::page(reader, &auth_session, id, &wanted)?;
        // With whom else an album is shared, and what they say, is not for those who see the whole library.
        let is_partner = auth_session.is_partner();
        let shared_with = if is_partner {
            (Vec::new(), 0)
        } else {
            grantees::list_names(reader, user, Subject::Album(id))?
        };
        let is_discussed = !is_partner && album_comments::has_any(reader, &shown.album)?;
        let listing = std::mem::replace(&mut shown.listing, Listing::empty());
        previews::prioritize(services, &listing.items);
        let layout = Layout::read(reader, input)?;
        let is_playlist = shown.album.kind == AlbumKind::Playlist;
        let shelf = if is_playlist { Shelf::Audios } else { Shelf::All };
        let names: HashMap<_, _> =
            shown.others.iter().map(|other| (other.id, name_of(other))).collect();
        let source = |item: &Item| match names.get(&item.user_id) {
            Some(name) => Source::below(&path, Gives::Originals, name.clone()),
            None => Source { query: format!("?album={id}"), ..Source::own() },
        };

        let title = shown.album.name.clone();
        let mut page = ShelfPage::with_sources(
            services,
            layout,
            (&title, &path, shelf),
            &query,
            listing,
            &source,
        );
        finish(&mut page, &shown, &query);
        page.summary = album_head::summary(&shown.album, user.id, "", &shown.others);
        page.empty = if is_playlist {
            msg!("This playlist is empty. Select songs in Music, and choose Album.")
        } else {
            msg!("This album is empty. Select photos, and choose Album.")
        };
        let head = AlbumHead::own(&shown);
        page.album = Some(AlbumHead {
            has_activity: head.has_activity || shared_with.1 > 0 || is_discussed,
            shared_with: album_head::shared_with_text(&shared_with),
            ..head
        });
        Ok(page)
    })
    .await
}

/// Sets what the pages of all albums have in common.
pub(crate) fn finish(page: &mut ShelfPage, shown: &AlbumPage, query: &ListQuery) {
    // A song may be in a playlist more than once; its row has an id only the first time.
    let mut seen = HashSet::new();
    for song in &mut page.songs {
        song.tile.is_repeated = !seen.insert(song.tile.id.clone());
    }
    page.total = shown.album.items;
    page.choices = options(query, &page.path, &shown.album, shown.sort);
    if shown.album.kind == AlbumKind::Playlist {
        page.heads = song_heads();
    }
}

/// The order in which the page is shown, and the size of its tiles.
fn options(query: &ListQuery, path: &str, album: &Album, sort: AlbumSort) -> Vec<OptionGroup> {
    if album.kind == AlbumKind::Playlist {
        return Vec::new();
    }
    let first_page = query.first_page();
    let choices = AlbumSort::ALL.map(|order| ListOption {
        // The album's own order needs no parameter.
        href: ListQuery {
            sort: if order == album.sort { String::new() } else { order.as_str().to_owned() },
            ..first_page.clone()
        }
        .href(path),
        label: t(order.title()).into_owned(),
        is_current: order == sort,
    });
    let order = OptionGroup { label: msg!("Order"), is_in_menu: true, choices: choices.into() };
    vec![order, query.size_group(path)]
}

/// The heads of a playlist, which has one order.
pub(crate) fn song_heads() -> Vec<ColumnHead> {
    let head = |label, class| ColumnHead { label, href: String::new(), direction: "", class };
    vec![
        head(msg!("Title"), ""),
        head(msg!("Artist"), "wide-cell"),
        head(msg!("Album"), "wide-cell"),
        head(msg!("Length"), "number"),
    ]
}
