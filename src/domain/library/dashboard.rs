//! The dashboard's recent and favourite items.

use super::music_albums;
use super::reader::LibraryReader;
use crate::error::Result;
use crate::model::item_filter::ItemFilter;
use crate::model::{Item, Shelf, Sort, Track, User};
use crate::store;

/// Items per section.
const SECTION_ITEMS: i64 = 12;

/// The sections of the dashboard.
pub struct DashboardData {
    pub recent: Vec<Item>,
    pub favorites: Vec<Item>,
    /// Tags of the recordings among the items.
    pub tracks: Vec<Track>,
}

/// Reads the sections of a user's dashboard.
///
/// # Errors
/// Database errors.
pub fn load_dashboard(reader: &mut LibraryReader<'_>, user: &User) -> Result<DashboardData> {
    let conn = &mut *reader.conn;
    let (recent, favorites) =
        (ItemFilter::shelf(Shelf::Recents), ItemFilter::shelf(Shelf::Favorites));
    let recent =
        store::item_lists::list(conn, user.id, &recent, Sort::Recent, None, SECTION_ITEMS)?;
    let favorites =
        store::item_lists::list(conn, user.id, &favorites, Sort::Newest, None, SECTION_ITEMS)?;
    let tracks =
        music_albums::find_tracks(conn, user, &[recent.as_slice(), favorites.as_slice()].concat())?;
    Ok(DashboardData { recent, favorites, tracks })
}
