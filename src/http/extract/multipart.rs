//! Parts and fields of a multipart body, read within limits and in time.

use std::future::Future;
use std::time::Duration;

use actix_multipart::Multipart;
use futures_util::StreamExt;

use crate::error::Error;
use crate::http::error::HandlerError;

/// How long a form may take to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(30);

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
