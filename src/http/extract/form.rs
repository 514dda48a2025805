//! Forms: urlencoded or multipart, with the CSRF token checked before anything is read out of them.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_multipart::Multipart;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::http::error::HandlerError;
use crate::http::session_cookie::SessionCookie;

/// The field every form carries.
pub const CSRF_FIELD: &str = "csrf_token";
/// The header that scripts may send instead.
pub const CSRF_HEADER: &str = "x-csrf-token";
/// Bytes of a form without files: room for the ids of a full selection.
const MAX_FORM_BYTES: usize = 128 * 1024;
/// How long a form may take to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(30);
const CSRF_MESSAGE: Error = Error::Forbidden("This form was out of date, so nothing was done.");

/// A form that came from one of our own pages. Fields that `T` does not know are refused.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = HandlerError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, HandlerError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let mut fields = with_timeout(read_form(&request, payload)).await?;
            let is_ours = is_csrf_header(&request)
                || fields
                    .iter()
                    .any(|(name, value)| name == CSRF_FIELD && SessionCookie::from_request(&request).matches_csrf(value));
            if !is_ours {
                return Err(CSRF_MESSAGE.into());
            }
            fields.retain(|(name, _)| name != CSRF_FIELD);
            let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let form = serde_html_form::from_str(&encoded)
                .map_err(|cause| Error::BadRequest(format!("The form could not be read: {cause}.")))?;
            Ok(Self(form))
        })
    }
}

/// A form with nothing but the token in it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmptyForm {}

/// Whether the request carries the token as a header.
#[must_use]
pub fn is_csrf_header(request: &HttpRequest) -> bool {
    let given = request.headers().get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    given.is_some_and(|token| SessionCookie::from_request(request).matches_csrf(token))
}

/// What a form without a good token is told.
#[must_use]
pub const fn csrf_error() -> Error {
    CSRF_MESSAGE
}

async fn read_form(request: &HttpRequest, payload: Payload) -> Result<Vec<(String, String)>, HandlerError> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/x-www-form-urlencoded" => read_urlencoded(payload).await,
        "multipart/form-data" => read_multipart(Multipart::new(request.headers(), payload)).await,
        // A POST without a body, its token in the header.
        "" if is_csrf_header(request) => Ok(Vec::new()),
        "" => Err(CSRF_MESSAGE.into()),
        _ => Err(Error::UnsupportedMedia.into()),
    }
}

async fn read_urlencoded(mut payload: Payload) -> Result<Vec<(String, String)>, HandlerError> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        body.extend_from_slice(&chunk.map_err(multipart_error)?);
        if body.len() > MAX_FORM_BYTES {
            return Err(Error::TooLarge { limit: MAX_FORM_BYTES as u64 }.into());
        }
    }
    Ok(form_urlencoded::parse(&body).into_owned().collect())
}

async fn read_multipart(mut parts: Multipart) -> Result<Vec<(String, String)>, HandlerError> {
    let too_large = || Error::TooLarge { limit: MAX_FORM_BYTES as u64 };
    let mut fields = Vec::new();
    let mut room = MAX_FORM_BYTES;
    while let Some(mut field) = next_part(&mut parts).await? {
        let name = field.name().unwrap_or_default().to_owned();
        // Headers count too: a body of empty parts is a body.
        room = room.checked_sub(name.len() + 64).ok_or_else(too_large)?;
        let value = field_text(&mut field, room).await?;
        room = room.checked_sub(value.len()).ok_or_else(too_large)?;
        fields.push((name, value));
    }
    Ok(fields)
}

/// The next part of a multipart form.
///
/// # Errors
/// `BadRequest` when the body broke off.
pub async fn next_part(parts: &mut Multipart) -> Result<Option<actix_multipart::Field>, HandlerError> {
    parts.next().await.transpose().map_err(multipart_error)
}

/// The text of one field of a multipart form.
///
/// # Errors
/// `TooLarge` past `limit` bytes, `BadRequest` for what is no UTF-8.
pub async fn field_text(field: &mut actix_multipart::Field, limit: usize) -> Result<String, HandlerError> {
    let bytes = field_bytes(field, limit).await?;
    String::from_utf8(bytes).map_err(|_| Error::BadRequest("The form is not UTF-8.".into()).into())
}

/// The bytes of one small field of a multipart form.
///
/// # Errors
/// `TooLarge` past `limit` bytes.
pub async fn field_bytes(field: &mut actix_multipart::Field, limit: usize) -> Result<Vec<u8>, HandlerError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.next().await {
        bytes.extend_from_slice(&chunk.map_err(multipart_error)?);
        if bytes.len() > limit {
            return Err(Error::TooLarge { limit: limit as u64 }.into());
        }
    }
    Ok(bytes)
}

/// What a sender that dawdles is told; a form is a few kilobytes.
///
/// # Errors
/// `BadRequest` after half a minute.
pub async fn with_timeout<T>(reading: impl Future<Output = Result<T, HandlerError>>) -> Result<T, HandlerError> {
    let read = tokio::time::timeout(FORM_TIMEOUT, reading).await;
    read.map_err(|_| Error::BadRequest("The form took too long to arrive. Nothing was done.".into()))?
}

/// What a body that broke off is told.
pub fn multipart_error(cause: impl std::fmt::Display) -> HandlerError {
    Error::BadRequest(format!("The request broke off or could not be read: {cause}.")).into()
}
