//! The data of an item's page.

use super::album_page::{self, Neighbor};
use super::music_albums;
use crate::error::{Error, Result};
use crate::model::item_filter::ItemFilter;
use crate::model::{
    Album, AlbumId, Cursor, Directory, Item, ItemId, Placement, Shelf, Sort, Track, User, now,
};
use crate::state::Services;
use crate::state::session_cache::AuthSession;
use crate::store;

/// An item, its location, and its neighbors on the shelf.
pub struct ItemView {
    pub item: Item,
    /// Its tags, if it is a recording.
    pub tracks: Vec<Track>,
    pub directory: Directory,
    /// The user who has added it to the library of another or to a space.
    pub added_by: Option<User>,
    /// The album that it is seen in.
    pub album: Option<Album>,
    pub newer: Option<Neighbor>,
    pub older: Option<Neighbor>,
}

/// Returns an item for its page, as a part of an album if it is seen in one. Records that it was opened if it is in the
/// library, unless somebody looks at what another person shares.
///
/// # Errors
/// `NotFound`.
pub fn view(
    services: &Services,
    auth_session: &AuthSession,
    id: ItemId,
    album: Option<AlbumId>,
) -> Result<ItemView> {
    let user = &auth_session.user;
    let shown = services.db.read(|conn| {
        let item = store::items::find(conn, user.id, id)?.ok_or(Error::NotFound)?;
        let directory =
            store::directories::find(conn, user.id, item.directory_id)?.ok_or(Error::NotFound)?;
        let tracks = music_albums::find_tracks(conn, user.id, std::slice::from_ref(&item))?;
        let added_by = match store::item_senders::find(conn, id)? {
            Some(sender) => store::users::find(conn, sender)?,
            None => None,
        };
        let album = match album {
            Some(album) => store::albums::find(conn, user.id, album)?,
            None => None,
        };
        if let Some(album) = album {
            let (newer, older) = album_page::find_neighbors(conn, &album, id)?;
            let album = Some(album);
            return Ok(ItemView { item, tracks, directory, added_by, album, newer, older });
        }
        let shelf = match item.placement {
            Placement::Library => item.shelf,
            Placement::Trash => Shelf::Trash,
            Placement::Received => Shelf::Received,
        };
        let filter = ItemFilter::shelf(shelf);
        let sort = shelf.fixed_sort().unwrap_or(Sort::Newest);
        let cursor = Cursor::after_item(&item, sort);

        // The neighbors on the shelf, for the viewer's arrows.
        let mut neighbor = |sort| -> Result<Option<Neighbor>> {
            let next = store::item_lists::list(conn, user.id, &filter, sort, Some(&cursor), 1)?;
            Ok(next.first().map(|item| (item.id, user.id)))
        };

        let older = neighbor(sort)?;
        // The next newer item follows in the opposite order, if there is one.
        let newer = match sort.reversed() {
            Some(reversed) => neighbor(reversed)?,
            None => None,
        };
        Ok(ItemView { item, tracks, directory, added_by, album: None, newer, older })
    })?;

    // Only items in the library appear under Recents.
    if shown.item.placement == Placement::Library && !auth_session.is_partner() {
        services.last_seen.touch_item(user.id, id, now());
    }
    Ok(shown)
}
