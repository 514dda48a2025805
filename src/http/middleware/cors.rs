//! Pages of other sites: none may use the API but those of origins that the admin named, and only with a token.

use actix_cors::Cors;
use actix_web::http::header;

use crate::config::Settings;

/// How long a browser may remember what it was allowed: seconds.
const PREFLIGHT_MAX_AGE: usize = 600;

/// What a tus client sends, and what it reads.
const TUS_REQUEST_HEADERS: [&str; 6] =
    ["tus-resumable", "upload-length", "upload-offset", "upload-metadata", "upload-checksum", "x-http-method-override"];
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

/// The layer that answers preflights. Credentials are never allowed: no cookie goes to another site's page.
#[must_use]
pub fn middleware(settings: &Settings) -> actix_web::middleware::Condition<Cors> {
    let named = settings.cors_origins.iter().fold(Cors::default(), |cors, origin| cors.allowed_origin(origin));
    let cors = named
        .allowed_methods(["GET", "HEAD", "POST", "PATCH", "DELETE"])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_NONE_MATCH, header::RANGE, header::IF_RANGE])
        .allowed_headers(TUS_REQUEST_HEADERS)
        .expose_headers(TUS_RESPONSE_HEADERS)
        .expose_headers(["etag", "retry-after", "ratelimit", "ratelimit-policy", "content-range", "content-disposition"])
        .max_age(PREFLIGHT_MAX_AGE);
    actix_web::middleware::Condition::new(!settings.cors_origins.is_empty(), cors)
}
