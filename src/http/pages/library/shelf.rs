//! Lists of items: the shelves, the user's folders and search results.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::list_options::{ListQuery, OptionGroup};
use super::timeline::{self, TimelineYear};
use crate::domain::library::listings::{self, DirectoryListing, Listing, ListingQuery, PAGE_ITEMS};
use crate::domain::library::search;
use crate::domain::previews;
use crate::error::Error;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::tile::{Heading, Tile, find_track};
use crate::http::pages::components::track_row::TrackRow;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::render_cached;
use crate::http::route::{HandlerResult, Route};
use crate::model::item_filter::ItemFilter;
use crate::model::{Directory, DirectoryId, Shelf, Sort};
use crate::state::Services;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/photos", || web::route().to(show_shelf)),
        Route::get("/videos", || web::route().to(show_shelf)),
        Route::get("/audios", || web::route().to(show_shelf)),
        Route::get("/uploads", || web::route().to(show_shelf)),
        Route::get("/favorites", || web::route().to(show_shelf)),
        Route::get("/recents", || web::route().to(show_shelf)),
        Route::get("/trash", || web::route().to(show_shelf)),
        Route::get("/directories/{directory_id}", || web::route().to(show_directory)),
        Route::get("/search", || web::route().to(show_search)),
    ]
}

/// An ancestor of a folder.
struct Breadcrumb {
    href: String,
    label: String,
}

#[derive(Template)]
#[template(path = "pages/library/shelf.html")]
struct ShelfPage {
    layout: Layout,
    title: String,
    summary: String,
    path: String,
    is_empty: bool,
    tiles: Vec<Tile>,
    /// Rows of the music table, instead of tiles.
    songs: Vec<TrackRow>,
    timeline: Vec<TimelineYear>,
    choices: Vec<OptionGroup>,
    grid_class: &'static str,
    is_filtered: bool,
    /// The address of the list's first page.
    top: String,
    next: Option<String>,
    is_first: bool,
    is_trash: bool,
    is_table: bool,
    takes_folders: bool,
    empty: &'static str,
    children: Vec<Breadcrumb>,
    crumbs: Vec<Breadcrumb>,
    directory: Option<Directory>,
    query: Option<String>,
    trash_days: u32,
}

impl ShelfPage {
    /// Builds the page of a list with its tiles or rows, controls and timeline; callers then set what differs between
    /// lists.
    fn new(
        services: &Services,
        layout: Layout,
        (title, path, shelf): (&str, &str, Shelf),
        query: &ListQuery,
        listing: Listing,
    ) -> Self {
        let is_table = matches!(shelf, Shelf::Audios | Shelf::Uploads);
        let days = services.settings.trash_days;
        let sort = listing.sort;

        let zone = services.time_zone(&layout.user);
        // Tiles are also the rows of tables.
        let mut tiles = Tile::from_items(&listing.items, &listing.tracks, services, &zone);

        // The first tile of each month gets a heading, but only in lists by date. Search results are too scattered for
        // headings.
        if matches!(sort, Sort::Newest | Sort::Oldest) && path != "/search" {
            let mut last_month = None;
            for (tile, item) in tiles.iter_mut().zip(&listing.items) {
                let month = item.shown_at.month();
                if last_month != Some(month) {
                    let count = listing
                        .months
                        .iter()
                        .find(|(of, _)| *of == month)
                        .map(|(_, count)| count_of(*count, "item"));
                    tile.heading =
                        Some(Heading { text: month.to_string(), month: month.iso(), count });
                    last_month = Some(month);
                }
            }
        }

        let is_empty = tiles.is_empty();
        let mut songs = Vec::new();

        // Music has a table instead of tiles.
        if shelf == Shelf::Audios {
            let song =
                |(item, tile)| TrackRow::from_item(item, find_track(item, &listing.tracks), tile);
            songs = listing.items.iter().zip(tiles.drain(..)).map(song).collect();
        }

        let next = listing
            .next
            .map(|cursor| ListQuery { cursor: Some(cursor.encode()), ..query.clone() }.href(path));

        // Callers set what differs between lists.
        Self {
            layout,
            title: title.into(),
            summary: String::new(),
            path: path.into(),
            is_empty,
            tiles,
            songs,
            timeline: timeline::timeline_years(&listing.months, sort, query, path),
            choices: query.groups(path, shelf, is_table),
            grid_class: query.grid_class(),
            is_filtered: query.kind().is_some(),
            top: ListQuery { cursor: None, ..query.clone() }.href(path),
            next,
            is_first: query.cursor.is_none(),
            is_trash: false,
            is_table,
            takes_folders: false,
            empty: "",
            children: listing.children.iter().map(breadcrumb).collect(),
            crumbs: Vec::new(),
            directory: None,
            query: None,
            trash_days: days,
        }
    }
}

fn breadcrumb(directory: &Directory) -> Breadcrumb {
    Breadcrumb {
        href: format!("/directories/{}", directory.directory_id),
        label: directory.directory_name.clone(),
    }
}

fn sort_of(filter: ItemFilter, query: &ListQuery) -> ListingQuery {
    let filter = ItemFilter { kind: query.kind(), ..filter };
    ListingQuery { filter, sort: query.sort(), cursor: query.cursor.clone(), limit: PAGE_ITEMS }
}

/// Shows a page of a shelf, a standard list such as Photos, Favorites or Trash; the path is its name.
async fn show_shelf(
    current: CurrentUser,
    request: HttpRequest,
    query: web::Query<ListQuery>,
) -> HandlerResult {
    let path = request.path().to_owned();
    let shelf = Shelf::parse(path.trim_start_matches('/')).ok_or(Error::NotFound)?;
    // Each standard list is also a directory, whose time of last opening is stored.
    listings::record_opened(&current.services, current.user(), shelf.title());

    render_cached(&current, &request, request.path(), move |reader, input| {
        let services = reader.services;
        let user = &input.auth_session.clone().user;
        let listing = listings::list(reader, user, &sort_of(ItemFilter::shelf(shelf), &query))?;
        previews::prioritize(services, &listing.items);
        let layout = Layout::read(reader, input)?;
        let (items, bytes) = layout.summary.count(shelf);
        let mut page =
            ShelfPage::new(services, layout, (shelf.title(), &path, shelf), &query, listing);

        // Recents has no meaningful total.
        page.summary = match shelf {
            Shelf::Recents => "What you opened or added last".into(),
            _ => format!("{} · {}", count_of(items, "item"), v::size(bytes).words),
        };

        page.is_trash = shelf == Shelf::Trash;
        page.takes_folders = shelf == Shelf::Uploads;
        page.empty = empty_text(shelf);
        Ok(page)
    })
    .await
}

const fn empty_text(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Photos => "No photos yet. Every picture you upload comes here.",
        Shelf::Videos => "No videos yet. Every film you upload comes here.",
        Shelf::Audios => "No music yet. Every recording you upload comes here.",
        Shelf::Favorites => "Nothing starred yet. Press the star on anything you like.",
        Shelf::Recents => "Nothing yet. What you open or add stands here.",
        Shelf::Trash => "The trash is empty.",
        Shelf::Uploads | Shelf::All | Shelf::Motion => {
            "No files yet. Documents and everything else come here."
        }
    }
}

/// Shows a page with the contents of a folder, with links to the folders above it.
async fn show_directory(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    query: web::Query<ListQuery>,
) -> HandlerResult {
    let id = DirectoryId::parse(&path).ok_or(Error::NotFound)?;
    let path = format!("/directories/{id}");

    render_cached(&current, &request, &path.clone(), move |reader, input| {
        let services = reader.services;
        let user = &input.auth_session.clone().user;

        // `list_directory` also records that the folder was opened; a page from the cache does not count.
        let listing_query = sort_of(ItemFilter::directory(id), &query);
        let DirectoryListing { directory, above, listing } =
            listings::list_directory(reader, user, id, &listing_query)?;
        // Pending previews of the shown items are made next.
        previews::prioritize(services, &listing.items);
        let layout = Layout::read(reader, input)?;

        let zone = services.time_zone(&layout.user);
        let mut page = ShelfPage::new(
            services,
            layout,
            (&directory.directory_name, &path, Shelf::All),
            &query,
            listing,
        );

        page.crumbs = above.iter().map(breadcrumb).collect();
        page.summary = format!("Last changed {}", v::when(directory.last_modified, &zone).ago);
        page.empty = "This folder is empty. Move things here, or upload into it.";
        // The views Favorites, Recents and Trash cannot be the target of new folders or files.
        page.takes_folders = !directory.is_view();
        page.directory = Some(directory);
        Ok(page)
    })
    .await
}

/// Shows a page of search results; without words to search for, the page is empty.
async fn show_search(
    current: CurrentUser,
    request: HttpRequest,
    query: web::Query<ListQuery>,
) -> HandlerResult {
    render_cached(&current, &request, "/search", move |reader, input| {
        let services = reader.services;
        let user = &input.auth_session.clone().user;
        let words = query.q.trim().to_lowercase();

        let listing = if words.is_empty() {
            Listing::empty()
        } else {
            // The length is limited as in the API.
            let search_text: String = words.chars().take(200).collect();
            let filter = ItemFilter {
                words: Some(search::query_words(&search_text)),
                ..ItemFilter::shelf(Shelf::All)
            };
            listings::list(reader, user, &sort_of(filter, &query))?
        };

        // A page may be empty although there are more results further back.
        let title = match (words.is_empty(), listing.items.len(), listing.next.is_some()) {
            (true, ..) => "Search".to_owned(),
            (_, 0, false) => format!("Nothing found for “{}”", query.q.trim()),
            (_, count, false) => format!("“{}”: {count} found", query.q.trim()),
            (_, 0, true) => format!("Nothing found yet for “{}”", query.q.trim()),
            (_, _, true) => format!("“{}”", query.q.trim()),
        };

        // Pending previews of the shown items are made next.
        previews::prioritize(services, &listing.items);

        let layout = Layout::read(reader, input)?;
        let mut page =
            ShelfPage::new(services, layout, (&title, "/search", Shelf::All), &query, listing);
        page.summary = "Names, tags, cameras, artists, albums, places and dates".into();

        page.empty = match (words.is_empty(), page.next.is_some()) {
            (true, _) => "Nothing looked for yet.",
            (_, true) => "Not among the newer things. It may be further back.",
            _ => "Try fewer or shorter words: each is looked for as the beginning of a word.",
        };

        page.query = Some(query.q.trim().to_owned());
        Ok(page)
    })
    .await
}
