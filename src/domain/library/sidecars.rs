//! Files beside photos and videos that describe them: XMP of photo programs, JSON of Google Takeout. They are items like
//! others; what they say is kept with the item that they describe, whichever of the two comes first.

use super::edit_details;
use crate::db::Conn;
use crate::error::Result;
use crate::media::Metadata;
use crate::model::item::ItemKind;
use crate::model::item_annotations::{Annotations, Sidecar};
use crate::model::{DirectoryId, Item, ItemId, Shelf, TimeZone, now, sidecar_name};
use crate::storage::file_name::sort_key;
use crate::store;
use crate::store::shelf_counts::CountDeltas;

/// Items with the same beginning of their names that are looked at.
const MAX_CANDIDATES: i64 = 200;

/// Adds what the files beside an item say to its annotations. Marks it as a favorite when that is said for the first
/// time. Returns the item with the mark.
pub(crate) fn read_for(
    conn: &mut Conn,
    item: &Item,
    annotations: &mut Annotations,
) -> Result<Item> {
    if !matches!(item.kind, ItemKind::Photo | ItemKind::Video) {
        return Ok(item.clone());
    }

    let mut found = Metadata::default();
    let mut candidates = candidates(conn, item)?;
    // What this server wrote says nothing new.
    candidates.retain(|candidate| candidate.is_sidecar() && candidate.shelf != Shelf::Motion);
    let ids: Vec<ItemId> = candidates.iter().map(|candidate| candidate.id).collect();
    let sent = store::item_senders::list_sent(conn, &ids)?;
    for candidate in candidates.iter().filter(|candidate| !sent.contains(&candidate.id)) {
        let details = store::item_details::find(conn, item.user_id, candidate.id)?;
        let metadata = details.map(|details| details.metadata).unwrap_or_default();
        let described = metadata.describes.as_deref();
        if sidecar_name::describes(&candidate.name, described, &item.name) {
            found.is_favorite |= metadata.is_favorite;
            found.merge_missing(metadata);
        }
    }
    if found == Metadata::default() {
        return Ok(item.clone());
    }

    let former = annotations.sidecar.take().unwrap_or_default();
    let marked = mark_favorite(conn, item, former.is_favorite, found.is_favorite)?;
    found.is_favorite |= former.is_favorite;
    annotations.sidecar = Some(Sidecar { metadata: found, albums: former.albums });
    Ok(marked)
}

/// Marks an item as a favorite if what describes it says so for the first time, so that a mark that the user has removed
/// does not come back. The caller counts the change.
pub(crate) fn mark_favorite(
    conn: &mut Conn,
    item: &Item,
    was_said: bool,
    is_said: bool,
) -> Result<Item> {
    if was_said || !is_said || item.favorite {
        return Ok(item.clone());
    }
    store::items::update_favorite(conn, item.user_id, item.id, true, now())?;
    Ok(Item { favorite: true, ..item.clone() })
}

/// Passes what a file says on to the items that it describes, in the caller's transaction.
pub(crate) fn pass_on(conn: &mut Conn, zone: &TimeZone, sidecar: &Item) -> Result<()> {
    let details = store::item_details::find(conn, sidecar.user_id, sidecar.id)?;
    let described = details.and_then(|details| details.metadata.describes);

    let mut deltas = CountDeltas::default();
    for item in candidates(conn, sidecar)? {
        let is_described = matches!(item.kind, ItemKind::Photo | ItemKind::Video)
            && sidecar_name::describes(&sidecar.name, described.as_deref(), &item.name);
        if is_described {
            let mut annotations = store::item_annotations::find(conn, item.user_id, item.id)?;
            let marked = read_for(conn, &item, &mut annotations)?;
            // The mark is counted with the other changes.
            deltas.subtract(&item);
            deltas.add(&marked);
            edit_details::write(conn, zone, &marked, &annotations, &mut deltas)?;
        }
    }
    Ok(deltas.write(conn, sidecar.user_id)?)
}

/// Items beside this one whose names have the same beginning.
fn candidates(conn: &mut Conn, item: &Item) -> Result<Vec<Item>> {
    let directories = directories_beside(conn, item)?;
    let prefix = sort_key(sidecar_name::common_prefix(&item.name));
    let owner = item.user_id;
    Ok(store::items::list_by_prefix(conn, owner, &directories, &prefix, MAX_CANDIDATES)?)
}

/// The directory of an item. Files that were sent together lie in different standard directories, because each takes one
/// kind; these count as one.
fn directories_beside(conn: &mut Conn, item: &Item) -> Result<Vec<DirectoryId>> {
    let kinds = [ItemKind::Photo, ItemKind::Video, ItemKind::Document];
    let mut standard = Vec::new();
    for kind in kinds {
        let directory = store::directories::find_by_path(conn, item.user_id, kind.folder())?;
        standard.extend(directory.map(|directory| directory.directory_id));
    }
    Ok(if standard.contains(&item.directory_id) { standard } else { vec![item.directory_id] })
}
