//! Responses of the API.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::http::response::file::if_none_match;
use crate::http::route::HandlerResult;
use crate::state::library_cache::CachedResponse;

/// Responds with JSON and a status.
pub fn json(status: StatusCode, body: &impl Serialize) -> HandlerResult {
    let text = serde_json::to_string(body).map_err(Error::internal)?;
    Ok(HttpResponse::build(status).content_type("application/json").body(text))
}

/// Responds with 200 and JSON.
pub fn ok(body: &impl Serialize) -> HandlerResult {
    json(StatusCode::OK, body)
}

/// Responds with JSON and a strong `ETag` of its bytes, or 304 (RFC 9110, 8.8.3 and 13.1.2).
pub fn json_with_etag(request: &HttpRequest, body: &impl Serialize) -> HandlerResult {
    cached(request, etag(body)?)
}

/// Serializes a body and computes its `ETag`.
pub fn etag(body: &impl Serialize) -> Result<CachedResponse, Error> {
    let text = serde_json::to_string(body).map_err(Error::internal)?;
    let etag = hex::encode(Sha256::digest(text.as_bytes()));
    Ok(CachedResponse::new(text, etag.get(..32).unwrap_or(&etag)))
}

/// Responds with a serialized body and its `ETag`, or 304.
#[expect(clippy::unnecessary_wraps, reason = "it is what handlers end with")]
pub fn cached(
    request: &HttpRequest,
    CachedResponse { body, etag, .. }: CachedResponse,
) -> HandlerResult {
    let is_new = !if_none_match(request, &etag);
    let mut response = if is_new { HttpResponse::Ok() } else { HttpResponse::NotModified() };
    // Only the browser may store it, and it revalidates each time. It differs by caller, so `Vary` names both ways to
    // authenticate.
    response
        .insert_header((header::ETAG, format!("\"{etag}\"")))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::VARY, "authorization, cookie"));
    Ok(if is_new {
        response.content_type("application/json").body(body)
    } else {
        response.finish()
    })
}

/// Responds with 204.
#[expect(clippy::unnecessary_wraps, reason = "it is what handlers end with")]
pub fn no_content() -> HandlerResult {
    Ok(HttpResponse::NoContent().finish())
}
