//! Opens previews for viewing, and requests missing ones.

use super::process::enqueue;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::media::RendererHealth;
use crate::model::{Item, ItemDetails, ItemId, PreviewState, ScanStatus, User};
use crate::msg;
use crate::state::Services;
use crate::state::library_cache::LibraryVersion;
use crate::state::open_file_cache::{FileSource, FileVariant, Lookup};
use crate::storage::preview_cache::CachedPreview;
use crate::store;
use crate::sync::run_on_blocking_pool;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a request that waits for a preview looks whether another server has made it.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// Whether a pending preview will be made.
#[must_use]
pub fn is_enabled(services: &Services) -> bool {
    services.settings.previews_at_once != Some(0)
        && !matches!(services.renderer.health(), RendererHealth::Off(_))
}

/// Makes the pending previews of these items next, in this order: they are on a page that is being viewed.
pub fn prioritize(services: &Services, items: &[Item]) {
    let pending = items.iter().filter(|item| item.preview == PreviewState::Waiting);
    services.preview_queue.prioritize(pending.map(|item| item.id));
}

/// The result of requesting a preview.
pub enum PreviewLookup {
    Ready(Arc<FileSource>),
    /// It is being made, or is next in the queue.
    Soon,
}

/// As [`open`], but waits up to `timeout` for a preview that is not ready.
///
/// # Errors
/// As [`open`]; `Unavailable` after the timeout.
pub async fn open_when_ready(
    services: &Arc<Services>,
    user: &User,
    id: ItemId,
    side: u32,
    timeout: Duration,
) -> Result<Arc<FileSource>> {
    let deadline = Instant::now() + timeout;

    loop {
        // Subscribed before looking, so that a preview finished in between is not missed.
        let mut finished = services.preview_queue.subscribe_finished();
        let (shared, owner) = (services.clone(), user.clone());
        let found = run_on_blocking_pool(move || open(&shared, &owner, id, side)).await?;
        if let PreviewLookup::Ready(source) = found {
            return Ok(source);
        }
        if Instant::now() >= deadline {
            return Err(Error::Unavailable(msg!("This preview is still being made.")));
        }

        // Another server may make it, which is not announced here.
        let announced = async { while finished.recv().await.is_ok_and(|other| other != id) {} };
        let wait = LOOK_INTERVAL.min(deadline.saturating_duration_since(Instant::now()));
        drop(tokio::time::timeout(wait, announced).await);
    }
}

/// The preview of an item that best fits a square of `side` pixels.
///
/// # Errors
/// `NotFound` if there is none, `BeingChecked` until the malware scanner has found the file clean.
pub fn open(services: &Services, user: &User, id: ItemId, side: u32) -> Result<PreviewLookup> {
    let form = FileVariant::Preview(side);
    let look = |conn: &mut Conn| store::items::find(conn, user.id, id)?.ok_or(Error::NotFound);

    // A preview in the cache needs no query for its row and is not opened again; only the library version and the file
    // metadata are checked.
    let (library, item) = match services.find_open_or(user.id, id, form, look)? {
        Lookup::Open(source) => return Ok(PreviewLookup::Ready(source)),
        Lookup::Closed(library, item) => (library, item),
    };

    if item.scan == ScanStatus::Pending {
        return Err(Error::BeingChecked);
    }

    match item.preview {
        // One file contains all sizes.
        PreviewState::Ready => match services.preview_cache.find(id.0, side) {
            Ok(view) => Ok(PreviewLookup::Ready(keep_open(services, &library, form, item, view))),
            Err(cause)
                if !matches!(
                    cause.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::InvalidData
                ) =>
            {
                Err(cause.into())
            }
            Err(cause) => {
                // Lost with the cache directory, or truncated by a power failure.
                tracing::info!(item = %id, "a preview is made again: {cause}");
                let waiting = Item { preview: PreviewState::Waiting, ..item };
                services.write_library(user.id, |conn| {
                    store::items::update_preview(conn, &waiting)?;
                    enqueue(conn, &waiting)
                })?;
                services.preview_queue.prioritize([id].into_iter());
                services.preview_queue.wake();
                Ok(PreviewLookup::Soon)
            }
        },
        // Previews are switched off or cannot be made on this system.
        PreviewState::Waiting if !is_enabled(services) => Err(Error::NotFound),
        PreviewState::Waiting => {
            services.preview_queue.prioritize([id].into_iter());
            Ok(PreviewLookup::Soon)
        }
        PreviewState::None | PreviewState::Failed => Err(Error::NotFound),
    }
}

/// The source of a cached preview, which stays open for the next request.
pub(super) fn keep_open(
    services: &Services,
    library: &Arc<LibraryVersion>,
    form: FileVariant,
    item: Item,
    view: CachedPreview,
) -> Arc<FileSource> {
    let CachedPreview { file, width, height, offset, length } = view;
    let source = Arc::new(FileSource {
        pixels: Some((width, height)),
        ..FileSource::new(item, file, offset, length)
    });
    services.open_file_cache.insert(library, form, &source);
    source
}

/// An item's metadata, with what its owner and files beside it say; empty until its file has been read.
pub fn details(services: &Services, user: &User, id: ItemId) -> Result<ItemDetails> {
    services.db.read(|conn| {
        let details = store::item_details::find(conn, user.id, id)?.unwrap_or_default();
        let annotations = store::item_annotations::find(conn, user.id, id)?;
        Ok(ItemDetails { metadata: annotations.apply(details.metadata), ..details })
    })
}
