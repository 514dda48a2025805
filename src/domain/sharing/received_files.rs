//! Files that visitors of share links have sent: their owner accepts them, or puts them into the trash.

use std::collections::BTreeMap;

use crate::domain::audit;
use crate::domain::library::selection::find_owned;
use crate::domain::library::{album_contents, live_photos};
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::authority::Authority;
use crate::model::item_filter::ItemFilter;
use crate::model::{
    AlbumId, Event, Item, ItemId, Placement, ReceivedFileRow, Shelf, Sort, User, now,
};
use crate::msg;
use crate::state::Services;
use crate::store;
use crate::store::shelf_counts::CountDeltas;

/// Items accepted in one transaction.
const BATCH_ITEMS: i64 = 500;

/// Who has sent an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedFrom {
    pub item: ItemId,
    /// The name that the visitor gave; may be empty.
    pub sender: String,
}

/// Who has sent these items; items that were not received are left out.
///
/// # Errors
/// Database errors.
pub fn senders_of(
    services: &Services,
    owner: &User,
    items: &[ItemId],
) -> Result<Vec<ReceivedFrom>> {
    let rows =
        services.db.read(|conn| Ok(store::received_files::list_of(conn, owner.id, items)?))?;
    let received = |row: ReceivedFileRow| ReceivedFrom { item: row.item_id, sender: row.sender };
    Ok(rows.into_iter().map(received).collect())
}

/// Puts received files into the library, and into the album of the link through which they came. Returns how many; those
/// that are there already stay.
///
/// # Errors
/// `NotFound` if none of them belongs to the user, `Conflict` if none of them waits for this.
pub fn accept(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    ids: &[ItemId],
) -> Result<usize> {
    let user = authority.user;
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let items = find_owned(conn, user, ids)?;
        let at = now();
        let in_trash = items.iter().any(Item::is_in_trash);
        let (mut deltas, mut accepted) = (CountDeltas::default(), Vec::new());
        for item in items.into_iter().filter(|item| item.placement == Placement::Received) {
            if store::received_files::update_accepted(conn, user.id, item.id, at)? == 0 {
                continue;
            }
            deltas.subtract(&item);
            let item =
                Item { placement: Placement::Library, recent_at: at, updated_at: at, ..item };
            deltas.add(&item);
            accepted.push(item);
        }

        if accepted.is_empty() {
            let message = if in_trash {
                msg!("That is in the trash. Restore it first.")
            } else {
                msg!("That is in your library already.")
            };
            return Err(Error::Conflict(message.into()));
        }
        deltas.write(conn, user.id)?;
        live_photos::refresh(conn, user.id, &accepted)?;

        let ids: Vec<ItemId> = accepted.iter().map(|item| item.id).collect();
        let mut albums: BTreeMap<AlbumId, Vec<ItemId>> = BTreeMap::new();
        for row in store::received_files::list_of(conn, user.id, &ids)? {
            if let Some(album) = row.album_id {
                albums.entry(album).or_default().push(row.item_id);
            }
        }
        for (album, ids) in albums {
            album_contents::add_if_possible(conn, user, album, &ids)?;
        }

        let mut directories: Vec<_> = accepted.iter().map(|item| item.directory_id).collect();
        directories.sort_unstable();
        directories.dedup();
        store::directories::update_modified(conn, user.id, &directories, at)?;
        let detail = format!("{} files", accepted.len());
        audit::append(conn, Event::FilesAccepted, actor, user.account_name(), &detail)?;
        Ok(accepted.len())
    })
}

/// Accepts everything that waits for it. Returns how many files.
///
/// # Errors
/// Those of [`accept`].
pub fn accept_all(services: &Services, authority: &Authority<'_>, actor: &Actor) -> Result<usize> {
    let user = authority.user;
    let filter = ItemFilter::shelf(Shelf::Received);
    let mut accepted = 0;
    loop {
        let items = services.db.read(|conn| {
            Ok(store::item_lists::list(conn, user.id, &filter, Sort::Recent, None, BATCH_ITEMS)?)
        })?;
        if items.is_empty() {
            return Ok(accepted);
        }
        let ids: Vec<ItemId> = items.into_iter().map(|item| item.id).collect();
        accepted += accept(services, authority, actor, &ids)?;
    }
}
