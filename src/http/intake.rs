//! Files out of a multipart body: what the upload form and the API share.

use std::sync::Arc;

use actix_multipart::{Field, Multipart};
use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Data, Payload};
use futures_util::StreamExt;

use super::carrier::Carrier;
use super::error::Failure;
use super::form::{CSRF_FIELD, broken, field_text, in_time, is_csrf_header, next_part, out_of_date};
use super::route::{act, shared};
use crate::domain::session_cache::Presence;
use crate::domain::upload::{self, Outcome};
use crate::domain::{Services, items, profile};
use crate::error::Error;
use crate::model::{DirectoryId, ItemId};

/// Files in one body at most.
const FILES: usize = 2000;
/// Characters of a file's name that are kept to speak of it: more than any file system has.
const NAME: usize = 300;
/// Bytes of a refused file that are read past at most, so that the ones behind it can be taken.
const PAST: u64 = 1 << 30;

/// One file of the body and what became of it.
pub struct Taken {
    /// As the sender called it.
    pub name: String,
    pub became: Result<Outcome, Error>,
}

/// Takes every `file` of the body into a person's library, each as it arrives. `form` is the carrier of a
/// browser whose form has to prove itself with its token, before the first file. What concerns one
/// file alone is its outcome; what concerns the whole request is an error.
///
/// # Errors
/// `UnsupportedMedia`, `BadRequest`, `Invalid`, `TooLarge`, `QuotaExceeded`, `Forbidden` for a form without a good token.
pub async fn take_files(
    services: &Data<Services>,
    presence: &Arc<Presence>,
    form: Option<&Carrier>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Vec<Taken>, Failure> {
    let headers = request.headers();
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    if !kind.starts_with("multipart/form-data") {
        return Err(Error::UnsupportedMedia.into());
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    upload::refuse_oversize(services, &presence.user, announced)?;
    let mut is_ours = form.is_none() || is_csrf_header(request);
    let mut directory = None;
    let mut is_late = false;
    let mut taken = Vec::new();
    let mut parts = Multipart::new(headers, payload);
    let mut count = 0;
    while let Some(mut field) = in_time(next_part(&mut parts)).await? {
        count += 1;
        // One more for each other field there can be.
        if count > FILES + 2 {
            return Err(Error::BadRequest(format!("At most {FILES} files at once.")).into());
        }
        match (field.name(), form) {
            (Some(CSRF_FIELD), Some(carrier)) => {
                let token = in_time(field_text(&mut field, 200)).await?;
                is_ours = is_ours || carrier.is_csrf(&token);
            }
            _ if !is_ours => return Err(out_of_date().into()),
            (Some("directory"), _) if directory.is_some() => {
                return Err(Error::field("directory", "One folder for all files.").into());
            }
            (Some("directory"), _) => {
                let text = in_time(field_text(&mut field, 200)).await?;
                // A form sends its empty choice along.
                if !text.is_empty() || form.is_none() {
                    let id = DirectoryId::parse(&text).ok_or_else(|| Error::field("directory", "Choose one of your folders."))?;
                    directory = Some(id);
                    is_late = !taken.is_empty();
                }
            }
            (Some("file"), _) => taken.extend(take_file(services, presence, field, directory).await?),
            _ => return Err(Error::BadRequest("The form has a field that upload does not know.".into()).into()),
        }
    }
    if !is_ours {
        return Err(out_of_date().into());
    }
    if let Some(id) = directory.filter(|_| is_late) {
        move_taken(services, presence, &mut taken, id).await?;
    }
    Ok(taken)
}

/// A `directory` behind its files counts for them too.
async fn move_taken(
    services: &Data<Services>,
    presence: &Arc<Presence>,
    taken: &mut [Taken],
    directory: DirectoryId,
) -> Result<(), Error> {
    let stored = taken.iter().filter_map(|file| match &file.became {
        Ok(Outcome::Stored(item)) => Some(item.id),
        _ => None,
    });
    let ids: Vec<ItemId> = stored.collect();
    for ids in ids.chunks(items::AT_ONCE) {
        let (presence, ids) = (presence.clone(), ids.to_vec());
        let moved = act(services, move |services| {
            upload::into_directory(services, &presence.user, &ids, directory)?;
            items::list_of(services, &presence.user, &ids)
        });
        for item in moved.await? {
            for file in &mut *taken {
                match &mut file.became {
                    Ok(Outcome::Stored(known)) if known.id == item.id => **known = item.clone(),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

/// `None` for a file input that was left empty.
async fn take_file(
    services: &Data<Services>,
    presence: &Arc<Presence>,
    mut field: Field,
    directory: Option<DirectoryId>,
) -> Result<Option<Taken>, Failure> {
    let name = field.content_disposition().and_then(|said| said.get_filename()).unwrap_or_default();
    let name: String = name.chars().take(NAME).collect();
    let asking = presence.clone();
    let room = act(services, move |services| profile::room(services, &asking.user)).await?;
    let received = match upload::receive(&shared(services), room, &mut field).await {
        Ok(received) if received.size == 0 && name.is_empty() => return Ok(None),
        Ok(received) => received,
        Err(error) => {
            // The rest of this file is read past, so that the next one can be taken.
            if matches!(error, Error::TooLarge { .. } | Error::QuotaExceeded) {
                read_past(field, upload_limit(services)).await?;
            }
            return refused(name, error).map(Some);
        }
    };
    let (presence, given) = (presence.clone(), name.clone());
    let stored = act(services, move |services| upload::store(services, &presence.user, received, &given, directory)).await;
    match stored {
        Ok(outcome) => Ok(Some(Taken { name, became: Ok(outcome) })),
        Err(error) => refused(name, error).map(Some),
    }
}

fn upload_limit(services: &Services) -> u64 {
    services.settings.max_upload.min(PAST)
}

/// Reads the rest of a file that is not taken, as long as the sender keeps sending and it is not too much.
async fn read_past(mut field: Field, limit: u64) -> Result<(), Failure> {
    let mut left = limit;
    while let Some(chunk) = tokio::time::timeout(upload::SILENCE, field.next()).await.map_err(broken)? {
        let length = chunk.map_err(broken)?.len() as u64;
        left = left.checked_sub(length).ok_or(Error::TooLarge { limit })?;
    }
    Ok(())
}

fn refused(name: String, error: Error) -> Result<Taken, Failure> {
    match error {
        Error::TooLarge { .. } | Error::QuotaExceeded | Error::Conflict(_) => Ok(Taken { name, became: Err(error) }),
        error => Err(error.into()),
    }
}
