//! Updates rows after changes that other programs made on disk.

use crate::domain::library::live_photos;
use crate::domain::previews;
use crate::error::{Error, Result};
use crate::media::sniff::sniff;
use crate::model::item::ItemKind;
use crate::model::{Item, ItemId, PreviewState, ScanStatus, User, now};
use crate::state::Services;
use crate::storage::file_name::sort_key;
use crate::storage::{FileLocation, ReceivedFile};
use crate::store;
use crate::store::shelf_counts::CountDeltas;

/// Whether a row or a move in progress names that location. A server may be running.
pub(crate) fn is_known(services: &Services, user: &User, place: &FileLocation) -> Result<bool> {
    services.db.read(|conn| {
        Ok(store::file_moves::is_going_to(conn, place)?
            || store::items::find_at(conn, user.id, place.directory(), place.name())?.is_some())
    })
}

/// Records whether an item's file is missing or damaged.
pub(crate) fn set_state(
    services: &Services,
    user: &User,
    id: ItemId,
    is_missing: bool,
    is_damaged: bool,
) -> Result<()> {
    services.write_library(user.id, |conn| {
        store::items::update_missing(conn, user.id, id, is_missing)?;
        store::items::update_damaged(conn, user.id, id, is_damaged)?;
        Ok(())
    })
}

/// Updates an item's row to the current content of its file, which another program has changed, and enqueues a new
/// preview. `scan` is the malware scan status to record.
pub(crate) fn update_content(
    services: &Services,
    user: &User,
    item: &Item,
    received: &ReceivedFile,
    scan: ScanStatus,
) -> Result<()> {
    let found = sniff(&received.head, &item.name);
    let kind = ItemKind::from(found.kind);
    let size = i64::try_from(received.size).map_err(Error::internal)?;

    services.write_library(user.id, |conn| {
        let before = store::items::find(conn, user.id, item.id)?.ok_or(Error::NotFound)?;
        let after = Item {
            kind,
            shelf: kind.shelf(),
            mime: found.mime.to_owned(),
            size,
            sha256: received.sha256.clone(),
            name_key: sort_key(&before.name),
            is_missing: false,
            is_damaged: false,
            scan,
            // The previews of the old content are outdated, so new ones are made.
            preview: PreviewState::initial(found.mime),
            placeholder: None,
            motion_start: None,
            motion_bytes: None,
            content_id: None,
            motion_item: None,
            updated_at: now(),
            ..before.clone()
        };

        // The kind may have changed, and with it the shelf.
        let mut deltas = CountDeltas::default();
        deltas.subtract(&before);
        deltas.add(&after);
        deltas.write(conn, user.id)?;
        // The difference is negative if the file has grown, which increases the used bytes.
        store::users::update_subtract_used(conn, user.id, before.size - size)?;
        store::items::update_content(conn, &after)?;
        store::items::update_preview(conn, &after)?;
        store::live_photos::update_pair(conn, &after)?;
        live_photos::refresh(conn, user.id, [&before])?;
        // An XMP file that another program has changed is its own from now on.
        store::xmp_files::forget_file(conn, user.id, item.id)?;
        previews::enqueue(conn, &after)
    })
}
