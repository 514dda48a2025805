//! Files out of a multipart body: what the upload form and the API share.

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

/// Files in one body at most.
const MAX_FILES: usize = 2000;
/// Characters of a file's name that are kept to speak of it: more than any file system has.
const MAX_NAME_BYTES: usize = 300;
/// Files, and bytes of them, that are stored together at most.
const MAX_BATCH_FILES: usize = 64;
const MAX_BATCH_BYTES: u64 = 8 << 20;
/// Bytes of a refused file that are read past at most, so that the ones behind it can be taken.
const MAX_SKIPPED_BYTES: u64 = 1 << 30;

/// One file of the body and what became of it.
pub struct UploadedFile {
    /// As the sender called it.
    pub name: String,
    pub became: Result<Ingested, Error>,
}

/// Takes every `file` of the body into a person's library, small ones a batch at a time. `form` is the carrier of a
/// browser whose form has to prove itself with its token, before the first file. What concerns one
/// file alone is its outcome; what concerns the whole request is an error.
///
/// # Errors
/// `UnsupportedMedia`, `BadRequest`, `Invalid`, `TooLarge`, `QuotaExceeded`, `Forbidden` for a form without a good token.
pub async fn receive_files(
    services: &Data<Services>,
    presence: &Arc<AuthSession>,
    form: Option<&SessionCookie>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Vec<UploadedFile>, HandlerError> {
    let headers = request.headers();
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    if !kind.starts_with("multipart/form-data") {
        return Err(Error::UnsupportedMedia.into());
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    let asking = presence.clone();
    let hold = run_blocking(services, move |services| multipart::reserve(services, &asking.user, announced)).await?;
    let mut intake = MultipartIngest::new(services, presence, hold);
    let mut is_ours = form.is_none() || is_csrf_header(request);
    let mut is_late = false;
    let mut parts = Multipart::new(headers, payload);
    let mut count = 0;
    while let Some(mut field) = with_timeout(next_part(&mut parts)).await? {
        count += 1;
        // One more for each other field there can be.
        if count > MAX_FILES + 3 {
            return Err(Error::BadRequest(format!("At most {MAX_FILES} files at once.")).into());
        }
        match (field.name(), form) {
            (Some(CSRF_FIELD), Some(carrier)) => {
                let token = with_timeout(field_text(&mut field, 200)).await?;
                is_ours = is_ours || carrier.matches_csrf(&token);
            }
            _ if !is_ours => return Err(csrf_error().into()),
            (Some("directory"), _) if intake.directory.is_some() => {
                return Err(Error::field("directory", "One folder for all files.").into());
            }
            (Some("directory"), _) => {
                let text = with_timeout(field_text(&mut field, 200)).await?;
                // A form sends its empty choice along.
                if !text.is_empty() || form.is_none() {
                    let id = DirectoryId::parse(&text).ok_or_else(|| Error::field("directory", "Choose one of your folders."))?;
                    intake.directory = Some(id);
                    is_late = !intake.taken.is_empty();
                }
            }
            (Some("keep_duplicates"), _) => {
                if !intake.taken.is_empty() {
                    return Err(Error::field("keep_duplicates", "This has to come before the files.").into());
                }
                intake.keeps_both = match with_timeout(field_text(&mut field, 200)).await?.as_str() {
                    "on" | "true" => true,
                    "" | "false" => false,
                    _ => return Err(Error::field("keep_duplicates", "true or false.").into()),
                };
            }
            (Some("file"), _) => intake.receive_file(field).await?,
            _ => return Err(Error::BadRequest("The form has a field that upload does not know.".into()).into()),
        }
    }
    if !is_ours {
        return Err(csrf_error().into());
    }
    intake.store_batch().await?;
    let MultipartIngest { directory, mut taken, .. } = intake;
    if let Some(id) = directory.filter(|_| is_late) {
        move_to_directory(services, presence, &mut taken, id).await?;
    }
    Ok(taken)
}

/// The files of one body, on their way in.
struct MultipartIngest<'a> {
    services: &'a Data<Services>,
    presence: &'a Arc<AuthSession>,
    hold: Arc<QuotaHold>,
    directory: Option<DirectoryId>,
    keeps_both: bool,
    /// Bytes so far.
    bytes: u64,
    taken: Vec<UploadedFile>,
    /// Whole files that are stored next, each with its place among `taken`.
    batch: Vec<(usize, IngestRequest)>,
    batch_bytes: u64,
}

impl<'a> MultipartIngest<'a> {
    fn new(services: &'a Data<Services>, presence: &'a Arc<AuthSession>, hold: QuotaHold) -> Self {
        Self {
            services,
            presence,
            hold: Arc::new(hold),
            directory: None,
            keeps_both: false,
            bytes: 0,
            taken: Vec::new(),
            batch: Vec::new(),
            batch_bytes: 0,
        }
    }

    /// One file; an input that was left empty is none.
    async fn receive_file(&mut self, field: Field) -> Result<(), HandlerError> {
        let name = field.content_disposition().and_then(|said| said.get_filename()).unwrap_or_default();
        let name: String = name.chars().take(MAX_NAME_BYTES).collect();
        let mut field = field.fuse();
        let received = match multipart::receive(&services_arc(self.services), &self.hold, self.bytes, &mut field).await {
            Ok(received) if received.size == 0 && name.is_empty() => return Ok(()),
            Ok(received) => received,
            Err(error) => {
                // The rest of this file is read past, so that the next one can be taken.
                if matches!(error, Error::TooLarge { .. } | Error::QuotaExceeded) {
                    skip_field(field, max_body_bytes(self.services)).await?;
                }
                self.taken.push(refused_file(name, error)?);
                return Ok(());
            }
        };
        self.bytes += received.size;
        self.batch_bytes += received.size;
        let arrival = IngestRequest {
            directory: self.directory,
            keep_duplicates: self.keeps_both,
            hold: Some(self.hold.clone()),
            ..IngestRequest::new(received, name.clone(), self.services.malware_scanner.initial_status())
        };
        self.batch.push((self.taken.len(), arrival));
        self.taken.push(UploadedFile { name, became: Err(Error::internal("not stored yet")) });
        if self.batch.len() >= MAX_BATCH_FILES || self.batch_bytes >= MAX_BATCH_BYTES { self.store_batch().await } else { Ok(()) }
    }

    /// Stores the batch.
    async fn store_batch(&mut self) -> Result<(), HandlerError> {
        self.batch_bytes = 0;
        let (places, arrivals): (Vec<usize>, Vec<IngestRequest>) = std::mem::take(&mut self.batch).into_iter().unzip();
        if arrivals.is_empty() {
            return Ok(());
        }
        let presence = self.presence.clone();
        let outcomes =
            run_blocking(self.services, move |services| Ok(crate::domain::ingest::store_all(services, &presence.user, arrivals)))
                .await?;
        for (place, outcome) in places.into_iter().zip(outcomes) {
            let Some(slot) = self.taken.get_mut(place) else { continue };
            match outcome {
                Ok(outcome) => slot.became = Ok(outcome),
                Err(error) => *slot = refused_file(std::mem::take(&mut slot.name), error)?,
            }
        }
        Ok(())
    }
}

/// A `directory` behind its files counts for them too.
async fn move_to_directory(
    services: &Data<Services>,
    presence: &Arc<AuthSession>,
    taken: &mut [UploadedFile],
    directory: DirectoryId,
) -> Result<(), Error> {
    let stored = taken.iter().filter_map(|file| match &file.became {
        Ok(Ingested::Stored(item)) => Some(item.id),
        _ => None,
    });
    let ids: Vec<ItemId> = stored.collect();
    for ids in ids.chunks(items::MAX_SELECTED) {
        let (presence, ids) = (presence.clone(), ids.to_vec());
        let moved = run_blocking(services, move |services| {
            multipart::move_to_directory(services, &presence.user, &ids, directory)?;
            items::list_of(services, &presence.user, &ids)
        });
        for item in moved.await? {
            for file in &mut *taken {
                match &mut file.became {
                    Ok(Ingested::Stored(known)) if known.id == item.id => **known = item.clone(),
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

/// Reads the rest of a file that is not taken, as long as the sender keeps sending and it is not too much.
async fn skip_field(mut field: Fuse<Field>, limit: u64) -> Result<(), HandlerError> {
    let mut left = limit;
    while let Some(chunk) =
        tokio::time::timeout(crate::domain::uploads::stream::UPLOAD_IDLE_TIMEOUT, field.next()).await.map_err(multipart_error)?
    {
        let length = chunk.map_err(multipart_error)?.len() as u64;
        left = left.checked_sub(length).ok_or(Error::TooLarge { limit })?;
    }
    Ok(())
}

fn refused_file(name: String, error: Error) -> Result<UploadedFile, HandlerError> {
    match error {
        Error::TooLarge { .. } | Error::QuotaExceeded | Error::Conflict(_) => Ok(UploadedFile { name, became: Err(error) }),
        error => Err(error.into()),
    }
}
