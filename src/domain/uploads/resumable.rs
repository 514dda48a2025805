//! Resumable uploads (tus 1.0.0): bytes that were acknowledged are never asked for again.

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
/// Unfinished uploads of one person at most.
const MAX_UNFINISHED: i64 = 2000;
/// Bytes of one part after which they are made durable, so that a killed server loses no more.
const SYNC_INTERVAL_BYTES: u64 = 32 << 20;

/// A file that is going to come.
pub struct NewUploadRequest {
    /// As its sender calls it.
    pub name: String,
    pub directory: Option<DirectoryId>,
    pub keeps_both: bool,
    /// What the sender said of it, to be said back.
    pub metadata: String,
    pub size: u64,
}

/// Makes an upload, and holds the room for all of it.
///
/// # Errors
/// `TooLarge`, `QuotaExceeded`, `DiskFull`, `Invalid` for a folder that is not theirs, `Conflict` for too many at once.
pub fn create(services: &Services, user: &User, announced: &NewUploadRequest) -> Result<Upload> {
    quota_holds::ensure_upload_size(&services.media_dir, services.settings.max_upload_bytes, announced.size)?;
    let at = now();
    let upload = Upload {
        id: UploadId::new(),
        user_id: user.id,
        name: FileName::parse(&announced.name).unwrap_or_else(FileName::unnamed).to_string(),
        directory_id: announced.directory,
        keeps_both: announced.keeps_both,
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
    // Nothing will come: an empty file is whole from the start.
    let partial = PartialFile::open(services.media_dir.clone(), FileLocation::upload(upload.id.0), 0, 0, &upload.hash_state)?;
    partial.make_durable(true)?;
    finish_upload(services, user, &upload, partial)
}

/// How far an upload is. One whose bytes are all there and that has no place yet gets it now.
///
/// # Errors
/// `NotFound` for what is not there, not theirs or over; what kept it from its place.
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

/// [`row`], for what waits: first whose it is, then its turn.
async fn find_with_lock(services: &Arc<Services>, user: &User, id: UploadId) -> Result<Upload> {
    let (services, owner) = (services.clone(), user.id);
    run_on_blocking_pool(move || find_row(&services, owner, id)).await
}

fn find_row(services: &Services, owner: UserId, id: UploadId) -> Result<Upload> {
    let upload = services.db.read(|conn| store::uploads::find(conn, owner, id)?.ok_or(Error::NotFound))?;
    if upload.expires_at <= now() { Err(Error::NotFound) } else { Ok(upload) }
}

/// A person's uploads that are not finished, the newest first.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, user: &User) -> Result<Vec<Upload>> {
    Ok(store::uploads::list_unfinished(conn, user.id, 100)?)
}

/// A part: where it begins, and what it has to hash to.
pub struct UploadPart {
    pub offset: u64,
    /// Bytes, where the sender says so first.
    pub length: Option<u64>,
    pub checksum: Option<Checksum>,
}

/// An upload that is being written on. It has its turn until it is dropped.
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

    /// Puts the whole file into its owner's library. What cannot be put there now has arrived all the same.
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

    /// Makes what has come durable and says so in the table: from now on it is acknowledged.
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

/// Writes down how much has arrived, and until when the rest is waited for.
fn record_received(services: &Services, upload: &Upload, written: u64, state: &[u8]) -> Result<(i64, Time)> {
    let (received, expires) = (i64::try_from(written).map_err(Error::internal)?, now() + UPLOAD_RETENTION);
    let changed = services
        .write_library(upload.user_id, |conn| Ok(store::uploads::update_received(conn, upload.id, received, state, expires)?))?;
    if changed == 0 { Err(Error::NotFound) } else { Ok((received, expires)) }
}

/// Appends a part. What came of one that broke off is kept, unless it has a checksum. The last byte
/// puts the file into its owner's library.
///
/// # Errors
/// `NotFound`; `Conflict` for another offset or while another part is being written; `TooLarge` past
/// the length that was announced; `ChecksumMismatch`; what kept the whole file from its place.
pub async fn append<S, E>(services: &Arc<Services>, user: &User, id: UploadId, part: UploadPart, bytes: S) -> Result<Upload>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    find_with_lock(services, user, id).await?;
    let turn = services.upload_locks.lock(id).await?;
    let stop = turn.stopped();
    let appender = {
        let (services, owner) = (services.clone(), user.id);
        run_on_blocking_pool(move || {
            let upload = find_row(&services, owner, id)?;
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
    run_on_blocking_pool(move || {
        match (appender.checksum.take(), ended) {
            (Some(checksum), StreamEnd::Whole) if !checksum.matches() => return Err(Error::ChecksumMismatch),
            // Nobody can tell whether what came is right.
            (Some(_), StreamEnd::Broken(error)) => return Err(error),
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

/// Opens an upload's bytes. One whose bytes are gone behind our back is over.
fn open_appender(services: &Services, upload: &Upload) -> Result<PartialFile> {
    // A finish that failed half-way may have left the bytes at their new place.
    file_moves::lock_after_recovery(services, upload.user_id)?;
    match PartialFile::open(
        services.media_dir.clone(),
        FileLocation::upload(upload.id.0),
        upload.offset(),
        upload.length(),
        &upload.hash_state,
    ) {
        Err(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            tracing::error!(upload = %upload.id, "bytes of an unfinished upload are gone from the disk: it has to start again");
            delete_locked(services, upload)?;
            Err(Error::NotFound)
        }
        other => Ok(other?),
    }
}

/// Puts a whole file into its owner's library.
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

/// Ends an upload and forgets its bytes. What has become an item stays one.
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

/// Takes an upload out of the table, then its bytes away.
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

/// Ends uploads whose time is over; returns how many.
///
/// # Errors
/// The database's and the system's.
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

/// Takes away bytes that belong to no upload: for the start, before anybody writes.
///
/// # Errors
/// The database's and the system's.
pub(crate) fn sweep(services: &Services) -> Result<usize> {
    let wanted = services.db.read(|conn| Ok(store::uploads::list_wanted(conn)?))?;
    let wanted: std::collections::HashSet<String> = wanted.into_iter().map(|id| id.0.simple().to_string()).collect();
    Ok(services.media_dir.sweep_uploads(|name| wanted.contains(name))?)
}
