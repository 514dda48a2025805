//! Lists of shelves, directories and search results, a page at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::reader::LibraryReader;
use super::{music_albums, search, timeline};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::item_filter::ItemFilter;
use crate::model::{
    Cursor, Directory, DirectoryId, Item, ItemId, ItemPlace, Shelf, Sort, Track, User, YearMonth,
    now,
};
use crate::msg;
use crate::state::Services;
use crate::state::library_cache::Months;
use crate::state::session_cache::AuthSession;
use crate::store;

/// Items per page.
pub const PAGE_ITEMS: u8 = 60;
/// How long a search without matches continues before it returns an empty page.
const SEARCH_TIME: Duration = Duration::from_millis(25);

/// One page of a list.
pub struct Listing {
    pub items: Vec<Item>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
    /// Where the page before this one ends; `None` on the first, and in an order that has no way back.
    pub previous: Option<Cursor>,
    /// Items of a shelf before the first one of this page.
    pub offset: i64,
    /// Items per month: for a shelf, all months; for a directory, the months on this page. Empty for a search, if
    /// narrowed, or if not sorted by time.
    pub months: Months,
    /// Tags of the recordings among the items.
    pub tracks: Vec<Track>,
    /// Where the photos and videos of a timeline were taken.
    pub places: Vec<ItemPlace>,
    /// The directory's subdirectories.
    pub children: Vec<Directory>,
    pub sort: Sort,
}

impl Listing {
    /// An empty list, for an empty query.
    #[must_use]
    pub fn empty() -> Self {
        let (months, sort) = (Months::default(), Sort::Newest);
        Self {
            items: Vec::new(),
            next: None,
            previous: None,
            offset: 0,
            months,
            tracks: Vec::new(),
            places: Vec::new(),
            children: Vec::new(),
            sort,
        }
    }
}

/// What to list, and which page of it.
#[derive(Debug, Clone)]
pub struct ListingQuery {
    pub filter: ItemFilter,
    pub sort: Sort,
    pub cursor: Option<String>,
    /// In place of `cursor`: the page ends before this position. Only in an order by date.
    pub before: Option<String>,
    pub limit: u8,
}

impl ListingQuery {
    fn sort(&self) -> Sort {
        if self.filter.words.is_some() {
            // A search runs from the newest item on, so that it can stop early.
            return Sort::Newest;
        }
        self.filter.shelf.fixed_sort().unwrap_or(self.sort)
    }
}

/// The items of a page with the names of their directories, for a list of the API.
pub struct NamedItems {
    pub items: Vec<Item>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
    pub directory_names: HashMap<DirectoryId, String>,
}

/// One page of a shelf, directory or search, for the API.
///
/// # Errors
/// `Invalid` for a bad cursor.
pub fn list_named(
    reader: &mut LibraryReader<'_>,
    user: &User,
    query: &ListingQuery,
) -> Result<NamedItems> {
    let (items, next) = load_page(reader.conn, user, query)?;
    let directory_names = find_names(reader.conn, user, &items)?;
    Ok(NamedItems { items, next, directory_names })
}

/// The error for a cursor that belongs to no page of a list.
#[must_use]
pub fn bad_cursor() -> Error {
    Error::field("cursor", msg!("That page of the list does not exist. Start from its top."))
}

/// Returns where the page before this one ends, and how many items of a shelf come before it.
fn look_back(
    conn: &mut Conn,
    user: &User,
    query: &ListingQuery,
    months: &Months,
    first: &Item,
) -> Result<(Option<Cursor>, i64)> {
    let (sort, filter) = (query.sort(), &query.filter);
    let is_first_page = query.cursor.is_none() && query.before.is_none();
    let Some(reversed) = sort.reversed().filter(|_| !is_first_page && filter.words.is_none())
    else {
        return Ok((None, 0));
    };

    let start = Cursor::after_item(first, sort);
    let above = store::item_lists::list(conn, user.id, filter, reversed, Some(&start), 1)?;
    if above.is_empty() {
        return Ok((None, 0));
    }
    if filter.directory.is_some() || filter.is_narrowed() {
        return Ok((Some(start), 0));
    }

    let month = first.shown_at.month().number();
    let is_ahead = |other: i32| if sort == Sort::Oldest { other < month } else { other > month };
    let in_months: i64 =
        months.iter().filter(|(other, _)| is_ahead(other.number())).map(|(_, items)| *items).sum();
    let in_month = store::item_lists::count_ahead_in_month(conn, user.id, filter, first, sort)?;
    Ok((Some(start), in_months + in_month))
}

/// Returns the items of a page, and the position where the next page begins; `None` if this is the last one.
fn load_page(
    conn: &mut Conn,
    user: &User,
    page: &ListingQuery,
) -> Result<(Vec<Item>, Option<Cursor>)> {
    let sort = page.sort();
    let after = match &page.cursor {
        Some(text) => Some(Cursor::decode(text, sort).ok_or_else(bad_cursor)?),
        None => None,
    };

    if page.filter.words.is_some() {
        return search_page(conn, user, page, after);
    }
    if let (Some(text), Some(reversed)) = (&page.before, sort.reversed()) {
        let end = Cursor::decode(text, sort).ok_or_else(bad_cursor)?;
        let limit = i64::from(page.limit);
        let mut items =
            store::item_lists::list(conn, user.id, &page.filter, reversed, Some(&end), limit)?;
        items.reverse();
        // What follows is the page that the reader comes from.
        let next = items.last().map(|item| Cursor::after_item(item, sort));
        return Ok((items, next));
    }

    // One item more than the page holds shows whether there is another page.
    let mut items = store::item_lists::list(
        conn,
        user.id,
        &page.filter,
        sort,
        after.as_ref(),
        i64::from(page.limit) + 1,
    )?;

    let has_more = items.len() > usize::from(page.limit);
    items.truncate(page.limit.into());
    let next =
        if has_more { items.last().map(|item| Cursor::after_item(item, sort)) } else { None };
    Ok((items, next))
}

/// Returns a page of search results. One search reads a bounded number of rows, so it is repeated for a moment while
/// nothing is found; then an empty page with a cursor is returned.
fn search_page(
    conn: &mut Conn,
    user: &User,
    page: &ListingQuery,
    mut after: Option<Cursor>,
) -> Result<(Vec<Item>, Option<Cursor>)> {
    let began = Instant::now();
    loop {
        let from = match after {
            // Search results are ordered by the displayed date, so their cursors are of this variant.
            Some(Cursor::Clock(at, id)) => Some((at, id)),
            _ => None,
        };
        let (items, next) = search::search(conn, user.id, &page.filter, from, page.limit.into())?;
        if !items.is_empty() || next.is_none() || began.elapsed() > SEARCH_TIME {
            return Ok((items, next));
        }
        after = next;
    }
}

/// Returns one page of a shelf, directory or search, with everything that its HTML page shows: items, the next
/// position, counts per month, music tracks and subdirectories.
///
/// # Errors
/// `Invalid` for a bad cursor.
pub fn list(reader: &mut LibraryReader<'_>, user: &User, query: &ListingQuery) -> Result<Listing> {
    let conn = &mut *reader.conn;
    let (sort, filter) = (query.sort(), &query.filter);
    let (items, next) = load_page(conn, user, query)?;
    // Months are counted only for lists that are sorted by date and not narrowed by words or kind.
    let is_counted = filter.words.is_none()
        && !filter.is_narrowed()
        && matches!(sort, Sort::Newest | Sort::Oldest);

    let months = match filter.directory {
        _ if !is_counted => Months::default(),
        Some(_) => Arc::new(count_months(conn, user, filter, &items)?),
        // The months of a whole shelf are cached.
        None if filter.others.is_empty() => reader.library.months(conn, filter.shelf)?,
        None => {
            let mut all = vec![reader.library.months(conn, filter.shelf)?];
            for other in &filter.others {
                let library = reader.services.library_cache.current(conn, *other)?;
                all.push(library.months(conn, filter.shelf)?);
            }
            timeline::add_months(&all)
        }
    };

    let children = match filter.directory {
        Some(id) => store::directories::list_children(conn, user.id, id)?,
        None => Vec::new(),
    };

    let (previous, offset) = match items.first() {
        Some(first) => look_back(conn, user, query, &months, first)?,
        None => (None, 0),
    };
    let tracks = music_albums::find_tracks(conn, user.id, &items)?;
    let is_timeline = matches!(filter.shelf, Shelf::Timeline | Shelf::Photos | Shelf::Videos);
    let places = if is_timeline && sort.reversed().is_some() && reader.library.has_places(conn)? {
        let ids: Vec<ItemId> = items.iter().map(|item| item.id).collect();
        let mut places = store::item_places::list(conn, user.id, &ids)?;
        for other in &filter.others {
            places.extend(store::item_places::list(conn, *other, &ids)?);
        }
        places
    } else {
        Vec::new()
    };
    Ok(Listing { items, next, previous, offset, months, tracks, places, children, sort })
}

/// A directory, its ancestors from the outermost inwards, and one page of what it contains.
pub struct DirectoryListing {
    pub directory: Directory,
    pub above: Vec<Directory>,
    /// Items directly in it, and their bytes.
    pub size: (i64, i64),
    pub listing: Listing,
}

/// One page of a directory; it counts as opened, unless somebody looks at what another person shares.
///
/// # Errors
/// `NotFound`, `Invalid` for a bad cursor.
pub fn list_directory(
    reader: &mut LibraryReader<'_>,
    auth_session: &AuthSession,
    id: DirectoryId,
    query: &ListingQuery,
) -> Result<DirectoryListing> {
    let user = &auth_session.user;
    let (directory, above) = find_directory(reader.conn, user, id)?;
    if !auth_session.is_partner() {
        record_opened(reader.services, user, &directory.directory_path);
    }
    let size = store::directories::measure(reader.conn, user.id, id)?;
    let listing = list(reader, user, query)?;
    Ok(DirectoryListing { directory, above, size, listing })
}

/// Records that a user opened one of their directories.
pub fn record_opened(services: &Services, user: &User, path: &str) {
    services.last_seen.touch_directory(user.id, path, now());
}

/// The names of the items' directories.
///
/// # Errors
/// Database errors.
pub fn directory_names(
    services: &Services,
    user: &User,
    items: &[Item],
) -> Result<HashMap<DirectoryId, String>> {
    services.db.read(|conn| find_names(conn, user, items))
}

/// Returns the names of the items' directories, by directory id.
fn find_names(
    conn: &mut Conn,
    user: &User,
    items: &[Item],
) -> Result<HashMap<DirectoryId, String>> {
    let mut ids: Vec<_> = items.iter().map(|item| item.directory_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(store::directories::list_names(conn, user.id, &ids)?.into_iter().collect())
}

/// A user's directory and its ancestors, outermost first.
pub(crate) fn find_directory(
    conn: &mut Conn,
    user: &User,
    id: DirectoryId,
) -> Result<(Directory, Vec<Directory>)> {
    let directory = store::directories::find(conn, user.id, id)?.ok_or(Error::NotFound)?;
    let mut ancestors = Vec::new();
    let mut path = directory.directory_path.as_str();
    while let Some((parent, _)) = path.rsplit_once('/') {
        ancestors.extend(store::directories::find_by_path(conn, user.id, parent)?);
        path = parent;
    }
    ancestors.reverse();
    Ok((directory, ancestors))
}

/// A user's directory; it counts as opened.
///
/// # Errors
/// `NotFound`.
pub fn open_directory(services: &Services, user: &User, id: DirectoryId) -> Result<Directory> {
    let directory = services
        .db
        .read(|conn| store::directories::find(conn, user.id, id)?.ok_or(Error::NotFound))?;
    record_opened(services, user, &directory.directory_path);
    Ok(directory)
}

/// Counts a directory's items in each month that occurs in `items`.
fn count_months(
    conn: &mut Conn,
    user: &User,
    filter: &ItemFilter,
    items: &[Item],
) -> Result<Vec<(YearMonth, i64)>> {
    let mut months: Vec<_> = items.iter().map(|item| item.shown_at.month()).collect();
    // Equal months are adjacent, because the items are sorted by this time.
    months.dedup();
    let mut counted = Vec::new();
    for month in months {
        let count =
            store::item_lists::count_between(conn, user.id, filter, month.start(), month.end())?;
        counted.push((month, count));
    }
    Ok(counted)
}
