//! Lists of items: the shelves and the user's folders.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::album_head::AlbumHead;
use super::headings::add_headings;
use super::list_options::{ColumnHead, ListQuery, OptionGroup};
use super::shared_head::SharedHead;
use super::shelf_texts::{empty_text, name_senders};
use super::timeline::{self, TimelineYear};
use crate::domain::library::listings::{self, DirectoryListing, Listing, ListingQuery, PAGE_ITEMS};
use crate::domain::library::{map, songs};
use crate::domain::previews;
use crate::error::Error;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::cover::Cover;
use crate::http::pages::components::tile::{Source, Tile, find_track};
use crate::http::pages::components::track_row::TrackRow;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::{Layout, directory_href};
use crate::http::pages::respond::render_cached;
use crate::http::route::{HandlerResult, Route};
use crate::language::t;
use crate::model::item_filter::ItemFilter;
use crate::model::{Directory, DirectoryId, Item, ItemId, Level, Shelf, SongSort, Sort, YearMonth};
use crate::state::Services;
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/photos", || web::route().to(show_shelf)).in_space(Level::View),
        Route::get("/videos", || web::route().to(show_shelf)).in_space(Level::View),
        Route::get("/audios", || web::route().to(show_shelf)).in_space(Level::View),
        Route::get("/uploads", || web::route().to(show_shelf)).in_space(Level::View),
        Route::get("/favorites", || web::route().to(show_shelf)).in_space(Level::View),
        Route::get("/recents", || web::route().to(show_shelf)).in_space(Level::View),
        Route::get("/trash", || web::route().to(show_shelf)).in_space(Level::Edit),
        Route::get("/received", || web::route().to(show_shelf)).in_space(Level::Manage),
        Route::get("/directories/{directory_id}", || web::route().to(show_directory))
            .in_space(Level::View),
    ]
}

/// An ancestor of a folder.
pub(crate) struct Breadcrumb {
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) label: String,
}

#[derive(Template)]
#[template(path = "pages/library/shelf.html")]
pub(crate) struct ShelfPage {
    pub(crate) layout: Layout,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) path: String,
    pub(crate) is_empty: bool,
    pub(crate) tiles: Vec<Tile>,
    /// Rows of the music table, instead of tiles.
    pub(crate) songs: Vec<TrackRow>,
    pub(crate) timeline: Vec<TimelineYear>,
    /// `2018-08:12,2018-07:3`: items of each month, for the scrubber.
    pub(crate) months: String,
    /// Whether tiles are grouped by day.
    pub(crate) has_days: bool,
    /// Tiles whose date is not known yet, because their files have not been read.
    pub(crate) undated: Vec<Tile>,
    /// Items of the list, and those before this page.
    pub(crate) total: i64,
    pub(crate) offset: i64,
    pub(crate) choices: Vec<OptionGroup>,
    /// The heads of a table.
    pub(crate) heads: Vec<ColumnHead>,
    pub(crate) grid_class: &'static str,
    pub(crate) is_filtered: bool,
    /// The address of the list's first page.
    pub(crate) top: String,
    pub(crate) next: Option<String>,
    pub(crate) previous: Option<String>,
    pub(crate) is_first: bool,
    pub(crate) is_trash: bool,
    pub(crate) is_received: bool,
    pub(crate) is_table: bool,
    pub(crate) takes_folders: bool,
    pub(crate) empty: &'static str,
    /// Artists and albums of a search.
    pub(crate) artists: Vec<Cover>,
    pub(crate) albums: Vec<Cover>,
    pub(crate) children: Vec<Breadcrumb>,
    pub(crate) crumbs: Vec<Breadcrumb>,
    pub(crate) directory: Option<Directory>,
    pub(crate) album: Option<AlbumHead>,
    /// Set for what belongs to another user.
    pub(crate) shared: Option<SharedHead>,
    pub(crate) query: Option<String>,
    pub(crate) trash_days: u32,
}

impl ShelfPage {
    /// Builds the page of a list with its tiles or rows, controls and timeline; callers then set what differs between
    /// lists.
    pub(crate) fn new(
        services: &Services,
        layout: Layout,
        (title, path, shelf): (&str, &str, Shelf),
        query: &ListQuery,
        listing: Listing,
    ) -> Self {
        Self::with_sources(services, layout, (title, path, shelf), query, listing, &|_| {
            Source::own()
        })
    }

    /// As [`ShelfPage::new`], for a list of items that are reached in different ways.
    pub(crate) fn with_sources(
        services: &Services,
        layout: Layout,
        (title, path, shelf): (&str, &str, Shelf),
        query: &ListQuery,
        listing: Listing,
        source: &dyn Fn(&Item) -> Source,
    ) -> Self {
        let is_table = matches!(shelf, Shelf::Audios | Shelf::Uploads);
        let days = services.settings.trash_days;
        let sort = listing.sort;

        let zone = services.time_zone(&layout.user);
        // Tiles are also the rows of tables.
        let mut tiles =
            Tile::from_items_of(&listing.items, &listing.tracks, services, &zone, source);

        // The first tile of each month gets a heading, but only in lists by date. Search results are too scattered for
        // headings.
        let has_days = matches!(shelf, Shelf::Timeline | Shelf::Photos | Shelf::Videos)
            && matches!(sort, Sort::Newest | Sort::Oldest);
        if matches!(sort, Sort::Newest | Sort::Oldest) && path != "/search" {
            add_headings(&mut tiles, &listing, has_days);
        }

        let is_empty = tiles.is_empty();
        let mut songs = Vec::new();

        // Music has a table instead of tiles.
        if shelf == Shelf::Audios {
            let song =
                |(item, tile)| TrackRow::from_item(item, find_track(item, &listing.tracks), tile);
            songs = listing.items.iter().zip(tiles.drain(..)).map(song).collect();
        }

        let first_page = query.first_page();
        let next = listing.next.map(|cursor| {
            ListQuery { cursor: Some(cursor.encode()), ..first_page.clone() }.href(path)
        });
        let previous = listing.previous.map(|cursor| {
            ListQuery { before: Some(cursor.encode()), ..first_page.clone() }.href(path)
        });

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
            months: if ["/directories/", "/albums/", "/shared/"]
                .iter()
                .any(|it| path.starts_with(it))
            {
                String::new()
            } else {
                timeline::month_counts(&listing.months, sort)
            },
            has_days,
            undated: Vec::new(),
            total: 0,
            offset: listing.offset,
            choices: query.groups(path, shelf, is_table),
            heads: match shelf {
                Shelf::Audios => query.song_heads(path),
                _ if is_table => query.file_heads(path),
                _ => Vec::new(),
            },
            grid_class: query.grid_class(),
            is_filtered: query.is_narrowed(),
            top: first_page.href(path),
            next,
            is_first: previous.is_none() && query.cursor.is_none() && query.before.is_none(),
            previous,
            is_trash: false,
            is_received: false,
            is_table,
            takes_folders: false,
            empty: "",
            artists: Vec::new(),
            albums: Vec::new(),
            children: listing.children.iter().map(breadcrumb).collect(),
            crumbs: Vec::new(),
            directory: None,
            album: None,
            shared: None,
            query: None,
            trash_days: days,
        }
    }
}

impl ShelfPage {
    /// Whether anything can be done with selected items.
    fn is_selectable(&self) -> bool {
        let may_remove = self.album.as_ref().is_some_and(|album| album.may_remove);
        self.shared.as_ref().is_none_or(|shared| shared.may_save || may_remove)
    }

    /// Whether there is a choice of order or size.
    fn has_menu(&self) -> bool {
        (!self.is_empty || self.is_filtered) && self.choices.iter().any(|group| group.is_in_menu)
    }
}

pub(crate) fn breadcrumb(directory: &Directory) -> Breadcrumb {
    Breadcrumb {
        id: directory.directory_id.to_string(),
        href: directory_href(directory),
        label: v::folder_label(directory).into_owned(),
    }
}

pub(crate) fn listing_query(filter: ItemFilter, query: &ListQuery) -> ListingQuery {
    let filter =
        ItemFilter { kind: query.kind(), year: query.year(), area: query.area(), ..filter };
    let sort = query.sort();
    let month =
        YearMonth::parse(&query.at).map(|month| timeline::month_start(month, sort).encode());
    ListingQuery {
        filter,
        sort,
        cursor: query.cursor.clone().or(month),
        before: query.before.clone(),
        limit: PAGE_ITEMS,
    }
}

/// Shows a page of a shelf, a standard list such as Photos, Favorites or Trash; the path is its name.
async fn show_shelf(
    current: CurrentUser,
    request: HttpRequest,
    query: web::Query<ListQuery>,
) -> HandlerResult {
    let path = request.path().to_owned();
    let named = Shelf::parse(path.trim_start_matches('/')).ok_or(Error::NotFound)?;
    // Each standard list is also a directory, whose time of last opening is stored.
    if let Some(directory) = named.directory_name() {
        listings::record_opened(&current.services, current.user(), directory);
    }
    let is_timeline = named == Shelf::Photos;
    let shelf = if is_timeline { query.timeline_shelf() } else { named };

    // What was received has no place of its own in the navigation.
    let place = if named == Shelf::Received { "/shared" } else { request.path() };
    render_cached(&current, &request, place, move |reader, input| {
        let services = reader.services;
        let user = &input.auth_session.clone().user;
        // Without previews, files are never read, so that their dates do not change.
        let is_dated = matches!(shelf, Shelf::Timeline | Shelf::Photos | Shelf::Videos)
            && query.sort().reversed().is_some()
            && previews::is_enabled(services);
        let filter = ItemFilter { is_dated, ..ItemFilter::shelf(shelf) };
        let mut wanted = listing_query(filter, &query);
        if let Some(id) = ItemId::parse(&query.view).filter(|_| is_timeline) {
            wanted.cursor =
                listings::position_before(reader, user, id, wanted.sort)?.or(wanted.cursor);
        }
        // Read first: a file that is read meanwhile is in both lists, and not in none.
        let is_first_page = wanted.cursor.is_none() && wanted.before.is_none();
        let area = query.area();
        let mut undated = if is_dated && is_first_page && area.is_none() {
            listings::list_undated(reader, user, shelf)?
        } else {
            Vec::new()
        };
        let listing = if shelf == Shelf::Audios && query.sort != "newest" {
            let sort = SongSort::parse(&query.sort);
            songs::list(reader, user, sort, wanted.cursor.as_deref(), PAGE_ITEMS)?
        } else {
            timeline::list_to_its_end(reader, user, wanted, &query)?
        };
        undated.retain(|item| listing.items.iter().all(|other| other.id != item.id));
        previews::prioritize(services, &listing.items);
        let layout = Layout::read(reader, input)?;
        let (items, bytes) = layout.summary.count(shelf);
        let zone = services.time_zone(&layout.user);
        let mut page =
            ShelfPage::new(services, layout, (&t(named.title()), &path, shelf), &query, listing);
        if shelf == Shelf::Uploads && page.is_first {
            let directories = &page.layout.summary.directories;
            let is_top = |it: &&Directory| !it.is_standard() && !it.directory_path.contains('/');
            page.children = directories.iter().filter(is_top).map(breadcrumb).collect();
        }
        page.undated = Tile::from_items(&undated, &[], services, &zone);
        page.is_empty &= page.undated.is_empty();
        page.is_filtered |= is_timeline && shelf != Shelf::Timeline;
        page.total = items;

        if let Some(area) = &area {
            page.total = map::count(reader, user, area)?;
        }
        // Recents has no meaningful total.
        page.summary = match shelf {
            Shelf::Recents => t(msg!("Items you opened or added recently")).into_owned(),
            _ if area.is_some() => {
                fill!("{count} in this area", count = count_of(page.total, "item"))
            }
            _ => format!("{} · {}", count_of(items, "item"), v::size(bytes).words),
        };

        page.is_trash = shelf == Shelf::Trash;
        page.is_received = shelf == Shelf::Received;
        if page.is_received {
            name_senders(&mut page.tiles, services, user)?;
        }
        page.takes_folders = shelf == Shelf::Uploads;
        page.empty = empty_text(shelf);
        Ok(page)
    })
    .await
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
        let wanted = listing_query(ItemFilter::directory(id), &query);
        let DirectoryListing { directory, above, size, listing } =
            listings::list_directory(reader, user, id, &wanted)?;
        // Pending previews of the shown items are made next.
        previews::prioritize(services, &listing.items);
        let layout = Layout::read(reader, input)?;

        let mut page = ShelfPage::new(
            services,
            layout,
            (&v::folder_label(&directory), &path, Shelf::All),
            &query,
            listing,
        );

        page.crumbs = above.iter().map(breadcrumb).collect();
        page.summary = format!("{} · {}", count_of(size.0, "item"), v::size(size.1).words);
        page.empty = msg!("This folder is empty. Move items here, or upload to it.");
        // The views Favorites, Recents and Trash cannot be the target of new folders or files.
        page.takes_folders = !directory.is_view();
        page.directory = Some(directory);
        Ok(page)
    })
    .await
}
