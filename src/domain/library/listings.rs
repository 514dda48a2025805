//! Looking: shelves, directories and searches, a page at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{music_albums, search};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::{Cursor, Directory, DirectoryId, Item, Sort, Track, User, YearMonth, now};
use crate::state::Services;
use crate::state::library_cache::{LibraryVersion, Months};
use crate::store;
pub use crate::store::item_filter::ItemFilter;

/// Items on a page.
pub const PAGE_ITEMS: u8 = 60;
/// How long a search that has found nothing yet walks on.
const SEARCH_TIME: Duration = Duration::from_millis(25);

/// One page of a list.
pub struct Listing {
    pub items: Vec<Item>,
    /// Where the next page goes on; `None` on the last.
    pub next: Option<Cursor>,
    /// How many items each month has in all: of a shelf every one, of a directory those on this page. Empty when
    /// not sorted by time.
    pub months: Months,
    /// What is known of the recordings among the items.
    pub tracks: Vec<Track>,
    /// Directories directly in this one.
    pub children: Vec<Directory>,
    pub sort: Sort,
}

impl Listing {
    /// Nothing, because nothing was asked for.
    #[must_use]
    pub fn empty() -> Self {
        let (months, sort) = (Months::default(), Sort::Newest);
        Self { items: Vec::new(), next: None, months, tracks: Vec::new(), children: Vec::new(), sort }
    }
}

/// What a list begins with and how much of it is wanted.
#[derive(Debug, Clone)]
pub struct ListingQuery {
    pub selection: ItemFilter,
    pub sort: Sort,
    pub cursor: Option<String>,
    pub limit: u8,
}

impl ListingQuery {
    fn sort(&self) -> Sort {
        if self.selection.words.is_some() {
            // A search walks from the newest on: that way it ends soon.
            return Sort::Newest;
        }
        self.selection.shelf.fixed_sort().unwrap_or(self.sort)
    }
}

/// The items of a page, and where the next one goes on.
///
/// # Errors
/// `Invalid` for a cursor that is none.
pub fn load_page(conn: &mut Conn, user: &User, page: &ListingQuery) -> Result<(Vec<Item>, Option<Cursor>)> {
    let sort = page.sort();
    let after = match &page.cursor {
        Some(text) => Some(
            Cursor::decode(text, sort)
                .ok_or_else(|| Error::field("cursor", "That page of the list does not exist. Start from its top."))?,
        ),
        None => None,
    };
    if page.selection.words.is_some() {
        return search_page(conn, user, page, after);
    }
    let mut items = store::item_lists::list(conn, user.id, &page.selection, sort, after.as_ref(), i64::from(page.limit) + 1)?;
    let has_more = items.len() > usize::from(page.limit);
    items.truncate(page.limit.into());
    let next = if has_more { items.last().map(|item| Cursor::after_item(item, sort)) } else { None };
    Ok((items, next))
}

/// What a search finds: it walks on for a moment while it has found nothing, and then says where to go on.
fn search_page(
    conn: &mut Conn,
    user: &User,
    page: &ListingQuery,
    mut after: Option<Cursor>,
) -> Result<(Vec<Item>, Option<Cursor>)> {
    let began = Instant::now();
    loop {
        let from = match after {
            Some(Cursor::Clock(at, id)) => Some((at, id)),
            _ => None,
        };
        let (items, next) = search::search(conn, user.id, &page.selection, from, page.limit.into())?;
        if !items.is_empty() || next.is_none() || began.elapsed() > SEARCH_TIME {
            return Ok((items, next));
        }
        after = next;
    }
}

/// One page of a shelf, directory or search as people see it.
///
/// # Errors
/// `Invalid` for a cursor that is none.
pub fn list(conn: &mut Conn, library: &LibraryVersion, user: &User, wanted: &ListingQuery) -> Result<Listing> {
    let (sort, selection) = (wanted.sort(), &wanted.selection);
    let (items, next) = load_page(conn, user, wanted)?;
    let is_counted = selection.words.is_none() && selection.kind.is_none() && matches!(sort, Sort::Newest | Sort::Oldest);
    let months = match selection.directory {
        _ if !is_counted => Months::default(),
        Some(_) => Arc::new(count_months(conn, user, selection, &items)?),
        None => library.months(conn, selection.shelf)?,
    };
    let children = match selection.directory {
        Some(id) => store::directories::list_children(conn, user.id, id)?,
        None => Vec::new(),
    };
    let tracks = music_albums::find_tracks(conn, user, &items)?;
    Ok(Listing { items, next, months, tracks, children, sort })
}

/// Notes that a person looked into one of their directories.
pub fn record_opened(services: &Services, user: &User, path: &str) {
    services.last_seen.touch_directory(user.id, path, now());
}

/// What the directories of these items are called.
///
/// # Errors
/// The database's.
pub fn directory_names(conn: &mut Conn, user: &User, items: &[Item]) -> Result<HashMap<DirectoryId, String>> {
    let mut ids: Vec<_> = items.iter().map(|item| item.directory_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(store::directories::list_names(conn, user.id, &ids)?.into_iter().collect())
}

/// A directory of that person, and the ones it stands in, the outermost first.
///
/// # Errors
/// `NotFound`.
pub fn find_directory(conn: &mut Conn, user: &User, id: DirectoryId) -> Result<(Directory, Vec<Directory>)> {
    let directory = store::directories::find(conn, user.id, id)?.ok_or(Error::NotFound)?;
    let mut above = Vec::new();
    let mut path = directory.directory_path.as_str();
    while let Some((parent, _)) = path.rsplit_once('/') {
        above.extend(store::directories::find_by_path(conn, user.id, parent)?);
        path = parent;
    }
    above.reverse();
    Ok((directory, above))
}

/// A directory of that person; it counts as opened.
///
/// # Errors
/// `NotFound`.
pub fn open_directory(services: &Services, user: &User, id: DirectoryId) -> Result<Directory> {
    let (directory, _) = services.db.read(|conn| find_directory(conn, user, id))?;
    record_opened(services, user, &directory.directory_path);
    Ok(directory)
}

/// A directory's months are counted when they are shown.
fn count_months(conn: &mut Conn, user: &User, selection: &ItemFilter, items: &[Item]) -> Result<Vec<(YearMonth, i64)>> {
    let mut months: Vec<_> = items.iter().map(|item| item.shown_at.month()).collect();
    months.dedup();
    let mut counted = Vec::new();
    for month in months {
        let count = store::item_lists::count_between(conn, user.id, selection, month.start(), month.end())?;
        counted.push((month, count));
    }
    Ok(counted)
}
