//! Documents to read on their page: the pages of a PDF as images, and text.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::library::open_item;
use crate::error::{Error, Result};
use crate::media::{Picture, legacy_text};
use crate::model::item::ItemKind;
use crate::model::{Item, ItemId, ScanStatus, User};
use crate::msg;
use crate::sandbox::SandboxError;
use crate::state::Services;
use crate::sync::run_on_blocking_pool;

/// Most pages that are offered.
pub const MAX_PAGES: u32 = 1_000;
/// Bytes of a text that are shown.
const MAX_TEXT_BYTES: u64 = 256 * 1024;

/// Whether the pages of an item are images.
#[must_use]
pub fn has_pages(item: &Item) -> bool {
    item.mime == "application/pdf" && item.scan != ScanStatus::Pending && !item.is_missing
}

/// Renders a page of a PDF; the first is 1. Waits up to `timeout` for its turn. Nothing is stored: browsers keep it.
///
/// # Errors
/// `NotFound` if there is no such page, `BeingChecked` until the malware scanner has found the file clean, `Unavailable`
/// after the timeout.
pub async fn render_page(
    services: &Arc<Services>,
    user: &User,
    id: ItemId,
    page: u32,
    timeout: Duration,
) -> Result<(Item, Picture)> {
    if !(1..=MAX_PAGES).contains(&page) {
        return Err(Error::NotFound);
    }
    let busy = || Error::Unavailable(msg!("This page is still being made."));
    let waited = tokio::time::timeout(timeout, services.full_size_slots.clone().acquire_owned());
    let slot = waited.await.map_err(|_| busy())?.map_err(|_| busy())?;

    let (shared, owner) = (services.clone(), user.clone());
    run_on_blocking_pool(move || {
        // Held until the decoder has ended, even if the client goes away.
        let _slot = slot;
        let item = open_item::open(&shared, &owner, id)?.item.clone();
        if !has_pages(&item) {
            return Err(Error::NotFound);
        }
        // The position of the open file is shared with those who download it, so the decoder gets one of its own.
        let file =
            open_item::open_after_pending_moves(&shared, &owner, id)?.ok_or(Error::NotFound)?;
        match shared.renderer.render_pdf_page(&file, page) {
            Ok(picture) => Ok((item, picture)),
            Err(SandboxError::System(cause)) => Err(cause.into()),
            Err(failure) => {
                tracing::info!(item = %id, page, "no page: {failure}");
                Err(Error::NotFound)
            }
        }
    })
    .await
}

/// The beginning of a text, and whether there is more; `None` for other files.
///
/// # Errors
/// As [`open_item::open`].
pub fn read_text(services: &Services, user: &User, item: &Item) -> Result<Option<(String, bool)>> {
    let is_text = item.kind == ItemKind::Document
        && (item.mime.starts_with("text/") || item.mime == "application/json");
    if !is_text || item.scan == ScanStatus::Pending || item.is_missing {
        return Ok(None);
    }
    let source = open_item::open(services, user, item.id)?;
    let mut bytes = Vec::new();
    source.reader().take(MAX_TEXT_BYTES).read_to_end(&mut bytes)?;
    let is_cut = source.length > MAX_TEXT_BYTES;
    // The last character may be cut.
    while is_cut && bytes.last().is_some_and(|byte| !byte.is_ascii()) {
        bytes.pop();
    }
    Ok(Some((legacy_text::decode_one(&bytes).replace('\0', "\u{fffd}"), is_cut)))
}
