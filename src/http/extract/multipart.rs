//! Parts and fields of multipart bodies, with limits on size and time.

use std::future::Future;
use std::time::Duration;

use actix_multipart::{Multipart, MultipartConfig};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;

use crate::error::Error;
use crate::http::error::HandlerError;
use crate::{fill, msg};

/// Time for a form to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a body that the parser keeps in memory while its client is silent. The headers of a part must fit.
const BUFFER_BYTES: usize = 8 * 1024;

/// The settings that `parts_of` uses; part of the application's data.
#[must_use]
pub fn multipart_config() -> MultipartConfig {
    MultipartConfig::default().buffer_limit(BUFFER_BYTES)
}

/// The parts of a body.
///
/// # Errors
/// None in practice: an invalid media type is the error of the first part.
pub async fn parts_of(
    request: &HttpRequest,
    mut payload: Payload,
) -> Result<Multipart, HandlerError> {
    Multipart::from_request(request, &mut payload).await.map_err(multipart_error)
}

/// Returns the next part.
///
/// # Errors
/// `BadRequest` when the body ends early.
pub async fn next_part(
    parts: &mut Multipart,
) -> Result<Option<actix_multipart::Field>, HandlerError> {
    parts.next().await.transpose().map_err(multipart_error)
}

/// Reads the text of a field.
///
/// # Errors
/// `TooLarge` above `limit` bytes, `BadRequest` if it is not UTF-8.
pub async fn field_text(
    field: &mut actix_multipart::Field,
    limit: usize,
) -> Result<String, HandlerError> {
    let bytes = field_bytes(field, limit).await?;
    String::from_utf8(bytes)
        .map_err(|_| Error::BadRequest(msg!("The form is not UTF-8.").into()).into())
}

/// Reads the bytes of a small field, and stops as soon as they exceed `limit`, so that a client cannot fill the memory.
///
/// # Errors
/// `TooLarge` above `limit` bytes.
pub async fn field_bytes(
    field: &mut actix_multipart::Field,
    limit: usize,
) -> Result<Vec<u8>, HandlerError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.next().await {
        bytes.extend_from_slice(&chunk.map_err(multipart_error)?);
        if bytes.len() > limit {
            return Err(Error::TooLarge { limit: limit as u64 }.into());
        }
    }
    Ok(bytes)
}

/// Limits the time for reading a form.
///
/// # Errors
/// `BadRequest` after [`FORM_TIMEOUT`].
pub async fn with_timeout<T>(
    reading: impl Future<Output = Result<T, HandlerError>>,
) -> Result<T, HandlerError> {
    let read = tokio::time::timeout(FORM_TIMEOUT, reading).await;
    read.map_err(|_| {
        Error::BadRequest(msg!("The form took too long to arrive. Nothing was done.").into())
    })?
}

/// Converts an error while reading a body.
pub fn multipart_error(cause: impl std::fmt::Display) -> HandlerError {
    Error::BadRequest(fill!("The request broke off or could not be read: {cause}.", cause = cause))
        .into()
}
