//! The dashboard: what is new, what is dear, what is where.

use super::music_albums;
use crate::db::Conn;
use crate::error::Result;
use crate::model::{Item, Shelf, Sort, Track, User};
use crate::store;
use crate::store::item_filter::ItemFilter;

/// Items in each strip.
const SECTION_ITEMS: i64 = 12;

/// The strips of the dashboard.
pub struct DashboardData {
    pub recent: Vec<Item>,
    pub favorites: Vec<Item>,
    /// What is known of the recordings among them.
    pub tracks: Vec<Track>,
}

/// # Errors
/// The database's.
pub fn load_dashboard(conn: &mut Conn, user: &User) -> Result<DashboardData> {
    let (recent, favorites) = (ItemFilter::shelf(Shelf::Recents), ItemFilter::shelf(Shelf::Favorites));
    let recent = store::item_lists::list(conn, user.id, &recent, Sort::Recent, None, SECTION_ITEMS)?;
    let favorites = store::item_lists::list(conn, user.id, &favorites, Sort::Newest, None, SECTION_ITEMS)?;
    let tracks = music_albums::find_tracks(conn, user, &[recent.as_slice(), favorites.as_slice()].concat())?;
    Ok(DashboardData { recent, favorites, tracks })
}
