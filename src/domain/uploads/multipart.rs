//! Multipart uploads, written with constant memory and hashed on the way.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;

use super::receive::receive;
use super::target::{UploadSlot, UploadTarget};
use crate::domain::ingest;
use crate::domain::library::items;
use crate::domain::library::selection::MAX_SELECTED;
use crate::error::{Error, Result};
use crate::model::authority::Authority;
use crate::model::{DirectoryId, ItemId};
use crate::msg;
use crate::state::Services;
use crate::state::ingest_queue::{IngestRequest, Ingested};
use crate::state::metrics::UploadEvent;
use crate::state::quota_holds::{self, QuotaHold};
use crate::store;
use crate::sync::run_on_blocking_pool;

/// Files and bytes stored together.
const MAX_BATCH_FILES: usize = 64;
const MAX_BATCH_BYTES: u64 = 8 << 20;
/// What boundaries and other form fields take of a request, at most.
const FORM_BYTES: u64 = 64 * 1024;

/// A file of the upload and its outcome.
pub struct UploadedFile {
    /// The name that the sender gave it.
    pub name: String,
    pub outcome: Result<Ingested>,
}

/// How far [`UploadBatch::add`] read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddedFile {
    /// To its end.
    Read,
    /// It was rejected before its end. Its rest has to be skipped before the next file can be read.
    RejectedMidway,
}

/// The files of one request. Small ones are stored together; an error that concerns one file is its outcome.
pub struct UploadBatch {
    services: Arc<Services>,
    target: UploadTarget,
    hold: Arc<QuotaHold>,
    directory: Option<DirectoryId>,
    /// Whether files came before the directory, so that those have to be moved.
    directory_follows_files: bool,
    keep_duplicates: bool,
    /// The sender's date of the next file.
    file_modified: Option<i64>,
    /// Bytes received so far.
    bytes: u64,
    files: Vec<UploadedFile>,
    /// Received files that are stored next, each with its index in `files`.
    waiting: Vec<(usize, IngestRequest)>,
    waiting_bytes: u64,
    _slot: UploadSlot,
}

impl UploadBatch {
    /// Begins an upload whose body has `announced` bytes. Unless the body is small, its quota is reserved before any
    /// byte is read.
    ///
    /// # Errors
    /// `TooManyRequests` while the user has as many uploads under way as they may, `QuotaExceeded`, `TooLarge`, `DiskFull`.
    pub async fn begin(
        services: Arc<Services>,
        target: UploadTarget,
        announced: u64,
    ) -> Result<Self> {
        let slot = target.acquire_slot(&services)?;
        let (reserving, to) = (services.clone(), target.clone());
        let hold = run_on_blocking_pool(move || {
            to.ensure_room(announced.saturating_sub(FORM_BYTES))?;
            reserve(&reserving, &to, announced).map_err(|error| to.own_error(error))
        })
        .await?;

        Ok(Self {
            services,
            hold: Arc::new(hold),
            // Until the request's form fields set them: no chosen directory, and no duplicates.
            directory: target.directory(),
            directory_follows_files: false,
            // What the owner of a shared folder already has is not revealed.
            keep_duplicates: !target.is_own(),
            target,
            file_modified: None,
            bytes: 0,
            files: Vec::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            _slot: slot,
        })
    }

    /// Sets the directory of all files, those already received too.
    ///
    /// # Errors
    /// `Invalid` if it is already set.
    pub fn set_directory(&mut self, directory: DirectoryId) -> Result<()> {
        if self.directory.is_some() || !self.target.is_own() {
            return Err(Error::field("directory", msg!("One folder for all files.")));
        }
        self.directory = Some(directory);
        self.directory_follows_files = !self.files.is_empty();
        Ok(())
    }

    /// Sets whether files are stored that the user already has.
    ///
    /// # Errors
    /// `Invalid` after the first file, which may already have been stored.
    pub fn set_keep_duplicates(&mut self, keep: bool) -> Result<()> {
        if !self.files.is_empty() || !self.target.is_own() {
            return Err(Error::field(
                "keep_duplicates",
                msg!("This has to come before the files."),
            ));
        }
        self.keep_duplicates = keep;
        Ok(())
    }

    /// Sets the name that a visitor gives.
    ///
    /// # Errors
    /// `BadRequest` for anyone else.
    pub fn set_sender(&mut self, name: &str) -> Result<()> {
        self.target.set_sender(name)
    }

    /// Sets the sender's date of the next file, in milliseconds since 1970 in UTC.
    pub fn set_file_modified(&mut self, modified: i64) {
        self.file_modified = Some(modified);
    }

    /// Receives a file. An empty one without a name is ignored: a form sends it when no file was chosen.
    ///
    /// # Errors
    /// What concerns the whole request: `DiskFull`, `BadRequest` if the sender stops midway. Files that were stored before
    /// stay.
    pub async fn add<S, E>(&mut self, name: String, bytes: &mut S) -> Result<AddedFile>
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        let file_modified = self.file_modified.take();
        let limits = (self.bytes, self.target.max_file_bytes(&self.services));
        let received = match receive(&self.services, &self.hold, limits, bytes).await {
            Ok(received) if received.size == 0 && name.is_empty() => return Ok(AddedFile::Read),
            Ok(received) => {
                self.services.metrics.record_upload(UploadEvent::Begun);
                received
            }
            Err(error) => {
                let error = self.target.own_error(error);
                self.services.metrics.record_upload(UploadEvent::Begun);
                self.services.metrics.record_upload(UploadEvent::Refused);
                // Past a limit, the rest of the file was not read. `rejected_file` passes on errors that concern the
                // whole request.
                let is_midway =
                    matches!(error, Error::TooLarge { .. } | Error::QuotaExceeded | Error::NoSpace);
                self.files.push(rejected_file(name, error)?);
                return Ok(if is_midway { AddedFile::RejectedMidway } else { AddedFile::Read });
            }
        };

        self.bytes += received.size;
        self.waiting_bytes += received.size;

        // The hold is released when the file is stored.
        let request = IngestRequest {
            sender: self.target.sender(),
            directory: self.directory,
            keep_duplicates: self.keep_duplicates,
            file_modified,
            hold: Some(self.hold.clone()),
            ..IngestRequest::new(
                received,
                name.clone(),
                self.services.malware_scanner.initial_status(),
            )
        };

        self.waiting.push((self.files.len(), request));
        // A placeholder, which `store_waiting` replaces by the outcome.
        self.files.push(UploadedFile { name, outcome: Err(Error::internal("not stored yet")) });

        if self.waiting.len() >= MAX_BATCH_FILES || self.waiting_bytes >= MAX_BATCH_BYTES {
            self.store_waiting().await?;
        }
        Ok(AddedFile::Read)
    }

    /// Stores what remains and returns every file in the order in which it was added.
    ///
    /// # Errors
    /// What concerns the whole request.
    pub async fn finish(mut self) -> Result<Vec<UploadedFile>> {
        self.store_waiting().await?;
        if let Some(directory) = self.directory.filter(|_| self.directory_follows_files) {
            self.move_to(directory).await?;
        }
        Ok(self.files)
    }

    /// Tells the owner how many files somebody else has added. They are stored whether or not this works.
    async fn tell_owner(&self, count: usize) {
        if count == 0 {
            return;
        }
        let (services, target) = (self.services.clone(), self.target.clone());
        let tell = move || target.tell_owner(&services, count);
        if let Err(error) = run_on_blocking_pool(tell).await {
            tracing::warn!(?error, "the owner of a folder was not told about new files");
        }
    }

    /// Stores the received files in `waiting`, and records the outcome of each at its index in `files`.
    async fn store_waiting(&mut self) -> Result<()> {
        self.waiting_bytes = 0;
        let (indexes, requests): (Vec<usize>, Vec<IngestRequest>) =
            std::mem::take(&mut self.waiting).into_iter().unzip();
        if requests.is_empty() {
            return Ok(());
        }

        let (services, owner) = (self.services.clone(), self.target.owner().clone());
        let outcomes =
            run_on_blocking_pool(move || Ok(ingest::store_all(&services, &owner, requests)))
                .await?;

        let (mut stored, mut failed) = (0, None);
        // Every file keeps its position in the response.
        for (index, outcome) in indexes.into_iter().zip(outcomes) {
            self.services.metrics.record_upload(UploadEvent::from_result(&outcome));
            let Some(slot) = self.files.get_mut(index) else { continue };
            match outcome {
                Ok(outcome) => slot.outcome = Ok(outcome),
                Err(error) => {
                    let error = self.target.own_error(error);
                    let name = std::mem::take(&mut slot.name);
                    match rejected_file(name, error) {
                        Ok(rejected) => *slot = rejected,
                        Err(error) => failed = Some(error),
                    }
                    continue;
                }
            }
            stored += 1;
        }
        self.tell_owner(stored).await;
        failed.map_or(Ok(()), Err)
    }

    /// Moves the stored files into a directory whose form field came after them in the request, and updates the items
    /// in `files`.
    async fn move_to(&mut self, directory: DirectoryId) -> Result<()> {
        let UploadTarget::Own(auth_session) = self.target.clone() else { return Ok(()) };
        let stored = self.files.iter().filter_map(|file| match &file.outcome {
            Ok(Ingested::Stored(item)) => Some(item.id),
            _ => None,
        });

        // In batches of the size that moving accepts.
        let ids: Vec<ItemId> = stored.collect();
        for ids in ids.chunks(MAX_SELECTED) {
            let (services, auth_session) = (self.services.clone(), auth_session.clone());
            let ids = ids.to_vec();
            let moved = run_on_blocking_pool(move || {
                move_stored(&services, &auth_session.authority(), &ids, directory)?;
                // Read again, because a move can change their names.
                items::list_of(&services, &auth_session.user, &ids)
            });

            for item in moved.await? {
                for file in &mut self.files {
                    match &mut file.outcome {
                        Ok(Ingested::Stored(stored)) if stored.id == item.id => {
                            **stored = item.clone();
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }
}

/// A file that was not stored. An error that concerns the whole request is returned.
fn rejected_file(name: String, error: Error) -> Result<UploadedFile> {
    match error {
        Error::TooLarge { .. }
        | Error::QuotaExceeded
        | Error::NoSpace
        | Error::LinkFull
        | Error::Conflict(_) => Ok(UploadedFile { name, outcome: Err(error) }),
        error => Err(error),
    }
}

/// Rejects what cannot fit before any of it is read, and reserves quota for it.
/// Blocks.
fn reserve(services: &Arc<Services>, target: &UploadTarget, announced: u64) -> Result<QuotaHold> {
    let files = announced.saturating_sub(FORM_BYTES);
    quota_holds::ensure_upload_size(
        &services.media_dir,
        services.settings.max_upload_bytes,
        files,
    )?;
    let hold = QuotaHold::empty(&services.db, &services.quota_holds, target.owner());
    if target.is_of_visitor() {
        // An answer before anything was sent would tell how much space is left.
        hold.admit(u64::MAX);
        return Ok(hold);
    }
    hold.extend_to(files)?;
    // What is not reserved is received nevertheless: requests that take it from each other would all fail, although some of
    // them fit. The storing transaction decides.
    hold.admit(announced);
    Ok(hold)
}

/// Moves files that were just stored into the directory that the upload names. A standard directory leaves each file where
/// its kind put it.
fn move_stored(
    services: &Services,
    authority: &Authority<'_>,
    ids: &[ItemId],
    directory: DirectoryId,
) -> Result<()> {
    let user = authority.user;
    let chosen =
        services.db.read(|conn| Ok(store::directories::find(conn, user.id, directory)?))?;
    let chosen =
        chosen.ok_or_else(|| Error::field("directory", msg!("Choose one of your folders.")))?;
    if !chosen.is_standard() && !ids.is_empty() {
        items::move_items(services, authority, ids, directory)?;
    }
    Ok(())
}
