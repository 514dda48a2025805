//! `/s/{token}`: an album or folder that its owner shares by link.

use std::collections::HashSet;

use actix_web::{HttpRequest, web};
use askama::Template;

use super::link_upload;
use super::open_link::ask;
use super::visitor_layout::VisitorLayout;
use crate::domain::library::album_page::AlbumQuery;
use crate::domain::library::listings::{Listing, ListingQuery, PAGE_ITEMS};
use crate::domain::previews;
use crate::domain::sharing::access::Access;
use crate::domain::sharing::shared_content::{self, SharedAlbum, SharedDirectory};
use crate::error::{Error, Result};
use crate::http::extract::share_link::{LinkAddress, LinkVisit};
use crate::http::pages::components::cover::Cover;
use crate::http::pages::components::tile::{Picture, Source, Tile, find_track};
use crate::http::pages::components::track_row::TrackRow;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::library::album_head::cover_at;
use crate::http::pages::library::albums::song_heads;
use crate::http::pages::library::list_options::ColumnHead;
use crate::http::pages::respond::redirect;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::authority::ShareKey;
use crate::model::{
    AlbumId, AlbumKind, AlbumSort, Cursor, Directory, DirectoryId, Item, ShareLink, Sort, Subject,
    TimeZone, Track,
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

/// Which part of a list. Positions are items of it, except in an order that the owner has arranged.
#[derive(serde::Deserialize)]
struct LinkQuery {
    cursor: Option<String>,
    before: Option<String>,
    /// Where a visitor wanted to go who has not opened the link yet.
    #[serde(default)]
    next: String,
}

impl LinkQuery {
    /// `cursor` and `before` as cursors of a list.
    fn positions(
        &self,
        services: &Services,
        key: ShareKey,
        inside: Option<AlbumId>,
    ) -> Result<(Option<String>, Option<String>)> {
        let position = |text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| shared_content::cursor_of(services, key, inside, text)).transpose()
        };
        Ok((position(&self.cursor)?, position(&self.before)?))
    }
}

/// Shows what a link is for, or asks for its password. Opening it is a visit.
async fn show_link(
    address: LinkAddress,
    request: HttpRequest,
    query: web::Query<LinkQuery>,
) -> HandlerResult {
    if !address.open.is_opened {
        return ask(&address, &query.next, None);
    }
    if !address.open.access.is_shown {
        return link_upload::upload_page(&request, address, Vec::new()).await;
    }
    match address.open.access.subject {
        Subject::Album(_) => album_page(&request, address, None, query.into_inner()).await,
        Subject::Directory(_) => directory_page(&request, address, None, query.into_inner()).await,
        // Its page counts the visit.
        Subject::Item(item) => redirect(&format!("{}/items/{item}", address.base())),
        // Spaces have no links.
        Subject::Library(_) => Err(Error::NotFound.into()),
    }
}

async fn show_album(
    LinkVisit(visit): LinkVisit,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: web::Query<LinkQuery>,
) -> HandlerResult {
    let album = AlbumId::parse(&path.1).ok_or(Error::NotFound)?;
    album_page(&request, visit, Some(album), query.into_inner()).await
}

async fn show_directory(
    LinkVisit(visit): LinkVisit,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: web::Query<LinkQuery>,
) -> HandlerResult {
    let directory = DirectoryId::parse(&path.1).ok_or(Error::NotFound)?;
    directory_page(&request, visit, Some(directory), query.into_inner()).await
}

/// Shows one page of the album of a link, or of one inside of it.
async fn album_page(
    request: &HttpRequest,
    address: LinkAddress,
    inside: Option<AlbumId>,
    query: LinkQuery,
) -> HandlerResult {
    let layout = VisitorLayout::new(&address)?;
    let (key, zone, link) = (address.key(), address.time_zone(), address.open.link.clone());
    let page = run_blocking(&address.services, move |services| {
        let (cursor, before) = query.positions(services, key, inside)?;
        // In the order of its owner.
        let wanted = AlbumQuery { sort: None, cursor, before, limit: PAGE_ITEMS };
        let SharedAlbum { access, page: mut shown, .. } =
            shared_content::album(services, key, inside, &wanted)?;
        let listing = std::mem::replace(&mut shown.listing, Listing::empty());
        let base = layout.base.clone();
        let href = |id: AlbumId| format!("{base}/albums/{id}");
        let is_top = shown.above.is_empty();
        let is_playlist = shown.album.kind == AlbumKind::Playlist;
        let path = if is_top { base.clone() } else { href(shown.album.id) };
        let has_positions = shown.sort == AlbumSort::Custom;
        let mut page = LinkPage::new(
            services,
            layout,
            (&path, has_positions),
            &listing,
            (&access, &link, &zone),
        );
        page.title = if is_top && !link.title.is_empty() { link.title } else { shown.album.name };
        page.description = shown.album.description;
        page.summary = count_of(shown.album.items, if is_playlist { "song" } else { "item" });
        page.total = shown.album.items;
        page.crumbs = shown.above.iter().map(|it| (href(it.id), it.name.clone())).collect();
        let media = format!("{base}/media");
        page.albums =
            shown.children.iter().map(|of| cover_at(of, href(of.album.id), &media)).collect();
        if is_playlist {
            page.songs =
                song_rows(&listing.items, &listing.tracks, std::mem::take(&mut page.tiles));
            page.heads = song_heads();
        }
        page.download = page
            .layout
            .may_save
            .then(|| ("album", shown.album.id.to_string()))
            .filter(|_| shown.album.items > 0);
        Ok(page)
    });
    address.render(request, &page.await?).await
}

/// Shows one page of the folder of a link, or of one inside of it.
async fn directory_page(
    request: &HttpRequest,
    address: LinkAddress,
    inside: Option<DirectoryId>,
    query: LinkQuery,
) -> HandlerResult {
    let layout = VisitorLayout::new(&address)?;
    let (key, zone, link) = (address.key(), address.time_zone(), address.open.link.clone());
    let page = run_blocking(&address.services, move |services| {
        let (cursor, before) = query.positions(services, key, None)?;
        let SharedDirectory { access, page: shown, .. } =
            shared_content::directory(services, key, inside, |filter| ListingQuery {
                filter,
                sort: Sort::Newest,
                cursor: cursor.clone(),
                before: before.clone(),
                limit: PAGE_ITEMS,
            })?;
        let base = layout.base.clone();
        let href = |it: &Directory| format!("{base}/directories/{}", it.directory_id);
        let named = |it: &Directory| (href(it), v::folder_label(it).into_owned());
        let is_top = shown.above.is_empty();
        let path = if is_top { base.clone() } else { href(&shown.directory) };
        let children: Vec<_> = shown.listing.children.iter().map(named).collect();
        let (total, bytes) = shown.size;
        let mut page = LinkPage::new(
            services,
            layout,
            (&path, false),
            &shown.listing,
            (&access, &link, &zone),
        );
        page.title = if is_top && !link.title.is_empty() {
            link.title
        } else {
            v::folder_label(&shown.directory).into_owned()
        };
        page.summary = count_of(total, "item");
        if page.layout.may_save {
            page.summary = format!("{} · {}", page.summary, v::size(bytes).words);
        }
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
    address.render(request, &page.await?).await
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
        (path, has_positions): (&str, bool),
        listing: &Listing,
        (access, link, zone): (&Access, &ShareLink, &TimeZone),
    ) -> Self {
        previews::prioritize(services, &listing.items);
        let source =
            |item: &Item| Source::below(&layout.base, access.gives_of(item.user_id), String::new());
        let mut tiles =
            Tile::from_items_of(&listing.items, &listing.tracks, services, zone, &source);
        for (tile, item) in tiles.iter_mut().zip(&listing.items) {
            if !link.shows_details || item.user_id != access.owner {
                tile.taken.clear();
            }
        }
        let page = |name: &str, cursor: &Cursor, item: Option<&Item>| match item {
            Some(item) if !has_positions => format!("{path}?{name}={}", item.id),
            _ => format!("{path}?{name}={}", cursor.encode()),
        };
        let (first, last) = (listing.items.first(), listing.items.last());
        let next = listing.next.as_ref().map(|cursor| page("cursor", cursor, last));
        let previous = listing.previous.as_ref().map(|cursor| page("before", cursor, first));
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
