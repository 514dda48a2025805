//! Serves the embedded static files under a versioned path, to be cached permanently.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::route::{HandlerResult, Route};
use crate::error::Error;

/// The path of all static files.
pub const PREFIX: &str = "/static/";

/// One embedded file.
pub struct StaticFile {
    name: &'static str,
    mime: &'static str,
    bytes: &'static [u8],
    /// By encoding, smallest first.
    compressed: &'static [(&'static str, &'static [u8])],
}

mod embedded {
    use super::StaticFile;
    include!(concat!(env!("OUT_DIR"), "/statics.rs"));
}

/// The base address of static files: `/static/<version>`.
#[must_use]
pub const fn base() -> &'static str {
    embedded::BASE
}

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/static/{version}/{name:.*}", || web::route().to(show_static))]
}

async fn show_static(request: HttpRequest, path: web::Path<(String, String)>) -> HandlerResult {
    let (version, name) = path.into_inner();
    let Some(file) = embedded::FILES.iter().find(|file| file.name == name) else {
        return Err(Error::NotFound.into());
    };

    let accepted = request
        .headers()
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();

    let takes = |encoding: &str| accepted.split(',').any(|word| accepts_encoding(word, encoding));

    // A page from before an update requests an old version: it gets the file, but must revalidate it.
    let caching = if version == embedded::VERSION {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };

    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, file.mime))
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header((header::VARY, HeaderValue::from_static("accept-encoding")));

    Ok(match file.compressed.iter().find(|(encoding, _)| takes(encoding)) {
        Some((encoding, bytes)) => {
            answer.insert_header((header::CONTENT_ENCODING, *encoding)).body(*bytes)
        }
        None => answer.body(file.bytes),
    })
}

/// Whether one element of `Accept-Encoding` (RFC 9110, 12.5.3) accepts `encoding`: it is named with a weight above 0.
fn accepts_encoding(part: &str, encoding: &str) -> bool {
    let mut words = part.split(';').map(str::trim);
    let is_named = words.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
    is_named
        && !words
            .any(|word| word.strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_taken_where_it_is_named_and_not_refused() {
        for part in ["br", " br ", "BR", "br;q=1.0", "br; q=0.1"] {
            assert!(accepts_encoding(part, "br"), "{part}");
        }
        for part in ["", "gzip", "br;q=0", "br; q=0.0", "brotli"] {
            assert!(!accepts_encoding(part, "br"), "{part}");
        }
    }
}
