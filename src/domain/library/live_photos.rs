//! Live Photos: a photo and a video that one camera took together are one thing on the shelves. They belong together if
//! they state the same identifier; names do not count, because cameras reuse them.

use super::search;
use super::selection::find_owned;
use crate::db::Conn;
use crate::domain::file_moves::CompletedMove;
use crate::error::Result;
use crate::model::item::ItemKind;
use crate::model::{Item, ItemId, Placement, Shelf, User, UserId};
use crate::store;
use crate::store::shelf_counts::CountDeltas;

/// Joins or separates the items with the identifiers of `changed`, after these were changed or deleted. An item is only
/// joined while it is not in the trash.
pub(crate) fn refresh<'a>(
    conn: &mut Conn,
    owner: UserId,
    changed: impl IntoIterator<Item = &'a Item>,
) -> Result<()> {
    let identifiers = identifiers_of(changed);
    if identifiers.is_empty() {
        return Ok(());
    }

    let all = store::live_photos::list_by_content_id(conn, owner, &identifiers)?;
    let mut deltas = CountDeltas::default();
    for item in &all {
        // The oldest of each kind, if the user has several.
        let first = |kind| {
            all.iter().find(|other| {
                other.content_id == item.content_id
                    && other.kind == kind
                    && other.placement == Placement::Library
            })
        };
        let pair = first(ItemKind::Photo).zip(first(ItemKind::Video));
        let motion_item = pair.filter(|(photo, _)| photo.id == item.id).map(|(_, video)| video.id);
        let is_motion = pair.is_some_and(|(_, video)| video.id == item.id);
        let shelf = if is_motion { Shelf::Motion } else { item.kind.shelf() };
        if (motion_item, shelf) == (item.motion_item, item.shelf) {
            continue;
        }

        let joined = Item { shelf, motion_item, ..item.clone() };
        deltas.subtract(item);
        deltas.add(&joined);
        store::live_photos::update_pair(conn, &joined)?;
        if shelf != item.shelf {
            search::reindex(conn, &joined)?;
        }
    }
    deltas.write(conn, owner)?;
    Ok(())
}

/// Those of `ids` that belong to the user, and what is kept with them: the videos of the photos among them, and the XMP
/// files that this server wrote. These are only included if they are in the trash like the item, or not in it like the
/// item.
pub(crate) fn find_owned_with_companions(
    conn: &mut Conn,
    user: &User,
    ids: &[ItemId],
) -> Result<Vec<Item>> {
    let items = find_owned(conn, user, ids)?;
    let items = add_xmp_files(conn, user, items)?;
    let photos = items.iter().filter(|item| item.kind == ItemKind::Photo);
    let identifiers = identifiers_of(photos);
    if identifiers.is_empty() {
        return Ok(items);
    }

    let mut all = items;
    for video in store::live_photos::list_by_content_id(conn, user.id, &identifiers)? {
        let is_of_one = all.iter().any(|photo| {
            photo.kind == ItemKind::Photo
                && photo.content_id == video.content_id
                && photo.placement == video.placement
        });
        let is_new = all.iter().all(|item| item.id != video.id);
        if video.kind == ItemKind::Video && is_of_one && is_new {
            all.push(video);
        }
    }
    Ok(all)
}

/// Adds the XMP files that this server wrote for the items.
fn add_xmp_files(conn: &mut Conn, user: &User, mut items: Vec<Item>) -> Result<Vec<Item>> {
    for file in store::xmp_files::list_files(conn, user.id, &items)? {
        if items.iter().all(|item| item.id != file.id) {
            items.push(file);
        }
    }
    Ok(items)
}

/// How many of the moved items were requested; the others are kept with these.
pub(crate) fn count_requested(done: &[CompletedMove], ids: &[ItemId]) -> usize {
    done.iter().filter(|done| ids.contains(&ItemId(done.subject))).count()
}

fn identifiers_of<'a>(items: impl IntoIterator<Item = &'a Item>) -> Vec<String> {
    let mut identifiers: Vec<String> =
        items.into_iter().filter_map(|item| item.content_id.clone()).collect();
    identifiers.sort_unstable();
    identifiers.dedup();
    identifiers
}
