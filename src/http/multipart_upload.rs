//! Receives the files of a multipart body, for the upload form and the API.

use std::sync::Arc;

use actix_multipart::{Field, Multipart};
use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Data, Payload};
use futures_util::StreamExt;
use futures_util::stream::Fuse;

use super::error::HandlerError;
use super::session_cookie::SessionCookie;
use crate::domain::library::items;
use crate::domain::uploads::multipart;
use crate::error::Error;
use crate::http::csrf::{CSRF_FIELD, csrf_error, is_csrf_header};
use crate::http::extract::multipart::{field_text, multipart_error, next_part, with_timeout};
use crate::http::run_blocking::{run_blocking, services_arc};
use crate::model::{DirectoryId, ItemId};
use crate::state::Services;
use crate::state::ingest_queue::{IngestRequest, Ingested};
use crate::state::quota_holds::QuotaHold;
use crate::state::session_cache::AuthSession;

/// Files per request.
const MAX_FILES: usize = 2000;
/// Characters of a file name that are kept for messages; longer than any file system allows.
const MAX_NAME_BYTES: usize = 300;
/// Files and bytes stored together.
const MAX_BATCH_FILES: usize = 64;
const MAX_BATCH_BYTES: u64 = 8 << 20;
/// Bytes of a rejected file that are skipped to reach the next one.
const MAX_SKIPPED_BYTES: u64 = 1 << 30;

/// A file of the body and its outcome.
pub struct UploadedFile {
    /// The name that the sender gave it.
    pub name: String,
    pub outcome: Result<Ingested, Error>,
}

/// Stores every `file` of the body in the user's library, small ones in batches. `form` is the cookie of a browser, whose
/// form must contain the CSRF token before its first file. An error that concerns one file is its outcome; an error that
/// concerns the whole request is returned.
///
/// # Errors
/// `UnsupportedMedia`, `BadRequest`, `Invalid`, `TooLarge`, `QuotaExceeded`, `Forbidden` for a form without a good token.
pub async fn receive_files(
    services: &Data<Services>,
    auth_session: &Arc<AuthSession>,
    form: Option<&SessionCookie>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Vec<UploadedFile>, HandlerError> {
    let headers = request.headers();
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();

    // Anything else is a mistake of the client.
    if !kind.starts_with("multipart/form-data") {
        return Err(Error::UnsupportedMedia.into());
    }

    let content_length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(0);

    let uploader = auth_session.clone();

    // The announced length is reserved before the first byte is read.
    let hold = run_blocking(services, move |services| {
        multipart::reserve(services, &uploader.user, content_length)
    })
    .await?;

    let mut ingest = MultipartIngest::new(services, auth_session, hold);
    let mut has_token = form.is_none() || is_csrf_header(request);
    let mut directory_follows_files = false;
    let mut parts = Multipart::new(headers, payload);

    let mut count = 0;
    while let Some(mut field) = with_timeout(next_part(&mut parts)).await? {
        count += 1;

        // Three more for the other fields.
        if count > MAX_FILES + 3 {
            return Err(Error::BadRequest(format!("At most {MAX_FILES} files at once.")).into());
        }

        // The token comes first in our forms, so that no file is stored without it.
        match (field.name(), form) {
            (Some(CSRF_FIELD), Some(cookie)) => {
                let token = with_timeout(field_text(&mut field, 200)).await?;
                has_token = has_token || cookie.matches_csrf(&token);
            }
            _ if !has_token => return Err(csrf_error().into()),
            (Some("directory"), _) if ingest.directory.is_some() => {
                return Err(Error::field("directory", "One folder for all files.").into());
            }
            (Some("directory"), _) => {
                let text = with_timeout(field_text(&mut field, 200)).await?;
                // A form also sends the field when nothing was chosen.
                if !text.is_empty() || form.is_none() {
                    let id = DirectoryId::parse(&text)
                        .ok_or_else(|| Error::field("directory", "Choose one of your folders."))?;
                    ingest.directory = Some(id);
                    directory_follows_files = !ingest.files.is_empty();
                }
            }
            (Some("keep_duplicates"), _) => {
                if !ingest.files.is_empty() {
                    return Err(Error::field(
                        "keep_duplicates",
                        "This has to come before the files.",
                    )
                    .into());
                }
                ingest.keep_duplicates =
                    match with_timeout(field_text(&mut field, 200)).await?.as_str() {
                        "on" | "true" => true,
                        "" | "false" => false,
                        _ => return Err(Error::field("keep_duplicates", "true or false.").into()),
                    };
            }
            (Some("file"), _) => ingest.receive_file(field).await?,
            _ => {
                return Err(Error::BadRequest(
                    "The form has a field that upload does not know.".into(),
                )
                .into());
            }
        }
    }

    if !has_token {
        return Err(csrf_error().into());
    }
    ingest.store_batch().await?;

    // A browser may send the directory after the files.
    let MultipartIngest { directory, mut files, .. } = ingest;
    if let Some(id) = directory.filter(|_| directory_follows_files) {
        move_to_directory(services, auth_session, &mut files, id).await?;
    }
    Ok(files)
}

/// The files of one body.
struct MultipartIngest<'a> {
    services: &'a Data<Services>,
    auth_session: &'a Arc<AuthSession>,
    hold: Arc<QuotaHold>,
    directory: Option<DirectoryId>,
    keep_duplicates: bool,
    /// Bytes received so far.
    bytes: u64,
    files: Vec<UploadedFile>,
    /// Received files that are stored next, each with its index in `files`.
    batch: Vec<(usize, IngestRequest)>,
    batch_bytes: u64,
}

impl<'a> MultipartIngest<'a> {
    fn new(
        services: &'a Data<Services>,
        auth_session: &'a Arc<AuthSession>,
        hold: QuotaHold,
    ) -> Self {
        Self {
            services,
            auth_session,
            hold: Arc::new(hold),
            directory: None,
            keep_duplicates: false,
            bytes: 0,
            files: Vec::new(),
            batch: Vec::new(),
            batch_bytes: 0,
        }
    }

    /// Receives a file. An empty file input is ignored.
    async fn receive_file(&mut self, field: Field) -> Result<(), HandlerError> {
        let name = field
            .content_disposition()
            .and_then(|disposition| disposition.get_filename())
            .unwrap_or_default();

        let name: String = name.chars().take(MAX_NAME_BYTES).collect();
        let mut field = field.fuse();

        // A form without a file sends an empty one.
        let received = match multipart::receive(
            &services_arc(self.services),
            &self.hold,
            self.bytes,
            &mut field,
        )
        .await
        {
            Ok(received) if received.size == 0 && name.is_empty() => return Ok(()),
            Ok(received) => received,
            Err(error) => {
                // The rest of this file is skipped to reach the next one.
                if matches!(error, Error::TooLarge { .. } | Error::QuotaExceeded) {
                    discard_rest(field, max_body_bytes(self.services)).await?;
                }
                self.files.push(rejected_file(name, error)?);
                return Ok(());
            }
        };

        self.bytes += received.size;
        self.batch_bytes += received.size;

        // The hold is released when the file is stored.
        let ingest_request = IngestRequest {
            directory: self.directory,
            keep_duplicates: self.keep_duplicates,
            hold: Some(self.hold.clone()),
            ..IngestRequest::new(
                received,
                name.clone(),
                self.services.malware_scanner.initial_status(),
            )
        };

        self.batch.push((self.files.len(), ingest_request));
        self.files.push(UploadedFile { name, outcome: Err(Error::internal("not stored yet")) });

        if self.batch.len() >= MAX_BATCH_FILES || self.batch_bytes >= MAX_BATCH_BYTES {
            self.store_batch().await
        } else {
            Ok(())
        }
    }

    /// Stores the batch.
    async fn store_batch(&mut self) -> Result<(), HandlerError> {
        self.batch_bytes = 0;
        let (indexes, requests): (Vec<usize>, Vec<IngestRequest>) =
            std::mem::take(&mut self.batch).into_iter().unzip();
        if requests.is_empty() {
            return Ok(());
        }
        let auth_session = self.auth_session.clone();

        let outcomes = run_blocking(self.services, move |services| {
            Ok(crate::domain::ingest::store_all(services, &auth_session.user, requests))
        })
        .await?;

        // Every file keeps its position in the response.
        for (index, outcome) in indexes.into_iter().zip(outcomes) {
            let Some(slot) = self.files.get_mut(index) else { continue };
            match outcome {
                Ok(outcome) => slot.outcome = Ok(outcome),
                Err(error) => *slot = rejected_file(std::mem::take(&mut slot.name), error)?,
            }
        }
        Ok(())
    }
}

/// Applies a `directory` field that follows its files.
async fn move_to_directory(
    services: &Data<Services>,
    auth_session: &Arc<AuthSession>,
    files: &mut [UploadedFile],
    directory: DirectoryId,
) -> Result<(), Error> {
    let stored = files.iter().filter_map(|file| match &file.outcome {
        Ok(Ingested::Stored(item)) => Some(item.id),
        _ => None,
    });

    let ids: Vec<ItemId> = stored.collect();

    // In batches of the size that moving accepts.
    for ids in ids.chunks(items::MAX_SELECTED) {
        let (auth_session, ids) = (auth_session.clone(), ids.to_vec());
        let moved = run_blocking(services, move |services| {
            multipart::move_to_directory(services, &auth_session.user, &ids, directory)?;
            items::list_of(services, &auth_session.user, &ids)
        });

        for item in moved.await? {
            for file in &mut *files {
                match &mut file.outcome {
                    Ok(Ingested::Stored(stored_item)) if stored_item.id == item.id => {
                        **stored_item = item.clone();
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

fn max_body_bytes(services: &Services) -> u64 {
    services.settings.max_upload_bytes.min(MAX_SKIPPED_BYTES)
}

/// Reads and discards the rest of a rejected file, up to `limit` bytes.
async fn discard_rest(mut field: Fuse<Field>, limit: u64) -> Result<(), HandlerError> {
    let mut left = limit;
    while let Some(chunk) =
        tokio::time::timeout(crate::domain::uploads::stream::UPLOAD_IDLE_TIMEOUT, field.next())
            .await
            .map_err(multipart_error)?
    {
        let length = chunk.map_err(multipart_error)?.len() as u64;
        left = left.checked_sub(length).ok_or(Error::TooLarge { limit })?;
    }
    Ok(())
}

fn rejected_file(name: String, error: Error) -> Result<UploadedFile, HandlerError> {
    match error {
        Error::TooLarge { .. } | Error::QuotaExceeded | Error::Conflict(_) => {
            Ok(UploadedFile { name, outcome: Err(error) })
        }
        error => Err(error.into()),
    }
}
