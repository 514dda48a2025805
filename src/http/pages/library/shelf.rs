//! Lists of items: the shelves and the user's folders.

use askama::Template;

use super::album_head::AlbumHead;
use super::headings::add_headings;
use super::list_options::{ColumnHead, ListQuery, OptionGroup};
use super::shared_head::SharedHead;
use super::timeline::{self, TimelineYear};
use crate::domain::library::listings::{Listing, ListingQuery, PAGE_ITEMS};
use crate::http::pages::components::cover::Cover;
use crate::http::pages::components::tile::{Source, Tile, find_track};
use crate::http::pages::components::track_row::TrackRow;
use crate::http::pages::components::{self as v};
use crate::http::pages::layout::{Layout, directory_href};
use crate::model::item_filter::ItemFilter;
use crate::model::{Directory, Item, Shelf, Sort, YearMonth};
use crate::state::Services;

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
    /// In a library of others: whether its photos are shown among those of the person.
    pub(crate) is_in_mine: Option<bool>,
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
            is_in_mine: None,
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
