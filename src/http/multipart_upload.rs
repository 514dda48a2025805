//! Receives the files of a multipart body, for the upload form and the API.

use actix_multipart::Field;
use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Data, Payload};
use futures_util::StreamExt;
use futures_util::stream::Fuse;

use super::error::HandlerError;
use super::session_cookie::SessionCookie;
use crate::domain::uploads::multipart::{AddedFile, UploadBatch, UploadedFile};
use crate::domain::uploads::stream::UPLOAD_IDLE_TIMEOUT;
use crate::domain::uploads::target::UploadTarget;
use crate::error::Error;
use crate::http::csrf::{CSRF_FIELD, csrf_error, has_valid_csrf_header};
use crate::http::extract::multipart::{
    field_text, multipart_error, next_part, parts_of, with_timeout,
};
use crate::http::run_blocking::services_arc;
use crate::language::t;
use crate::model::DirectoryId;
use crate::state::Services;
use crate::{fill, msg};

/// Files per request.
const MAX_FILES: usize = 2000;
/// Characters of a file name that are kept for messages; longer than any file system allows.
const MAX_NAME_CHARS: usize = 300;
/// Bytes of the name of a visitor; longer ones are refused.
const MAX_SENDER_BYTES: usize = 1000;
/// Bytes of a rejected file that are skipped to reach the next one.
const MAX_DISCARDED_BYTES: u64 = 1 << 30;

/// Stores every `file` of the body where `target` says, small ones in batches. `form` is the cookie of a browser, whose
/// form must contain the CSRF token before its first file. An error that concerns one file is its outcome; an error that
/// concerns the whole request is returned.
///
/// # Errors
/// `UnsupportedMedia`, `BadRequest`, `Invalid`, `TooLarge`, `QuotaExceeded`; `Forbidden` for a form without a valid
/// CSRF token.
pub async fn receive_files(
    services: &Data<Services>,
    target: UploadTarget,
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

    // Announced to the batch, which reserves quota for it; 0 if unknown.
    let content_length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(0);

    let mut batch = UploadBatch::begin(services_arc(services), target, content_length).await?;
    // Without a form, the API has already authenticated the request.
    let mut has_token = form.is_none() || has_valid_csrf_header(request);
    let mut parts = parts_of(request, payload.into_inner()).await?;

    let (mut count, mut files) = (0, 0);
    while let Some(mut field) = with_timeout(next_part(&mut parts)).await? {
        count += 1;

        // Three more parts for the token, `directory` and `keep_duplicates`, and one for the date of each file.
        files += usize::from(field.name() == Some("file"));
        if files > MAX_FILES || count > MAX_FILES * 2 + 3 {
            return Err(Error::BadRequest(fill!(
                "At most {max_files} files at once.",
                max_files = MAX_FILES
            ))
            .into());
        }

        // The token comes first in our forms, so that no file is stored without it.
        match (field.name(), form) {
            (Some(CSRF_FIELD), Some(cookie)) => {
                // 200 bytes are more than any token or id has.
                let token = with_timeout(field_text(&mut field, 200)).await?;
                has_token = has_token || cookie.matches_csrf(&token);
            }
            _ if !has_token => return Err(csrf_error().into()),
            (Some("directory"), _) => {
                let text = with_timeout(field_text(&mut field, 200)).await?;
                // A form also sends the field when nothing was chosen.
                if !text.is_empty() || form.is_none() {
                    let id = DirectoryId::parse(&text).ok_or_else(|| {
                        Error::field("directory", msg!("Choose one of your folders."))
                    })?;
                    batch.set_directory(id)?;
                }
            }
            (Some("sender"), _) => {
                let text = with_timeout(field_text(&mut field, MAX_SENDER_BYTES)).await?;
                batch.set_sender(&text)?;
            }
            (Some("keep_duplicates"), _) => {
                let keep = match with_timeout(field_text(&mut field, 200)).await?.as_str() {
                    "on" | "true" => true,
                    "" | "false" => false,
                    _ => return Err(Error::field("keep_duplicates", msg!("true or false.")).into()),
                };
                batch.set_keep_duplicates(keep)?;
            }
            (Some("last_modified" | "lastModified"), _) => {
                let text = with_timeout(field_text(&mut field, 200)).await?;
                // A form also sends the field when no file was chosen.
                if !text.is_empty() {
                    batch.set_file_modified(parse_file_modified(&text)?);
                }
            }
            (Some("file"), _) => {
                receive_file(&mut batch, field, max_discarded_bytes(services)).await?;
            }
            _ => {
                return Err(Error::BadRequest(msg!("The form has an unknown field.").into()).into());
            }
        }
    }

    // A body without any part passes the loop unchecked.
    if !has_token {
        return Err(csrf_error().into());
    }
    Ok(batch.finish().await?)
}

/// How many files of a form were stored, and what was wrong with the others: the name of each and the problem. A form
/// without any file is a problem without a name.
pub fn outcomes_of(uploaded: Vec<UploadedFile>) -> (i64, Vec<(String, String)>) {
    let (mut stored, mut problems) = (0, Vec::new());
    for file in uploaded {
        match file.outcome {
            Ok(_) => stored += 1,
            Err(error) => problems.push((file.name, error.to_string())),
        }
    }
    if stored == 0 && problems.is_empty() {
        problems.push((String::new(), t(msg!("Choose a file first.")).into_owned()));
    }
    (stored, problems)
}

/// Parses the sender's date of a file: milliseconds since 1970, as browsers state it.
///
/// # Errors
/// `Invalid` names the field.
pub fn parse_file_modified(text: &str) -> Result<i64, Error> {
    // Some clients state a fraction of a millisecond.
    let whole = text.split('.').next().unwrap_or_default();
    whole.parse().map_err(|_| {
        Error::field("last_modified", msg!("The date of the file in milliseconds since 1970."))
    })
}

/// Adds a file to the batch. The rest of a rejected one is skipped to reach the next.
async fn receive_file(
    batch: &mut UploadBatch,
    field: Field,
    max_discarded: u64,
) -> Result<(), HandlerError> {
    let name = field
        .content_disposition()
        .and_then(|disposition| disposition.get_filename())
        .unwrap_or_default();

    let name: String = name.chars().take(MAX_NAME_CHARS).collect();
    // Fused, so that skipping the rest is also safe if the batch has already read the file to its end.
    let mut field = field.fuse();
    match batch.add(name, &mut field).await? {
        AddedFile::Read => Ok(()),
        AddedFile::RejectedMidway => discard_rest(field, max_discarded).await,
    }
}

/// How much of a rejected file is read and discarded, so that the files after it can still be stored.
fn max_discarded_bytes(services: &Services) -> u64 {
    services.settings.max_upload_bytes.min(MAX_DISCARDED_BYTES)
}

/// Reads and discards the rest of a rejected file, up to `limit` bytes.
async fn discard_rest(mut field: Fuse<Field>, limit: u64) -> Result<(), HandlerError> {
    let mut remaining = limit;
    while let Some(chunk) =
        tokio::time::timeout(UPLOAD_IDLE_TIMEOUT, field.next()).await.map_err(multipart_error)?
    {
        let length = chunk.map_err(multipart_error)?.len() as u64;
        remaining = remaining.checked_sub(length).ok_or(Error::TooLarge { limit })?;
    }
    Ok(())
}
