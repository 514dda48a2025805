//! Records what was found in a file: previews, metadata, when it was taken, and what kind of file it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};

use crate::db::Conn;
use crate::domain::file_moves::{self, MovePlan};
use crate::domain::library::items::{item_location, with_name};
use crate::domain::library::{capture_time, create_directory, live_photos, search, sidecars};
use crate::error::{Error, Result};
use crate::media::{Metadata, Rendered};
use crate::model::item::ItemKind;
use crate::model::{Item, ItemDetails, ItemId, PreviewState, Shelf, TimeZone, User, UserId, now};
use crate::state::Services;
use crate::storage::{FileLocation, FileName};
use crate::store;
use crate::store::preview_jobs::NEVER;
use crate::store::shelf_counts::CountDeltas;

/// Records previews and metadata if the item's bytes have not changed meanwhile. A file that turned out to be of another
/// kind moves to the standard directory for that kind.
pub(super) fn store_result(
    services: &Services,
    rendered_item: &Item,
    rendered: &Rendered,
    state: PreviewState,
) -> Result<()> {
    let owner = services
        .db
        .read(|conn| store::users::find(conn, rendered_item.user_id)?.ok_or(Error::NotFound))?;
    let zone = services.time_zone(&owner);

    if let Some(found) = rendered.found
        && ItemKind::from(found.kind) != rendered_item.kind
        && store_in_other_directory(services, &owner, &zone, rendered_item, rendered, state)?
    {
        return Ok(());
    }
    services.write_library(owner.id, |conn| {
        let Some(before) = find_unchanged(services, conn, rendered_item)? else { return Ok(()) };
        store_rows(conn, &before, before.clone(), rendered, state, &zone)
    })
}

/// Moves the file of an item whose kind has changed, and records everything with the move. False if the item is not in
/// the standard directory for its former kind, so that it stays where it is.
fn store_in_other_directory(
    services: &Services,
    owner: &User,
    zone: &TimeZone,
    rendered_item: &Item,
    rendered: &Rendered,
    state: PreviewState,
) -> Result<bool> {
    let Some(found) = rendered.found else { return Ok(false) };
    let (from_path, to_path) = (rendered_item.kind.folder(), ItemKind::from(found.kind).folder());

    let done = file_moves::move_files(
        services,
        owner.id,
        |conn| {
            let Some(item) = find_unchanged(services, conn, rendered_item)? else {
                return Ok(Vec::new());
            };
            let directory = store::directories::find(conn, owner.id, item.directory_id)?
                .ok_or(Error::NotFound)?;
            if directory.directory_path != from_path || from_path == to_path {
                return Ok(Vec::new());
            }
            create_directory::ensure(services, conn, owner, to_path)?;
            let wanted_name = FileName::parse_or_unnamed(&item.name);
            Ok(vec![MovePlan {
                subject: item.id.0,
                from: item_location(conn, owner, &item)?,
                to: FileLocation::new(&owner.folder, to_path, wanted_name.as_str()),
                wanted_name,
                can_rename: true,
            }])
        },
        |conn, batch| {
            for done in batch {
                let before = store::items::find(conn, owner.id, ItemId(done.subject))?
                    .ok_or(Error::NotFound)?;
                let target = store::directories::find_by_path(conn, owner.id, to_path)?
                    .ok_or(Error::NotFound)?;
                let changed = [before.directory_id, target.directory_id];
                let moved = with_name(
                    Item { directory_id: target.directory_id, ..before.clone() },
                    &done.name,
                );
                store::items::update_place(conn, &moved)?;
                store_rows(conn, &before, moved, rendered, state, zone)?;
                store::directories::update_modified(conn, owner.id, &changed, now())?;
            }
            Ok(())
        },
    )?;
    Ok(!done.is_empty())
}

/// The item, unless it was deleted or its bytes have changed since they were rendered.
fn find_unchanged(
    services: &Services,
    conn: &mut Conn,
    rendered_item: &Item,
) -> Result<Option<Item>> {
    let Some(item) = store::items::find(conn, rendered_item.user_id, rendered_item.id)? else {
        // The item was deleted or quarantined meanwhile, so the previews that were already written to the cache are
        // removed.
        services.preview_cache.remove(rendered_item.id.0);
        return Ok(None);
    };

    // A change has also reset the item's preview state, so the previews of the old bytes that were written to the cache
    // are not shown. It has queued a new preview job.
    Ok((item.sha256 == rendered_item.sha256).then_some(item))
}

/// The identifier that joins a photo with its video. What a user without trust has sent is joined only with what the same
/// user has sent.
fn content_id(
    conn: &mut Conn,
    item: ItemId,
    stated: Option<&String>,
    was_sent: bool,
) -> Result<Option<String>> {
    /// The length of the column.
    const MAX_CHARS: usize = 40;
    let Some(stated) = stated.filter(|_| was_sent) else { return Ok(stated.cloned()) };
    let sender = store::item_senders::find(conn, item)?;
    Ok(sender.map(|sender| {
        let digest = Sha256::digest(format!("{sender} {stated}").as_bytes());
        hex::encode(digest).chars().take(MAX_CHARS).collect()
    }))
}

/// Writes the rows of an item: `after` is `before`, perhaps at another location.
fn store_rows(
    conn: &mut Conn,
    before: &Item,
    after: Item,
    rendered: &Rendered,
    state: PreviewState,
    zone: &TimeZone,
) -> Result<()> {
    let owner: UserId = before.user_id;
    let details =
        ItemDetails { metadata: rendered.metadata.clone(), error: rendered.error.clone() };
    let mut annotations = store::item_annotations::find(conn, owner, before.id)?;

    // Values from a file can exceed the column's type or length; such a value is stored as null.
    let side = |length: Option<u32>| length.and_then(|length| i32::try_from(length).ok());
    let placeholder =
        (!rendered.thumbhash.is_empty()).then(|| STANDARD_NO_PAD.encode(&rendered.thumbhash));

    // A file that another user has sent describes only itself: not the owner's files beside it, and not a video of theirs.
    let was_sent = !store::item_senders::list_sent(conn, &[before.id])?.is_empty();
    let motion = details.metadata.motion;
    let number = |at: usize| motion.and_then(|range| i64::try_from(*range.get(at)?).ok());

    let mut item = Item {
        motion_start: number(0),
        motion_bytes: number(1),
        content_id: content_id(conn, before.id, details.metadata.content_id.as_ref(), was_sent)?,
        preview: state,
        placeholder: placeholder.filter(|text| text.len() <= 40),
        width: side(details.metadata.width),
        height: side(details.metadata.height),
        duration_ms: details.metadata.duration_ms.and_then(|length| i64::try_from(length).ok()),
        ..after
    };
    if let Some(found) = rendered.found {
        let kind = ItemKind::from(found.kind);
        // An XMP file that this server wrote stays on no shelf.
        let is_written = item.is_sidecar() && before.shelf == Shelf::Motion;
        let shelf = if is_written { before.shelf } else { kind.shelf() };
        item = Item { kind, shelf, mime: found.mime.to_owned(), ..item };
    }
    let item = sidecars::read_for(conn, &item, &mut annotations)?;
    store::item_annotations::replace(conn, owner, item.id, &annotations)?;
    let item = capture_time::of_item(&item, &details.metadata, &annotations, zone).apply(item);

    // Item, counters, metadata and search index change together.
    store::items::update_preview(conn, &item)?;
    let mut deltas = CountDeltas::default();
    deltas.subtract(before);
    deltas.add(&item);
    deltas.write(conn, owner)?;
    store::item_details::replace(conn, owner, item.id, &details)?;

    let shown: Metadata = annotations.apply(details.metadata);
    if before.kind == ItemKind::Audio && item.kind != ItemKind::Audio {
        store::item_details::delete_track(conn, owner, item.id)?;
    }
    search::index(conn, &item, &shown)?;
    if item.is_sidecar() && !was_sent {
        sidecars::pass_on(conn, zone, &item)?;
    }
    live_photos::refresh(conn, owner, [before, &item])?;

    // A failed job stays, so that an admin can retry it.
    match state {
        PreviewState::Failed => store::preview_jobs::update_not_before(conn, item.id, NEVER)?,
        _ => store::preview_jobs::delete(conn, item.id)?,
    };
    Ok(())
}
