//! Images in full size, in formats that browsers do not show: made when one is first requested, and kept for a week.

use std::sync::Arc;
use std::time::Duration;

use super::open::keep_open;
use crate::db::Conn;
use crate::domain::library::open_item;
use crate::error::{Error, Result};
use crate::media::sniff::{is_shown_inline, sniff};
use crate::model::item::ItemKind;
use crate::model::{Item, ItemId, PreviewState, ScanStatus, User};
use crate::msg;
use crate::sandbox::SandboxError;
use crate::state::Services;
use crate::state::open_file_cache::{FileSource, FileVariant, Lookup};
use crate::storage::incoming_file::read_head;
use crate::store;
use crate::sync::run_on_blocking_pool;

/// Whether an item has a full-size view: an image whose format browsers do not show.
#[must_use]
pub fn has_full_size(item: &Item) -> bool {
    item.kind == ItemKind::Photo
        && item.preview == PreviewState::Ready
        && item.scan != ScanStatus::Pending
        && !item.is_missing
        && !is_shown_inline(&item.mime)
}

/// Opens the full-size view of an image, and makes it if there is none. Waits up to `timeout` for its turn.
///
/// # Errors
/// `NotFound` if the item has none, `BeingChecked` until the malware scanner has found the file clean, `Unavailable`
/// after the timeout.
pub async fn open_full_size(
    services: &Arc<Services>,
    user: &User,
    id: ItemId,
    timeout: Duration,
) -> Result<Arc<FileSource>> {
    let (shared, owner) = (services.clone(), user.clone());
    let found = run_on_blocking_pool(move || find(&shared, &owner, id)).await?;
    if let Some(source) = found {
        return Ok(source);
    }

    let busy = || Error::Unavailable(msg!("This preview is still being made."));
    let waited = tokio::time::timeout(timeout, services.full_size_slots.clone().acquire_owned());
    let slot = waited.await.map_err(|_| busy())?.map_err(|_| busy())?;
    let (shared, owner) = (services.clone(), user.clone());
    run_on_blocking_pool(move || {
        // Held until the decoder has ended, even if the client goes away.
        let _slot = slot;
        // Another request may have made it meanwhile.
        match find(&shared, &owner, id)? {
            Some(source) => Ok(source),
            None => make(&shared, &owner, id),
        }
    })
    .await
}

fn find(services: &Services, user: &User, id: ItemId) -> Result<Option<Arc<FileSource>>> {
    let look = |conn: &mut Conn| store::items::find(conn, user.id, id)?.ok_or(Error::NotFound);
    let (library, item) = match services.find_open_or(user.id, id, FileVariant::FullSize, look)? {
        Lookup::Open(source) => return Ok(Some(source)),
        Lookup::Closed(library, item) => (library, item),
    };
    if item.scan == ScanStatus::Pending {
        return Err(Error::BeingChecked);
    }
    if !has_full_size(&item) {
        return Err(Error::NotFound);
    }
    match services.preview_cache.find_full_size(id.0, &item.sha256) {
        Ok(view) => Ok(Some(keep_open(services, &library, FileVariant::FullSize, item, view))),
        // Not made yet, removed after a week, torn, or of another content.
        Err(_) => Ok(None),
    }
}

fn make(services: &Services, user: &User, id: ItemId) -> Result<Arc<FileSource>> {
    let original = open_item::open(services, user, id)?;
    let item = &original.item;
    // The position of the open file is shared with those who download it, so the decoder gets one of its own.
    let file = open_item::open_after_pending_moves(services, user, id)?.ok_or(Error::NotFound)?;
    let mime = sniff(&read_head(&file)?, &item.name).mime;

    match services.renderer.render_full_size(&file, mime) {
        Ok(picture) => {
            services.preview_cache.write_full_size(id.0, &item.sha256, &picture)?;
            find(services, user, id)?.ok_or(Error::NotFound)
        }
        Err(SandboxError::System(cause)) => Err(cause.into()),
        Err(failure) => {
            tracing::info!(item = %id, "no full-size view: {failure}");
            Err(Error::NotFound)
        }
    }
}
