//! Resumable uploads (tus 1.0.0): acknowledged bytes are never requested again.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::checksum::Checksum;
use super::stream::{ByteSink, StreamEnd, copy_stream};
use crate::db::{Conn, run_on_blocking_pool};
use crate::domain::file_moves;
use crate::error::{Error, Result};
use crate::failpoints;
use crate::model::{DirectoryId, Time, Upload, UploadId, User, UserId, now};
use crate::state::Services;
use crate::state::ingest_queue::IngestRequest;
use crate::state::quota_holds;
use crate::state::upload_locks::UploadLock;
use crate::storage::{FileLocation, FileName, PartialFile, empty_state};
use crate::store;

/// How long an upload waits for its next part.
pub const UPLOAD_RETENTION: time::Duration = time::Duration::days(7);
/// Unfinished uploads per user.
const MAX_UNFINISHED: i64 = 2000;
/// Bytes of one part after which they are made durable, so that a crash loses no more.
const SYNC_INTERVAL_BYTES: u64 = 32 << 20;

/// The announcement of an upload.
pub struct NewUploadRequest {
    /// The file name given by the sender.
    pub name: String,
    pub directory: Option<DirectoryId>,
    pub keep_duplicates: bool,
    /// The sender's metadata, which is returned unchanged.
    pub metadata: String,
    pub size: u64,
}

/// Creates an upload and reserves quota for all of it.
///
/// # Errors
/// `TooLarge`, `QuotaExceeded`, `DiskFull`, `Invalid` for a folder of another user, `Conflict` for too many at once.
pub fn create(services: &Services, user: &User, announced: &NewUploadRequest) -> Result<Upload> {
    // Rejected before any byte is sent.
    quota_holds::ensure_upload_size(&services.media_dir, services.settings.max_upload_bytes, announced.size)?;
    let at = now();

    let upload = Upload {
        id: UploadId::new(),
        user_id: user.id,
        name: FileName::parse(&announced.name).unwrap_or_else(FileName::unnamed).to_string(),
        directory_id: announced.directory,
        keeps_both: announced.keep_duplicates,
        metadata: announced.metadata.clone(),
        size: i64::try_from(announced.size).map_err(Error::internal)?,
        received: 0,
        hash_state: empty_state(),
        item_id: None,
        is_duplicate: false,
        created_at: at,
        expires_at: at + UPLOAD_RETENTION,
    };

    services.write_library(user.id, |conn| {
        // The directory is checked again when the file is stored.
        if let Some(id) = announced.directory
            && store::directories::find(conn, user.id, id)?.is_none()
        {
            return Err(Error::field("directory", "Choose one of your folders."));
        }

        if store::uploads::count_unfinished(conn, user.id)? >= MAX_UNFINISHED {
            return Err(Error::Conflict(format!(
                "There are {MAX_UNFINISHED} unfinished uploads already. Finish or discard some."
            )));
        }

        // Running multipart uploads hold quota in memory.
        let elsewhere = services.quota_holds.held_for(user.id);
        if store::users::update_add_reserved(conn, user.id, upload.size, elsewhere)? == 0 {
            return Err(Error::QuotaExceeded);
        }
        store::uploads::insert(conn, &upload)?;
        Ok(())
    })?;

    services.session_cache.invalidate_user(user.id);
    failpoints::hit("upload made");
    if upload.size > 0 {
        return Ok(upload);
    }

    // No part will come: an empty file is complete from the start.
    let partial = PartialFile::open(services.media_dir.clone(), FileLocation::upload(upload.id.0), 0, 0, &upload.hash_state)?;
    partial.make_durable(true)?;
    finish_upload(services, user, &upload, partial)
}

/// An upload's state. If all bytes are there but the file was not stored yet, it is stored now.
///
/// # Errors
/// `NotFound` for an upload that does not exist, has expired or belongs to another user; errors of storing.
pub async fn find(services: &Arc<Services>, user: &User, id: UploadId) -> Result<Upload> {
    let upload = find_with_lock(services, user, id).await?;
    if upload.item_id.is_some() || upload.received < upload.size {
        return Ok(upload);
    }
    let turn = services.upload_locks.lock(id).await?;
    let (services, user) = (services.clone(), user.clone());
    run_on_blocking_pool(move || {
        let upload = find_row(&services, user.id, id)?;
        let finished = if upload.item_id.is_some() {
            Ok(upload)
        } else {
            open_appender(&services, &upload).and_then(|partial| finish_upload(&services, &user, &upload, partial))
        };
        drop(turn);
        finished
    })
    .await
}

/// [`find_row`] with the upload's lock. Ownership is checked before waiting for the lock.
async fn find_with_lock(services: &Arc<Services>, user: &User, id: UploadId) -> Result<Upload> {
    let (services, owner) = (services.clone(), user.id);
    run_on_blocking_pool(move || find_row(&services, owner, id)).await
}

fn find_row(services: &Services, owner: UserId, id: UploadId) -> Result<Upload> {
    let upload = services.db.read(|conn| store::uploads::find(conn, owner, id)?.ok_or(Error::NotFound))?;
    if upload.expires_at <= now() { Err(Error::NotFound) } else { Ok(upload) }
}

/// A user's unfinished uploads, newest first.
pub fn list(conn: &mut Conn, user: &User) -> Result<Vec<Upload>> {
    Ok(store::uploads::list_unfinished(conn, user.id, 100)?)
}

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
    upload: Upload,
    partial: PartialFile,
    checksum: Option<Checksum>,
    /// Bytes that are not durable yet.
    loose: u64,
    turn: UploadLock,
}

impl ByteSink for Appender {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let (written, _) = self.partial.progress();
        let limit = self.upload.length();
        if written + bytes.len() as u64 > limit {
            return Err(Error::TooLarge { limit });
        }
        quota_holds::ensure_disk_space(&self.services.media_dir, self.partial.unallocated(bytes.len() as u64))?;
        self.partial.write(bytes)?;
        self.turn.record_activity();
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

    /// Stores the complete file in its owner's library. If that fails now, the bytes have arrived nevertheless.
    fn finish(self, user: &User) -> Result<Upload> {
        self.partial.make_durable(self.upload.received == 0)?;
        failpoints::hit("whole and durable");
        let (written, state) = self.partial.progress();
        let Self { services, upload, partial, turn, .. } = self;
        let finished = finish_upload(&services, user, &upload, partial);
        if finished.is_err() {
            record_received(&services, &upload, written, &state)?;
        }
        drop(turn);
        finished
    }

    /// Makes the received bytes durable and records their number, which acknowledges them.
    fn record_progress(&mut self) -> Result<()> {
        if self.loose == 0 {
            return Ok(());
        }
        self.partial.make_durable(self.upload.received == 0)?;
        failpoints::hit("part durable");
        let (written, state) = self.partial.progress();
        (self.upload.received, self.upload.expires_at) = record_received(&self.services, &self.upload, written, &state)?;
        self.upload.hash_state = state;
        failpoints::hit("offset committed");
        self.loose = 0;
        Ok(())
    }
}

/// Records how much has arrived and extends the expiry.
fn record_received(services: &Services, upload: &Upload, written: u64, state: &[u8]) -> Result<(i64, Time)> {
    let (received, expires) = (i64::try_from(written).map_err(Error::internal)?, now() + UPLOAD_RETENTION);
    let changed = services
        .write_library(upload.user_id, |conn| Ok(store::uploads::update_received(conn, upload.id, received, state, expires)?))?;
    if changed == 0 { Err(Error::NotFound) } else { Ok((received, expires)) }
}

/// Appends a part. The bytes of an interrupted part are kept, unless it has a checksum. After the last byte the file is
/// stored in its owner's library.
///
/// # Errors
/// `NotFound`; `Conflict` for another offset or while another part is being written; `TooLarge` past
/// the announced length; `ChecksumMismatch`; errors of storing.
pub async fn append<S, E>(services: &Arc<Services>, user: &User, id: UploadId, part: UploadPart, bytes: S) -> Result<Upload>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    // Ownership first, then the lock, then the state under the lock.
    find_with_lock(services, user, id).await?;
    let turn = services.upload_locks.lock(id).await?;
    let stop = turn.stopped();

    let appender = {
        let (services, owner) = (services.clone(), user.id);
        run_on_blocking_pool(move || {
            let upload = find_row(&services, owner, id)?;
            // The client continues from an offset that it was told.
            if upload.offset() != part.offset {
                return Err(Error::Conflict(format!("The next byte is number {}.", upload.offset())));
            }
            if part.length.is_some_and(|length| part.offset.saturating_add(length) > upload.length()) {
                return Err(Error::TooLarge { limit: upload.length() });
            }
            let partial = if upload.item_id.is_some() { None } else { Some(open_appender(&services, &upload)?) };
            Ok((upload, partial, services, turn))
        })
        .await?
    };

    let (upload, partial, services, turn) = appender;
    let Some(partial) = partial else { return Ok(upload) };
    let appender = Appender { services, upload, partial, checksum: part.checksum, loose: 0, turn };
    let (mut appender, ended) = copy_stream(appender, Box::pin(bytes.take_until(stop))).await?;
    let user = user.clone();

    // Runs to its end even if the client disconnects.
    run_on_blocking_pool(move || {
        match (appender.checksum.take(), ended) {
            (Some(checksum), StreamEnd::Whole) if !checksum.matches() => return Err(Error::ChecksumMismatch),
            // The checksum covers the whole part, so a fragment cannot be verified.
            (Some(_), StreamEnd::Broken(error)) => return Err(error),
            // An interrupted part counts as far as it arrived.
            (None, StreamEnd::Broken(error)) => {
                appender.record_progress()?;
                if appender.upload.received < appender.upload.size {
                    return Err(error);
                }
            }
            (_, StreamEnd::Whole) if appender.is_whole() => {}
            (_, StreamEnd::Whole) => appender.record_progress()?,
        }

        if appender.is_whole() {
            return appender.finish(&user);
        }
        Ok(appender.upload)
    })
    .await
}

/// Opens an upload's bytes. If they are missing, the upload is removed.
fn open_appender(services: &Services, upload: &Upload) -> Result<PartialFile> {
    // A failed attempt to store the file may have moved the bytes already.
    file_moves::lock_after_recovery(services, upload.user_id)?;
    match PartialFile::open(
        services.media_dir.clone(),
        FileLocation::upload(upload.id.0),
        upload.offset(),
        upload.length(),
        &upload.hash_state,
    ) {
        Err(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            tracing::error!(upload = %upload.id, "bytes of an unfinished upload are missing on disk: the upload has to start again");
            delete_locked(services, upload)?;
            Err(Error::NotFound)
        }
        other => Ok(other?),
    }
}

/// Stores a complete file in its owner's library.
fn finish_upload(services: &Services, user: &User, upload: &Upload, partial: PartialFile) -> Result<Upload> {
    let arrival = IngestRequest {
        directory: upload.directory_id,
        keep_duplicates: upload.keeps_both,
        upload: Some(upload.id),
        ..IngestRequest::new(partial.finish()?, upload.name.clone(), services.malware_scanner.initial_status())
    };
    crate::domain::ingest::store(services, user, arrival)?;
    failpoints::hit("upload finished");
    find_row(services, user.id, upload.id)
}

/// Removes an upload and its bytes. A stored item is not affected.
///
/// # Errors
/// `NotFound`; `Conflict` while a part is being stored.
pub async fn delete(services: &Arc<Services>, user: &User, id: UploadId) -> Result<()> {
    find_with_lock(services, user, id).await?;
    services.upload_locks.stop(id);
    let turn = services.upload_locks.lock(id).await?;
    let (services, owner) = (services.clone(), user.id);
    run_on_blocking_pool(move || {
        let removed = find_row(&services, owner, id).and_then(|upload| delete_locked(&services, &upload));
        drop(turn);
        removed
    })
    .await
}

/// Removes an upload's row, then its bytes.
fn delete_locked(services: &Services, upload: &Upload) -> Result<()> {
    services.write_library(upload.user_id, |conn| {
        let known = store::uploads::find(conn, upload.user_id, upload.id)?;
        if let Some(known) = known.filter(|known| known.item_id.is_none()) {
            store::users::update_subtract_reserved(conn, upload.user_id, known.size)?;
        }
        store::uploads::delete(conn, upload.user_id, upload.id)?;
        Ok(())
    })?;
    services.session_cache.invalidate_user(upload.user_id);
    failpoints::hit("upload removed");
    Ok(services.media_dir.remove_file(&FileLocation::upload(upload.id.0))?)
}

/// Removes expired uploads; returns how many.
pub fn delete_expired(services: &Services, at: Time) -> Result<usize> {
    let mut ended = 0;
    loop {
        let over = services.db.read(|conn| Ok(store::uploads::list_expired(conn, at, 200)?))?;
        if over.is_empty() {
            return Ok(ended);
        }
        for upload in over {
            delete_locked(services, &upload)?;
            ended += 1;
        }
    }
}

/// Removes bytes without an upload. Runs at start-up, before anything is written.
pub(crate) fn sweep(services: &Services) -> Result<usize> {
    let wanted = services.db.read(|conn| Ok(store::uploads::list_unfinished_ids(conn)?))?;
    let wanted: std::collections::HashSet<String> = wanted.into_iter().map(|id| id.0.simple().to_string()).collect();
    Ok(services.media_dir.sweep_uploads(|name| wanted.contains(name))?)
}
