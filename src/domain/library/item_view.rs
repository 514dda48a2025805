//! The data of an item's page.

use super::music_albums;
use crate::error::{Error, Result};
use crate::model::item_filter::ItemFilter;
use crate::model::{Cursor, Directory, Item, ItemId, Shelf, Sort, Track, User, now};
use crate::state::Services;
use crate::store;

/// An item, its location, and its neighbors on the shelf.
pub struct ItemView {
    pub item: Item,
    /// Its tags, if it is a recording.
    pub tracks: Vec<Track>,
    pub directory: Directory,
    pub newer: Option<ItemId>,
    pub older: Option<ItemId>,
}

/// Returns an item for its page. Records that it was opened, unless it is in the trash.
///
/// # Errors
/// `NotFound`.
pub fn view(services: &Services, user: &User, id: ItemId) -> Result<ItemView> {
    let shown = services.db.read(|conn| {
        let item = store::items::find(conn, user.id, id)?.ok_or(Error::NotFound)?;
        let directory =
            store::directories::find(conn, user.id, item.directory_id)?.ok_or(Error::NotFound)?;
        let filter = ItemFilter::shelf(if item.in_trash { Shelf::Trash } else { item.shelf });
        let sort = if item.in_trash { Sort::Trashed } else { Sort::Newest };
        let cursor = Cursor::after_item(&item, sort);

        // The neighbors on the shelf, for the viewer's arrows.
        let mut neighbor = |sort| -> Result<Option<ItemId>> {
            let next = store::item_lists::list(conn, user.id, &filter, sort, Some(&cursor), 1)?;
            Ok(next.first().map(|item| item.id))
        };

        let older = neighbor(sort)?;
        // The next newer item follows in the opposite order, which the trash does not have.
        let newer = if item.in_trash { None } else { neighbor(Sort::Oldest)? };
        let tracks = music_albums::find_tracks(conn, user, std::slice::from_ref(&item))?;
        Ok(ItemView { item, tracks, directory, newer, older })
    })?;

    // Items in the trash do not appear under Recents.
    if !shown.item.in_trash {
        services.last_seen.touch_item(user.id, id, now());
    }
    Ok(shown)
}
