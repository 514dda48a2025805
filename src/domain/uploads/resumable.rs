//! Resumable uploads (tus 1.0.0): acknowledged bytes are never requested again.

use std::sync::Arc;

use super::target::UploadTarget;
use crate::domain::file_moves;
use crate::domain::library::reader::LibraryReader;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sharing::{file_requests, shared_uploads};
use crate::error::{Error, Result};
use crate::failpoints;
use crate::model::authority::{FileSender, SessionKey};
use crate::model::{DirectoryId, Time, Upload, UploadId, now};
use crate::state::Services;
use crate::state::ingest_queue::IngestRequest;
use crate::state::metrics::UploadEvent;
use crate::state::quota_holds;
use crate::state::session_cache::AuthSession;
use crate::storage::{FileLocation, FileName, PartialFile, empty_state};
use crate::store;
use crate::sync::run_on_blocking_pool;
use crate::{fill, msg};

/// How long an upload waits for its next part.
pub const UPLOAD_RETENTION: time::Duration = time::Duration::days(7);
/// The same for uploads of visitors, which take of what their link allows.
const VISITOR_UPLOAD_RETENTION: time::Duration = time::Duration::days(1);
/// How long an upload of a visitor can take.
const VISITOR_UPLOAD_MOST: time::Duration = time::Duration::days(3);
/// Unfinished uploads per user.
const MAX_UNFINISHED: i64 = 2000;
/// The announcement of an upload.
pub struct NewUploadRequest {
    /// The file name given by the sender.
    pub name: String,
    /// The name that a visitor gives.
    pub sender: String,
    pub directory: Option<DirectoryId>,
    pub keep_duplicates: bool,
    /// The sender's metadata, which is returned unchanged.
    pub metadata: String,
    /// The sender's date of the file: milliseconds since 1970 in UTC.
    pub file_modified: Option<i64>,
    pub size: u64,
}

/// Creates an upload and reserves quota for all of it.
///
/// # Errors
/// `TooLarge`, `QuotaExceeded`, `DiskFull`, `Invalid` for a folder of another user, `Conflict` for too many at once.
pub fn create(
    services: &Services,
    target: &UploadTarget,
    announced: &NewUploadRequest,
) -> Result<Upload> {
    let created = create_row(services, target, announced).map_err(|error| target.own_error(error));
    services.metrics.record_upload(UploadEvent::Begun);
    if created.is_err() {
        services.metrics.record_upload(UploadEvent::Refused);
    }
    created
}

fn create_row(
    services: &Services,
    target: &UploadTarget,
    announced: &NewUploadRequest,
) -> Result<Upload> {
    // What grants allow is not recorded with an upload.
    if matches!(target, UploadTarget::Shared(..)) {
        return Err(Error::NotFound);
    }
    let user = target.owner();
    // Rejected before any byte is sent.
    quota_holds::ensure_upload_size(
        &services.media_dir,
        services.settings.max_upload_bytes,
        announced.size,
    )?;

    let at = now();
    let (link_id, visitor, retention) = match target {
        UploadTarget::Requested(request) => {
            let visitor = file_requests::clean_sender(&announced.sender);
            (Some(request.link.id), visitor, VISITOR_UPLOAD_RETENTION)
        }
        _ => (None, String::new(), UPLOAD_RETENTION),
    };

    let upload = Upload {
        id: UploadId::new(),
        user_id: user.id,
        name: FileName::parse_or_unnamed(&announced.name).to_string(),
        directory_id: if target.is_own() { announced.directory } else { target.directory() },
        keeps_both: announced.keep_duplicates || !target.is_own(),
        metadata: announced.metadata.clone(),
        size: i64::try_from(announced.size).map_err(Error::internal)?,
        received: 0,
        // State of the running hash before the first byte; each part continues it.
        hash_state: empty_state(),
        item_id: None,
        is_duplicate: false,
        created_at: at,
        expires_at: at + retention,
        file_modified: announced.file_modified,
        link_id,
        sender: visitor,
        sender_id: target.member(),
    };

    services.write_library(user.id, |conn| {
        match target {
            UploadTarget::Requested(request) => {
                file_requests::ensure_may_announce(conn, request, announced.size)?;
            }
            _ => authorize(conn, target.owner_session(), Need::Active)?,
        }
        // The directory is checked again when the file is stored.
        if let Some(id) = upload.directory_id
            && store::directories::find(conn, user.id, id)?.is_none()
        {
            return Err(Error::field("directory", msg!("Choose one of your folders.")));
        }

        if target.is_own()
            && store::uploads::count_unfinished(conn, user.id, target.member())? >= MAX_UNFINISHED
        {
            return Err(Error::Conflict(fill!(
                "There are {max_unfinished} unfinished uploads already. Finish or discard some.",
                max_unfinished = MAX_UNFINISHED
            )));
        }

        // For visitors nothing is reserved: they could lock the owner out, or find out how much space is left.
        if !target.is_of_visitor() {
            // Running multipart uploads hold quota in memory.
            let held = services.quota_holds.held_for(user.id);
            if store::users::update_add_reserved(conn, user.id, upload.size, held)? == 0 {
                return Err(Error::QuotaExceeded);
            }
        }
        store::uploads::insert(conn, &upload)?;
        Ok(())
    })?;

    // Cached sessions contain the user's row, whose reserved bytes have changed.
    services.session_cache.invalidate_user(user.id);
    failpoints::hit("upload made");
    if upload.size > 0 {
        return Ok(upload);
    }

    // No part will come: an empty file is complete from the start.
    let partial = PartialFile::open(
        services.media_dir.clone(),
        FileLocation::upload(upload.id.0),
        // The numbers: no byte has been received, and the file is 0 bytes long.
        0,
        0,
        &upload.hash_state,
    )?;

    // `true`: the file is new, so its name is made durable too.
    partial.make_durable(true)?;
    finish_upload(services, target, &upload, partial)
}

/// An upload's state. If all bytes are there but the file was not stored yet, it is stored now.
///
/// # Errors
/// `NotFound` for an upload that does not exist, has expired or belongs to another user; errors of storing.
pub async fn find(services: &Arc<Services>, target: &UploadTarget, id: UploadId) -> Result<Upload> {
    let upload = find_without_blocking(services, target, id).await?;
    if upload.item_id.is_some() || upload.received < upload.size {
        return Ok(upload);
    }
    // Only one request at a time may work on an upload's file.
    let turn = services.upload_locks.lock(id).await?;
    let (services, target) = (services.clone(), target.clone());

    run_on_blocking_pool(move || {
        // Read again under the lock: another request may have stored the file meanwhile.
        let upload = find_row(&services, &target, id)?;
        let finished = if upload.item_id.is_some() {
            Ok(upload)
        } else {
            open_appender(&services, &upload)
                .and_then(|partial| finish_upload(&services, &target, &upload, partial))
        };
        // Dropped here, so that the closure owns the lock until the file is stored, even if the request is cancelled.
        drop(turn);
        finished
    })
    .await
}

/// [`find_row`] on the blocking pool. Callers check ownership with it before they wait for the upload's lock.
pub(super) async fn find_without_blocking(
    services: &Arc<Services>,
    target: &UploadTarget,
    id: UploadId,
) -> Result<Upload> {
    let (services, target) = (services.clone(), target.clone());
    run_on_blocking_pool(move || find_row(&services, &target, id)).await
}

pub(super) fn find_row(services: &Services, target: &UploadTarget, id: UploadId) -> Result<Upload> {
    let owner = target.owner().id;
    let upload =
        services.db.read(|conn| store::uploads::find(conn, owner, id)?.ok_or(Error::NotFound))?;
    if upload.expires_at <= now() || !target.has(&upload) {
        Err(Error::NotFound)
    } else {
        Ok(upload)
    }
}

/// A user's unfinished uploads, newest first; in a space, those of the member.
pub fn list(reader: &mut LibraryReader<'_>, auth_session: &AuthSession) -> Result<Vec<Upload>> {
    let (owner, member) = (auth_session.user.id, auth_session.member());
    Ok(store::uploads::list_unfinished_of(reader.conn, owner, member, 100)?)
}

/// Records how much has arrived, with the state of the running hash, from which the next part continues, and extends
/// the expiry.
pub(super) fn record_received(
    services: &Services,
    upload: &Upload,
    sender: &FileSender,
    written: u64,
    hash_state: &[u8],
) -> Result<(i64, Time)> {
    let received = i64::try_from(written).map_err(Error::internal)?;
    let expires = match upload.link_id {
        // However slowly a visitor sends it.
        Some(_) => (upload.created_at + VISITOR_UPLOAD_MOST).min(now() + VISITOR_UPLOAD_RETENTION),
        None => now() + UPLOAD_RETENTION,
    };
    let changed = services.write_library(upload.user_id, |conn| {
        shared_uploads::authorize_sender(conn, sender, upload.directory_id)?;
        Ok(store::uploads::update_received(conn, upload.id, received, hash_state, expires)?)
    })?;
    // No row was changed, so the upload has been deleted or finished meanwhile.
    if changed == 0 { Err(Error::NotFound) } else { Ok((received, expires)) }
}

/// Opens an upload's partial file so that bytes can be appended, after undoing the user's failed file moves. If bytes
/// are missing on disk, the upload is removed, and the result is `NotFound`.
pub(super) fn open_appender(services: &Services, upload: &Upload) -> Result<PartialFile> {
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
            // `None`: the server removes it, so no session's rights are checked.
            delete_locked(services, upload, None)?;
            Err(Error::NotFound)
        }
        other => Ok(other?),
    }
}

/// Stores a complete file in its owner's library.
pub(super) fn finish_upload(
    services: &Services,
    target: &UploadTarget,
    upload: &Upload,
    partial: PartialFile,
) -> Result<Upload> {
    let request = IngestRequest {
        sender: sender_of(target, upload),
        directory: upload.directory_id,
        keep_duplicates: upload.keeps_both,
        upload: Some(upload.id),
        file_modified: upload.file_modified,
        ..IngestRequest::new(
            partial.finish()?,
            upload.name.clone(),
            services.malware_scanner.initial_status(),
        )
    };

    let stored = crate::domain::ingest::store(services, target.owner(), request);
    services.metrics.record_upload(UploadEvent::from_result(&stored));
    stored.map_err(|error| target.own_error(error))?;
    if let Err(error) = target.tell_owner(services, 1) {
        tracing::warn!(?error, "the owner of a share link was not told about a new file");
    }
    failpoints::hit("upload finished");
    // Read again, because storing the file has set the upload's item.
    find_row(services, target, upload.id)
}

/// Who sends an upload: of a visitor, with the name that they gave when they began.
fn sender_of(target: &UploadTarget, upload: &Upload) -> FileSender {
    match target.sender() {
        FileSender::Visitor { link, generation, .. } => {
            FileSender::Visitor { link, generation, name: upload.sender.clone() }
        }
        sender => sender,
    }
}

/// Removes an upload and its bytes. A stored item is not affected.
///
/// # Errors
/// `NotFound`; `Conflict` while a part is being stored; `Unauthenticated` if the session has ended.
pub async fn delete(services: &Arc<Services>, target: &UploadTarget, id: UploadId) -> Result<()> {
    delete_as(services, target, target.owner_session(), id).await
}

/// Removes an upload that no client knows, because the request that created it failed. The session may have ended.
///
/// # Errors
/// `NotFound`; `Conflict` while a part is being stored.
pub async fn discard(services: &Arc<Services>, target: &UploadTarget, id: UploadId) -> Result<()> {
    delete_as(services, target, None, id).await
}

/// Removes an upload; a part that is being received is stopped first. Without a session, its rights are not checked.
async fn delete_as(
    services: &Arc<Services>,
    target: &UploadTarget,
    session: Option<SessionKey>,
    id: UploadId,
) -> Result<()> {
    find_without_blocking(services, target, id).await?;

    // Ends a part that is being received, which holds the lock.
    services.upload_locks.stop(id);
    let turn = services.upload_locks.lock(id).await?;
    let (services, target) = (services.clone(), target.clone());
    run_on_blocking_pool(move || {
        let removed = find_row(&services, &target, id)
            .and_then(|upload| delete_locked(&services, &upload, session));
        // Dropped here, so that the closure owns the lock until the upload is removed, even if the request is
        // cancelled.
        drop(turn);
        removed
    })
    .await
}

/// Removes an upload's row, then its bytes.
fn delete_locked(services: &Services, upload: &Upload, session: Option<SessionKey>) -> Result<()> {
    services.write_library(upload.user_id, |conn| {
        authorize(conn, session, Need::Active)?;
        // Read in the transaction, because the upload may have been finished or removed since the caller read it.
        let known = store::uploads::find(conn, upload.user_id, upload.id)?;
        // A finished upload holds no quota any more.
        if let Some(known) =
            known.filter(|known| known.item_id.is_none() && known.link_id.is_none())
        {
            store::users::update_subtract_reserved(conn, upload.user_id, known.size)?;
        }
        store::uploads::delete(conn, upload.user_id, upload.id)?;
        Ok(())
    })?;
    // Cached sessions contain the user's row, whose reserved bytes have changed.
    services.session_cache.invalidate_user(upload.user_id);
    failpoints::hit("upload removed");
    Ok(services.media_dir.remove_file(&FileLocation::upload(upload.id.0))?)
}

/// Removes expired uploads; returns how many.
pub fn delete_expired(services: &Services, at: Time) -> Result<usize> {
    let mut ended = 0;
    loop {
        // 200 rows at a time limit the memory; removed rows are not listed again, so the loop ends.
        let expired = services.db.read(|conn| Ok(store::uploads::list_expired(conn, at, 200)?))?;
        if expired.is_empty() {
            return Ok(ended);
        }
        for upload in expired {
            // `None`: the server removes it, so no session's rights are checked.
            delete_locked(services, &upload, None)?;
            ended += 1;
        }
    }
}

/// Removes bytes without an upload. Runs at start-up, before anything is written.
pub(crate) fn sweep(services: &Services) -> Result<usize> {
    let unfinished = services.db.read(|conn| Ok(store::uploads::list_unfinished_ids(conn)?))?;
    let unfinished: std::collections::HashSet<String> =
        unfinished.into_iter().map(|id| id.0.simple().to_string()).collect();
    Ok(services.media_dir.sweep_uploads(|name| unfinished.contains(name))?)
}
