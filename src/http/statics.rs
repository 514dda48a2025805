//! The browser's files, out of the binary: under a version that changes with them, kept for ever.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::route::{Answer, Route};
use crate::error::Error;

/// Where they are.
pub const PREFIX: &str = "/static/";

/// One file in the binary.
pub struct File {
    name: &'static str,
    mime: &'static str,
    bytes: &'static [u8],
    gzipped: Option<&'static [u8]>,
}

mod embedded {
    use super::File;
    include!(concat!(env!("OUT_DIR"), "/statics.rs"));
}

/// The address of a file is this and its name: `/static/<version>`.
#[must_use]
pub const fn base() -> &'static str {
    embedded::BASE
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/static/{version}/{name:.*}", || web::route().to(show_static))]
}

async fn show_static(request: HttpRequest, path: web::Path<(String, String)>) -> Answer {
    let (version, name) = path.into_inner();
    let Some(file) = embedded::FILES.iter().find(|file| file.name == name) else { return Err(Error::NotFound.into()) };
    let takes_gzip = request
        .headers()
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|word| word.trim().split(';').next() == Some("gzip")));
    // A page from before an update asks for an old version: it gets the file, but not for ever.
    let caching = if version == embedded::VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, file.mime))
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header((header::VARY, HeaderValue::from_static("accept-encoding")));
    Ok(match file.gzipped {
        Some(gzipped) if takes_gzip => answer.insert_header((header::CONTENT_ENCODING, "gzip")).body(gzipped),
        _ => answer.body(file.bytes),
    })
}
