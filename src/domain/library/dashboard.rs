//! What the home page shows.

use super::music_albums;
use super::reader::LibraryReader;
use crate::db::Conn;
use crate::error::Result;
use crate::model::item::ItemKind;
use crate::model::item_filter::ItemFilter;
use crate::model::{Cursor, Item, ItemId, Shelf, Sort, Track, User, WallClock, YearMonth, now};
use crate::store;

/// Tiles of a row.
const ROW_ITEMS: i64 = 12;
/// Rows of the list of files.
const FILE_ROWS: i64 = 6;
/// Videos and songs that were played last.
const PLAYED_ITEMS: usize = 6;
/// Items among which these are looked for.
const PLAYED_CANDIDATES: i64 = 60;
/// Earlier years that are looked at, and photos of each.
const MAX_YEARS: usize = 20;
const YEAR_ITEMS: i64 = 6;
const DAY_MS: i64 = 86_400_000;

/// The sections of the home page.
pub struct DashboardData {
    /// Photos taken on this day in earlier years, the latest year first.
    pub on_this_day: Vec<Item>,
    /// Photos and videos, as they were added.
    pub recent: Vec<Item>,
    pub favorites: Vec<Item>,
    /// Videos and songs that were opened after they were added.
    pub played: Vec<Item>,
    /// Documents and other files, as they were added.
    pub files: Vec<Item>,
    /// Tags of the recordings among the items.
    pub tracks: Vec<Track>,
}

/// Reads the sections of a user's home page.
///
/// # Errors
/// Database errors.
pub fn load_dashboard(reader: &mut LibraryReader<'_>, user: &User) -> Result<DashboardData> {
    let today = reader.services.time_zone(user).local(WallClock::from_utc(now())).0;
    let months = reader.library.months(reader.conn, Shelf::Photos)?;
    let on_this_day = on_this_day(reader.conn, user, &months, today)?;

    let conn = &mut *reader.conn;
    let opened = ItemFilter::shelf(Shelf::Recents);
    let opened =
        store::item_lists::list(conn, user.id, &opened, Sort::Recent, None, PLAYED_CANDIDATES)?;
    let played: Vec<Item> =
        opened.iter().filter(|item| is_played(item)).take(PLAYED_ITEMS).cloned().collect();
    let mut recent: Vec<Item> = opened.into_iter().filter(is_seen).collect();
    recent.sort_by_key(|item| std::cmp::Reverse((item.created_at, item.id)));
    recent.truncate(usize::try_from(ROW_ITEMS).unwrap_or(0));

    let favorites = ItemFilter::shelf(Shelf::Favorites);
    let favorites =
        store::item_lists::list(conn, user.id, &favorites, Sort::Newest, None, ROW_ITEMS)?;
    let files = ItemFilter::shelf(Shelf::Uploads);
    let files = store::item_lists::list(conn, user.id, &files, Sort::Newest, None, FILE_ROWS)?;

    let tracks =
        music_albums::find_tracks(conn, user.id, &[played.as_slice(), &favorites].concat())?;
    Ok(DashboardData { on_this_day, recent, favorites, played, files, tracks })
}

const fn is_seen(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Photo | ItemKind::Video)
}

/// Whether it was opened after it was added.
fn is_played(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Audio | ItemKind::Video) && item.recent_at > item.created_at
}

/// Photos of the same day of earlier years, from the years whose month has any.
fn on_this_day(
    conn: &mut Conn,
    user: &User,
    months: &[(YearMonth, i64)],
    today: WallClock,
) -> Result<Vec<Item>> {
    let (date, filter) = (today.time().date(), ItemFilter::shelf(Shelf::Photos));
    let years = months
        .iter()
        .map(|(month, _)| month)
        .filter(|month| month.month == date.month() && month.year < date.year());

    let mut found = Vec::new();
    for month in years.take(MAX_YEARS) {
        let start = WallClock(month.start().0 + i64::from(date.day() - 1) * DAY_MS);
        // From the end of the day backwards; what is earlier than its start is of another day.
        let end = Cursor::Clock(WallClock(start.0 + DAY_MS), ItemId(uuid::Uuid::nil()));
        let day =
            store::item_lists::list(conn, user.id, &filter, Sort::Newest, Some(&end), YEAR_ITEMS)?;
        // A photo of which only the month is known was not taken on this day.
        found.extend(
            day.into_iter()
                .filter(|item| item.shown_at.0 >= start.0 && item.taken_precision.is_day_known()),
        );
    }
    found.truncate(usize::try_from(ROW_ITEMS).unwrap_or(0));
    Ok(found)
}
