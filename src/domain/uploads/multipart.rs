//! Multipart uploads, written with constant memory and hashed on the way.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;

use super::stream::{ByteSink, CHUNK_BYTES, StreamEnd, copy_stream};
use crate::domain::library::items;
use crate::error::{Error, Result};
use crate::model::{DirectoryId, ItemId, ReportId, User, now};
use crate::state::Services;
use crate::state::quota_holds::{self, QuotaHold};
use crate::storage::{IncomingFile, MediaDir, ReceivedFile};
use crate::store;
use crate::sync::run_on_blocking_pool;

/// Rejects what cannot fit before any of it is read, and reserves quota for it.
/// Blocks: call it on the blocking pool.
///
/// # Errors
/// `QuotaExceeded`, `TooLarge`, `DiskFull`.
pub fn reserve(services: &Arc<Services>, user: &User, announced: u64) -> Result<QuotaHold> {
    // The request also contains boundaries and other form fields.
    let files = announced.saturating_sub(64 * 1024);
    quota_holds::ensure_upload_size(
        &services.media_dir,
        services.settings.max_upload_bytes,
        files,
    )?;
    let hold = QuotaHold::empty(&services.db, &services.quota_holds, user);
    // Small uploads are reserved when they are written, to the byte.
    if announced > CHUNK_BYTES as u64 {
        hold.extend_to(files)?;
    }
    Ok(hold)
}

/// Writes one file within its limits.
struct IncomingSink {
    tree: Arc<MediaDir>,
    incoming: IncomingFile,
    limit: u64,
    hold: Arc<QuotaHold>,
    /// Bytes of earlier files in the same request.
    before: u64,
    size: u64,
}

impl ByteSink for IncomingSink {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.size += bytes.len() as u64;
        if self.size > self.limit {
            return Err(Error::TooLarge { limit: self.limit });
        }
        self.hold.extend_to(self.before + self.size)?;
        quota_holds::ensure_disk_space(&self.tree, self.incoming.unallocated(bytes.len() as u64))?;
        Ok(self.incoming.write(bytes)?)
    }
}

/// Receives one file; `before` is the number of bytes of earlier files in the same request.
///
/// # Errors
/// `TooLarge`, `QuotaExceeded`, `DiskFull`; `BadRequest` if the sender stops midway. Nothing remains then.
pub async fn receive<S, E>(
    services: &Arc<Services>,
    hold: &Arc<QuotaHold>,
    before: u64,
    bytes: S,
) -> Result<ReceivedFile>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let (tree, limit, hold) =
        (services.media_dir.clone(), services.settings.max_upload_bytes, hold.clone());
    let taking = run_on_blocking_pool(move || {
        Ok(IncomingSink {
            incoming: IncomingFile::create(tree.clone())?,
            tree,
            limit,
            hold,
            before,
            size: 0,
        })
    })
    .await?;

    match copy_stream(taking, bytes).await? {
        (taking, StreamEnd::Whole) => Ok(taking.incoming.finish()),
        (_, StreamEnd::Broken(Error::BadRequest(why))) => {
            Err(Error::BadRequest(format!("{why} Nothing of it was kept.")))
        }
        (_, StreamEnd::Broken(error)) => Err(error),
    }
}

/// Moves just stored files into the directory that the upload names, by the rules of [`store_all`](crate::domain::ingest::store_all).
///
/// # Errors
/// `Invalid` for a directory of another user.
pub fn move_to_directory(
    services: &Services,
    user: &User,
    ids: &[ItemId],
    directory: DirectoryId,
) -> Result<()> {
    let chosen =
        services.db.read(|conn| Ok(store::directories::find(conn, user.id, directory)?))?;
    let chosen = chosen.ok_or_else(|| Error::field("directory", "Choose one of your folders."))?;
    if !chosen.is_standard() && !ids.is_empty() {
        items::move_items(services, user, ids, directory)?;
    }
    Ok(())
}

/// Stores the results of an upload form for its result page.
pub fn save_report(services: &Services, user: &User, rows_json: &str) -> Result<ReportId> {
    let id = ReportId::new();
    services
        .db
        .write(|conn| Ok(store::upload_reports::insert(conn, user.id, id, rows_json, now())?))?;
    Ok(id)
}

/// # Errors
/// `NotFound` for a report of another user, or one older than a day.
pub fn find_report(services: &Services, user: &User, id: ReportId) -> Result<String> {
    services.db.read(|conn| store::upload_reports::find(conn, user.id, id)?.ok_or(Error::NotFound))
}
