//! The dashboard: what is new, what is dear, what is where.

use super::Services;
use super::shelves::Selection;
use crate::error::Result;
use crate::model::{Item, Shelf, Sort, User};
use crate::store;

/// Items in each strip.
const STRIP: i64 = 12;

/// The strips of the dashboard.
pub struct Strips {
    pub recent: Vec<Item>,
    pub favorites: Vec<Item>,
}

/// # Errors
/// The database's.
pub fn strips(services: &Services, user: &User) -> Result<Strips> {
    services.db.read(|conn| {
        let recent = Selection::shelf(Shelf::Recents);
        let favorites = Selection::shelf(Shelf::Favorites);
        Ok(Strips {
            recent: store::items::list(conn, user.id, &recent, Sort::Recent, None, STRIP)?,
            favorites: store::items::list(conn, user.id, &favorites, Sort::Newest, None, STRIP)?,
        })
    })
}
