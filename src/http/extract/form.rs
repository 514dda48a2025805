//! Form bodies: urlencoded or multipart. The CSRF token is checked before any field is used.

use crate::fill;
use std::future::Future;
use std::pin::Pin;

use actix_multipart::Multipart;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::multipart::{field_text, multipart_error, next_part, parts_of, with_timeout};
use crate::error::Error;
use crate::http::csrf::{CSRF_FIELD, csrf_error, has_valid_csrf_header};
use crate::http::error::HandlerError;
use crate::http::session_cookie::SessionCookie;

/// Largest form without files, in bytes; it must hold the ids of the largest selection.
const MAX_FORM_BYTES: usize = 128 * 1024;

/// A form sent by one of our pages. Unknown fields are rejected.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = HandlerError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, HandlerError>>>>;

    /// Reads the form, requires a valid CSRF token, and deserializes the other fields.
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let mut fields = with_timeout(read_form(&request, payload)).await?;
            // A script sends the token in a header, a form without scripts in a field.
            let has_valid_token = has_valid_csrf_header(&request)
                || fields.iter().any(|(name, value)| {
                    name == CSRF_FIELD && SessionCookie::from_request(&request).matches_csrf(value)
                });

            if !has_valid_token {
                return Err(csrf_error().into());
            }
            fields.retain(|(name, _)| name != CSRF_FIELD);
            // Encoded again, because the deserializer reads encoded text.
            let encoded =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let form = serde_html_form::from_str(&encoded).map_err(|cause| {
                Error::BadRequest(fill!("The form could not be read: {cause}.", cause = cause))
            })?;
            Ok(Self(form))
        })
    }
}

/// A form with no fields except the token.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmptyForm {}

/// Reads the fields of a form according to its media type: urlencoded, multipart, or no body at all.
async fn read_form(
    request: &HttpRequest,
    payload: Payload,
) -> Result<Vec<(String, String)>, HandlerError> {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/x-www-form-urlencoded" => read_urlencoded(payload).await,
        "multipart/form-data" => read_multipart(parts_of(request, payload).await?).await,
        // A POST without a body has its token in the header.
        "" if has_valid_csrf_header(request) => Ok(Vec::new()),
        "" => Err(csrf_error().into()),
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

/// Reads all fields of a multipart form. Names, values and an allowance for each part count towards one limit.
async fn read_multipart(mut parts: Multipart) -> Result<Vec<(String, String)>, HandlerError> {
    let too_large = || Error::TooLarge { limit: MAX_FORM_BYTES as u64 };
    let mut fields = Vec::new();
    let mut remaining = MAX_FORM_BYTES;
    while let Some(mut field) = next_part(&mut parts).await? {
        let name = field.name().unwrap_or_default().to_owned();
        // 64 bytes stand for the headers of a part, so that the number of empty parts is limited too.
        remaining = remaining.checked_sub(name.len() + 64).ok_or_else(too_large)?;
        let value = field_text(&mut field, remaining).await?;
        remaining = remaining.checked_sub(value.len()).ok_or_else(too_large)?;
        fields.push((name, value));
    }
    Ok(fields)
}
