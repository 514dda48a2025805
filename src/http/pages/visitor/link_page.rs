//! `/s/{token}`: an album or folder that its owner shares by link.

use std::collections::HashSet;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, web};
use askama::Template;

use super::open_link::ask;
use super::visitor_layout::VisitorLayout;
use crate::domain::library::album_page::AlbumQuery;
use crate::domain::library::listings::{Listing, ListingQuery, PAGE_ITEMS};
use crate::domain::previews;
use crate::domain::sharing::share_link_visits;
use crate::domain::sharing::shared_content;
use crate::error::{Error, Result};
use crate::http::extract::share_link::{LinkAddress, LinkVisit};
use crate::http::pages::components::cover::Cover;
use crate::http::pages::components::tile::{Picture, Source, Tile, find_track};
use crate::http::pages::components::track_row::TrackRow;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::library::album_head::cover_at;
use crate::http::pages::library::albums::song_heads;
use crate::http::pages::library::list_options::{ColumnHead, ListQuery};
use crate::http::pages::respond::{redirect, render_with_status};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{
    AlbumId, AlbumKind, AlbumSort, Directory, DirectoryId, Item, ShareLink, Sort, Subject,
    TimeZone, Track, now,
};
use crate::state::Services;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/s/{token}", || web::route().to(show_link)),
        Route::get("/s/{token}/albums/{album}", || web::route().to(show_album)),
        Route::get("/s/{token}/directories/{directory}", || web::route().to(show_directory)),
    ]
}

#[derive(Template)]
#[template(path = "pages/visitor/link.html")]
struct LinkPage {
    layout: VisitorLayout,
    title: String,
    description: String,
    summary: String,
    /// Addresses and names of what is above it.
    crumbs: Vec<(String, String)>,
    children: Vec<(String, String)>,
    albums: Vec<Cover>,
    tiles: Vec<Tile>,
    /// Rows of a playlist, instead of tiles.
    songs: Vec<TrackRow>,
    heads: Vec<ColumnHead>,
    is_album: bool,
    selectable: bool,
    total: i64,
    offset: i64,
    next: Option<String>,
    previous: Option<String>,
    /// The field that names this album or folder in a download.
    download: Option<(&'static str, String)>,
}

#[derive(serde::Deserialize)]
struct NextQuery {
    /// Where a visitor wanted to go who has not opened the link yet.
    #[serde(default)]
    next: String,
}

/// Shows what a link is for, or asks for its password. Opening it is a visit.
async fn show_link(
    address: LinkAddress,
    request: HttpRequest,
    query: web::Query<ListQuery>,
    next: web::Query<NextQuery>,
) -> HandlerResult {
    if !address.open.is_opened {
        return ask(&address, &next.next, None);
    }
    let visit = if request.method() == Method::GET { begin_visit(&address).await? } else { None };
    let link_cookie = visit.map(|visit| address.visit_cookie(visit));
    let list = query.into_inner();
    let mut response = match address.open.access.subject {
        Subject::Album(_) => album_page(address, None, list).await,
        Subject::Directory(_) => directory_page(address, None, list).await,
        Subject::Item(item) => redirect(&format!("{}/items/{item}", address.base())),
    }?;
    if let Some(cookie) = link_cookie {
        response.add_cookie(&cookie).map_err(Error::internal)?;
    }
    Ok(response)
}

/// Counts a visit of a link that is not opened by a form; `None` if this visitor's is counted already.
async fn begin_visit(address: &LinkAddress) -> Result<Option<String>> {
    let link = address.open.link.clone();
    if link.is_opened_by_form() || address.open.is_returning {
        return Ok(None);
    }
    let visit = run_blocking(&address.services, move |services| {
        share_link_visits::count_visit(services, &link)?;
        Ok(services.link_tokens.visit(&link, now() + share_link_visits::VISIT_LIFETIME))
    });
    Ok(Some(visit.await?))
}

async fn show_album(
    LinkVisit(visit): LinkVisit,
    path: web::Path<(String, String)>,
    query: web::Query<ListQuery>,
) -> HandlerResult {
    let album = AlbumId::parse(&path.1).ok_or(Error::NotFound)?;
    album_page(visit, Some(album), query.into_inner()).await
}

async fn show_directory(
    LinkVisit(visit): LinkVisit,
    path: web::Path<(String, String)>,
    query: web::Query<ListQuery>,
) -> HandlerResult {
    let directory = DirectoryId::parse(&path.1).ok_or(Error::NotFound)?;
    directory_page(visit, Some(directory), query.into_inner()).await
}

/// Shows one page of the album of a link, or of one inside of it.
async fn album_page(
    address: LinkAddress,
    inside: Option<AlbumId>,
    query: ListQuery,
) -> HandlerResult {
    let layout = VisitorLayout::new(&address)?;
    let (key, zone, link) = (address.key(), address.time_zone(), address.open.link.clone());
    let page = run_blocking(&address.services, move |services| {
        let wanted = AlbumQuery {
            sort: AlbumSort::parse(&query.sort),
            cursor: query.cursor.clone(),
            before: query.before.clone(),
            limit: PAGE_ITEMS,
        };
        let mut shown = shared_content::album(services, key, inside, &wanted)?.page;
        let listing = std::mem::replace(&mut shown.listing, Listing::empty());
        let (items, tracks) = (listing.items.clone(), listing.tracks.clone());
        let base = layout.base.clone();
        let href = |id: AlbumId| format!("{base}/albums/{id}");
        let is_top = shown.above.is_empty();
        let is_playlist = shown.album.kind == AlbumKind::Playlist;
        let path = if is_top { base.clone() } else { href(shown.album.id) };
        let mut page = LinkPage::new(services, layout, (&path, &query), listing, (&link, &zone));
        page.title = if is_top && !link.title.is_empty() { link.title } else { shown.album.name };
        page.description = shown.album.description;
        page.summary = count_of(shown.album.items, if is_playlist { "song" } else { "item" });
        page.total = shown.album.items;
        page.crumbs = shown.above.iter().map(|it| (href(it.id), it.name.clone())).collect();
        let media = format!("{base}/media");
        page.albums =
            shown.children.iter().map(|of| cover_at(of, href(of.album.id), &media)).collect();
        if is_playlist {
            page.songs = song_rows(&items, &tracks, std::mem::take(&mut page.tiles));
            page.heads = song_heads();
        }
        page.download = page
            .layout
            .may_save
            .then(|| ("album", shown.album.id.to_string()))
            .filter(|_| shown.album.items > 0);
        Ok(page)
    });
    render_with_status(StatusCode::OK, &page.await?)
}

/// Shows one page of the folder of a link, or of one inside of it.
async fn directory_page(
    address: LinkAddress,
    inside: Option<DirectoryId>,
    query: ListQuery,
) -> HandlerResult {
    let layout = VisitorLayout::new(&address)?;
    let (key, zone, link) = (address.key(), address.time_zone(), address.open.link.clone());
    let page = run_blocking(&address.services, move |services| {
        let shown = shared_content::directory(services, key, inside, |filter| ListingQuery {
            filter,
            sort: Sort::parse(&query.sort).unwrap_or(Sort::Newest),
            cursor: query.cursor.clone(),
            before: query.before.clone(),
            limit: PAGE_ITEMS,
        })?
        .page;
        let base = layout.base.clone();
        let href = |it: &Directory| format!("{base}/directories/{}", it.directory_id);
        let named = |it: &Directory| (href(it), v::folder_label(it).into_owned());
        let is_top = shown.above.is_empty();
        let path = if is_top { base.clone() } else { href(&shown.directory) };
        let children: Vec<_> = shown.listing.children.iter().map(named).collect();
        let (total, bytes) = shown.size;
        let mut page =
            LinkPage::new(services, layout, (&path, &query), shown.listing, (&link, &zone));
        page.title = if is_top && !link.title.is_empty() {
            link.title
        } else {
            v::folder_label(&shown.directory).into_owned()
        };
        page.summary = format!("{} · {}", count_of(total, "item"), v::size(bytes).words);
        page.total = total;
        page.crumbs = shown.above.iter().map(named).collect();
        page.download = page
            .layout
            .may_save
            .then(|| ("directory", shown.directory.directory_id.to_string()))
            .filter(|_| !page.tiles.is_empty() || !children.is_empty());
        page.children = children;
        Ok(page)
    });
    render_with_status(StatusCode::OK, &page.await?)
}

/// The rows of a playlist. A song may be in it more than once; its row has an id only the first time.
fn song_rows(items: &[Item], tracks: &[Track], tiles: Vec<Tile>) -> Vec<TrackRow> {
    let mut seen = HashSet::new();
    let row = |(item, mut tile): (&Item, Tile)| {
        tile.is_repeated = !seen.insert(tile.id.clone());
        // Albums of music are pages of the owner.
        TrackRow { album_href: None, ..TrackRow::from_item(item, find_track(item, tracks), tile) }
    };
    items.iter().zip(tiles).map(row).collect()
}

impl LinkPage {
    /// The page of a list; callers then set what differs between albums and folders.
    fn new(
        services: &Services,
        mut layout: VisitorLayout,
        (path, query): (&str, &ListQuery),
        listing: Listing,
        (link, zone): (&ShareLink, &TimeZone),
    ) -> Self {
        previews::prioritize(services, &listing.items);
        let source = |_: &Item| Source::below(&layout.base, link.gives, String::new());
        let mut tiles =
            Tile::from_items_of(&listing.items, &listing.tracks, services, zone, &source);
        if !link.shows_details {
            for tile in &mut tiles {
                tile.taken.clear();
            }
        }
        let first_page = query.first_page();
        let page = |query: ListQuery| query.href(path);
        let next = listing
            .next
            .map(|cursor| page(ListQuery { cursor: Some(cursor.encode()), ..first_page.clone() }));
        let previous = listing
            .previous
            .map(|cursor| page(ListQuery { before: Some(cursor.encode()), ..first_page.clone() }));
        let media = format!("{}/media", layout.base);
        let picture = listing.items.iter().find_map(|item| Picture::from_item_at(item, &media));
        let origin = services.settings.public_origin();
        layout.card = picture.zip(origin).map(|(picture, origin)| {
            format!("{origin}{}{}", services.settings.base_path(), picture.middle)
        });
        Self {
            selectable: layout.may_save,
            layout,
            title: String::new(),
            description: String::new(),
            summary: String::new(),
            crumbs: Vec::new(),
            children: Vec::new(),
            albums: Vec::new(),
            tiles,
            songs: Vec::new(),
            heads: Vec::new(),
            is_album: false,
            total: 0,
            offset: listing.offset,
            next,
            previous,
            download: None,
        }
    }
}
