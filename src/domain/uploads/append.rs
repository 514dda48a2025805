//! Appends parts to resumable uploads.

use super::checksum::Checksum;
use super::resumable::{
    find_row, find_without_blocking, finish_upload, open_appender, record_received,
};
use super::stream::{ByteSink, StreamEnd, copy_stream};
use super::target::UploadTarget;
use crate::error::{Error, Result};
use crate::failpoints;
use crate::fill;
use crate::model::{Upload, UploadId};
use crate::state::Services;
use crate::state::quota_holds;
use crate::state::upload_locks::UploadLock;
use crate::storage::PartialFile;
use crate::sync::run_on_blocking_pool;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::sync::Arc;

/// Bytes after which a part without a checksum is made durable, which limits what a crash can lose.
const SYNC_INTERVAL_BYTES: u64 = 32 << 20;

/// A part: its offset and its checksum.
pub struct UploadPart {
    pub offset: u64,
    /// Its length, if the sender announces it.
    pub length: Option<u64>,
    pub checksum: Option<Checksum>,
}

/// Appends to an upload. Holds the upload's lock until dropped.
struct Appender {
    services: Arc<Services>,
    target: UploadTarget,
    upload: Upload,
    partial: PartialFile,
    checksum: Option<Checksum>,
    /// Bytes that are not durable yet.
    loose: u64,
    turn: UploadLock,
}

impl ByteSink for Appender {
    /// Appends bytes; fails if they exceed the announced length or the free disk space. Without a checksum, progress is
    /// recorded every `SYNC_INTERVAL_BYTES`; with one, only after the whole part has been verified.
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let (written, _) = self.partial.progress();
        let limit = self.upload.length();
        if written + bytes.len() as u64 > limit {
            return Err(Error::TooLarge { limit });
        }

        quota_holds::ensure_disk_space(
            &self.services.media_dir,
            self.partial.unallocated(bytes.len() as u64),
        )?;

        self.partial.write(bytes)?;
        self.services.metrics.upload_bytes.inc_by(bytes.len() as u64);
        self.turn.record_activity();
        // Fault tests kill the server at such named points; in release builds the call does nothing.
        failpoints::hit("part written");
        self.loose += bytes.len() as u64;

        match &mut self.checksum {
            Some(checksum) => checksum.update(bytes),
            None if self.loose >= SYNC_INTERVAL_BYTES => self.record_progress()?,
            None => {}
        }
        Ok(())
    }
}

impl Appender {
    fn is_whole(&self) -> bool {
        self.partial.progress().0 == self.upload.length()
    }

    /// Stores the complete file in its owner's library. If that fails, records that all bytes were received, so that it
    /// can be retried.
    fn finish(self) -> Result<Upload> {
        self.partial.make_durable(self.upload.received == 0)?;
        failpoints::hit("whole and durable");
        let (written, state) = self.partial.progress();
        let Self { services, target, upload, partial, turn, .. } = self;
        let finished = finish_upload(&services, &target, &upload, partial);
        if finished.is_err() {
            record_received(&services, &upload, &target.sender(), written, &state)?;
        }
        drop(turn);
        finished
    }

    /// Makes the bytes received so far durable and records their number, from which the client can continue after an
    /// interruption. Also records the hash state, so that hashing can continue from there, and extends the upload's
    /// expiration time.
    fn record_progress(&mut self) -> Result<()> {
        // No bytes have arrived since the last call, so there is nothing to record.
        if self.loose == 0 {
            return Ok(());
        }
        // As long as nothing was recorded, the file is new, so its name has to be made durable too.
        self.partial.make_durable(self.upload.received == 0)?;
        failpoints::hit("part durable");
        let (written, state) = self.partial.progress();
        (self.upload.received, self.upload.expires_at) =
            record_received(&self.services, &self.upload, &self.target.sender(), written, &state)?;
        self.upload.hash_state = state;
        failpoints::hit("offset committed");
        self.loose = 0;
        Ok(())
    }
}

/// Appends a part. The bytes of an interrupted part are kept, unless it has a checksum. After the last byte the file is
/// stored in its owner's library.
///
/// # Errors
/// `NotFound`; `TooManyRequests` while the user has as many uploads under way as they may; `Conflict` for another offset or
/// while another part is being written; `TooLarge` past the announced length; `ChecksumMismatch`; errors of storing.
pub async fn append<S, E>(
    services: &Arc<Services>,
    target: &UploadTarget,
    id: UploadId,
    part: UploadPart,
    bytes: S,
) -> Result<Upload>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    // Ownership first, then the lock, then the state under the lock.
    find_without_blocking(services, target, id).await?;
    let _slot = target.acquire_slot(services)?;
    let turn = services.upload_locks.lock(id).await?;
    // Completes when the upload is to be deleted or the server shuts down.
    let stop = turn.stopped();

    let appender = {
        let (services, target) = (services.clone(), target.clone());
        run_on_blocking_pool(move || {
            let upload = find_row(&services, &target, id)?;

            // The client continues from an offset that it was told.
            if upload.offset() != part.offset {
                return Err(Error::Conflict(fill!(
                    "The next byte is number {offset}.",
                    offset = upload.offset()
                )));
            }

            if part
                .length
                .is_some_and(|length| part.offset.saturating_add(length) > upload.length())
            {
                return Err(Error::TooLarge { limit: upload.length() });
            }

            // The file of a finished upload is in the library already.
            let partial = if upload.item_id.is_some() {
                None
            } else {
                Some(open_appender(&services, &upload)?)
            };
            Ok((upload, partial, services, target, turn))
        })
        .await?
    };

    let (upload, partial, services, target, turn) = appender;
    // The upload is finished, for instance because the client missed the response to its last part.
    let Some(partial) = partial else { return Ok(upload) };
    let large_chunks = services.large_chunks.clone();
    let appender =
        Appender { services, target, upload, partial, checksum: part.checksum, loose: 0, turn };
    let own_target = appender.target.clone();
    let (mut appender, ended) =
        copy_stream(appender, Box::pin(bytes.take_until(stop)), &large_chunks)
            .await
            .map_err(|error| own_target.own_error(error))?;

    // Runs to its end even if the client disconnects.
    run_on_blocking_pool(move || {
        match (appender.checksum.take(), ended) {
            (Some(checksum), StreamEnd::Whole) if !checksum.matches() => {
                return Err(Error::ChecksumMismatch);
            }
            // The checksum covers the whole part, so a fragment cannot be verified.
            (Some(_), StreamEnd::Broken(error)) => return Err(error),
            // The bytes received of an interrupted part are recorded.
            (None, StreamEnd::Broken(error)) => {
                appender.record_progress()?;
                // All bytes arrived before the stream broke off, so the upload is finished below.
                if appender.upload.received < appender.upload.size {
                    return Err(error);
                }
            }
            (_, StreamEnd::Whole) if appender.is_whole() => {}
            (_, StreamEnd::Whole) => appender.record_progress()?,
        }

        if appender.is_whole() {
            return appender.finish();
        }
        Ok(appender.upload)
    })
    .await
}
