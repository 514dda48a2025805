//! CORS: only pages of configured origins may use the API, and only with a token.

use actix_cors::Cors;
use actix_web::http::header;

use crate::config::Settings;

/// Seconds for which browsers may cache a preflight.
const PREFLIGHT_MAX_AGE: usize = 600;

/// Headers that tus clients send, and those they read.
const TUS_REQUEST_HEADERS: [&str; 6] = [
    "tus-resumable",
    "upload-length",
    "upload-offset",
    "upload-metadata",
    "upload-checksum",
    "x-http-method-override",
];
const TUS_RESPONSE_HEADERS: [&str; 13] = [
    "location",
    "tus-resumable",
    "tus-version",
    "tus-extension",
    "tus-max-size",
    "tus-checksum-algorithm",
    "upload-offset",
    "upload-length",
    "upload-metadata",
    "upload-expires",
    "nexus-item",
    "nexus-duplicate",
    "x-request-id",
];

/// Creates the middleware. Credentials are never allowed, so cookies are not sent to other sites' pages.
#[must_use]
pub fn middleware(settings: &Settings) -> actix_web::middleware::Condition<Cors> {
    let cors_of_origins = settings
        .cors_origins
        .iter()
        .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin));

    let cors = cors_of_origins
        .allowed_methods(["GET", "HEAD", "POST", "PATCH", "DELETE"])
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            header::RANGE,
            header::IF_RANGE,
        ])
        .allowed_headers(TUS_REQUEST_HEADERS)
        .expose_headers(TUS_RESPONSE_HEADERS)
        .expose_headers([
            "etag",
            "retry-after",
            "ratelimit",
            "ratelimit-policy",
            "content-range",
            "content-disposition",
        ])
        .max_age(PREFLIGHT_MAX_AGE);
    // Without configured origins the middleware is off, and no response has CORS headers.
    actix_web::middleware::Condition::new(!settings.cors_origins.is_empty(), cors)
}
