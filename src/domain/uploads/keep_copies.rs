//! Copies of what others share, stored in the user's own library.

use std::io::Read;
use std::sync::Arc;

use crate::domain::ingest;
use crate::domain::library::open_item;
use crate::domain::library::selection::MAX_SELECTED;
use crate::domain::sharing::access;
use crate::error::{Error, Result};
use crate::fill;
use crate::model::authority::{Authority, FileSender, ShareKey};
use crate::model::{GrantId, Item, ItemId, User, WallClock};
use crate::state::Services;
use crate::state::ingest_queue::{IngestRequest, Ingested};
use crate::state::open_file_cache::FileSource;
use crate::state::quota_holds::{self, QuotaHold};
use crate::storage::{IncomingFile, ReceivedFile};
use crate::store;

/// Bytes copied at once.
const CHUNK_BYTES: usize = 1 << 20;

/// What came of keeping copies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    pub added: usize,
    /// The user already has the same bytes.
    pub already_there: usize,
    /// Not shared with the user, or not readable.
    pub left_out: usize,
}

/// Stores copies of items that are reached through a grant in the user's library, where they count towards the user's
/// quota. Access is checked for each. Blocks for as long as copying takes.
///
/// # Errors
/// `NotFound` if none of the items is shared with the user, `Forbidden` if only previews are, `QuotaExceeded`, `DiskFull`.
/// What was stored before stays.
pub fn keep(
    services: &Arc<Services>,
    authority: &Authority<'_>,
    grant: GrantId,
    ids: &[ItemId],
) -> Result<Kept> {
    let user = authority.user;
    if ids.len() > MAX_SELECTED {
        let message = fill!("At most {max_selected} items at once.", max_selected = MAX_SELECTED);
        return Err(Error::BadRequest(message));
    }
    let key = ShareKey::Grant { viewer: user.id, grant };
    let _slot = services.upload_slots.acquire(user.id)?;
    let (mut kept, mut found) = (Kept::default(), false);
    for id in ids {
        let reached = match access::open_item(services, key, *id) {
            Err(Error::NotFound) => {
                kept.left_out += 1;
                continue;
            }
            reached => reached?,
        };
        reached.require_file(true)?;
        found = true;
        if has_same_bytes(services, user, &reached.item)? {
            kept.already_there += 1;
            continue;
        }
        let source = match open_item::open(services, &reached.owner, *id) {
            Err(Error::FileMissing | Error::BeingChecked) => {
                kept.left_out += 1;
                continue;
            }
            source => source?,
        };
        match store_copy(services, authority, &source)? {
            Ingested::Stored(_) => kept.added += 1,
            Ingested::Duplicate(_) => kept.already_there += 1,
        }
    }
    if found { Ok(kept) } else { Err(Error::NotFound) }
}

/// Whether the user has a file with these bytes, which then need not be copied.
fn has_same_bytes(services: &Services, user: &User, item: &Item) -> Result<bool> {
    services.db.read(|conn| {
        Ok(store::items::find_same_bytes(conn, user.id, &item.sha256, item.size)?.is_some())
    })
}

fn store_copy(
    services: &Arc<Services>,
    authority: &Authority<'_>,
    source: &FileSource,
) -> Result<Ingested> {
    let (user, item) = (authority.user, &source.item);
    let limit = services.settings.max_upload_bytes;
    quota_holds::ensure_upload_size(&services.media_dir, limit, source.length)?;
    let hold = QuotaHold::empty(&services.db, &services.quota_holds, user);
    hold.extend_to(source.length)?;
    let request = IngestRequest {
        sender: FileSender::of_session(authority.key()),
        // When it was taken, if the file itself does not say so.
        file_modified: Some(WallClock::from_utc(item.shown_at.utc(item.taken_offset)).0),
        hold: Some(Arc::new(hold)),
        ..IngestRequest::new(
            copy(services, source)?,
            item.name.clone(),
            services.malware_scanner.initial_status(),
        )
    };
    ingest::store(services, user, request)
}

/// Copies the bytes of a file into the staging folder.
fn copy(services: &Services, source: &FileSource) -> Result<ReceivedFile> {
    let mut incoming = IncomingFile::create(services.media_dir.clone())?;
    let (mut reader, mut chunk) = (source.reader(), vec![0; CHUNK_BYTES]);
    loop {
        match reader.read(&mut chunk)? {
            0 => return Ok(incoming.finish()),
            read => {
                let space = incoming.unallocated(read as u64);
                quota_holds::ensure_disk_space(&services.media_dir, space)?;
                incoming.write(chunk.get(..read).unwrap_or_default())?;
            }
        }
    }
}
