//! Serves the embedded static files under a versioned path, to be cached permanently.

use std::path::Path;

use actix_files::Files;
use actix_web::http::header::{self, AcceptEncoding, Encoding, Header, HeaderValue};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::ServiceConfig;
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

/// The version of the static files, which changes with any of them.
#[must_use]
pub const fn version() -> &'static str {
    embedded::VERSION
}

/// The bytes of an embedded file.
#[must_use]
pub fn bytes(name: &str) -> Option<&'static [u8]> {
    embedded::FILES.iter().find(|file| file.name == name).map(|file| file.bytes)
}

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/static/{version}/{name:.*}", || web::route().to(show_static))]
}

/// Serves the files in `folder` instead of the embedded ones, so that a change is visible after a reload.
pub(crate) fn serve_from_disk(config: &mut ServiceConfig, folder: &Path) {
    let style_sheet = format!("/css/{}", embedded::STYLE_SHEET);
    config.service(
        web::scope("/static/{version}")
            .wrap(DefaultHeaders::new().add((header::CACHE_CONTROL, "no-cache")))
            .route(&style_sheet, web::get().to(show_style_sheet_imports))
            .service(Files::new("/", folder)),
    );
}

/// The style sheet as imports of its parts, which the build joins.
async fn show_style_sheet_imports() -> HttpResponse {
    let import = |part: &&str| ["@import url(\"", part, ".css\");\n"].concat();
    let imports: String = embedded::STYLE_SHEET_PARTS.iter().map(import).collect();
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(imports)
}

/// Serves an embedded file in the smallest encoding that the client accepts.
async fn show_static(request: HttpRequest, path: web::Path<(String, String)>) -> HandlerResult {
    let (version, name) = path.into_inner();
    let Some(file) = embedded::FILES.iter().find(|file| file.name == name) else {
        return Err(Error::NotFound.into());
    };

    // Without a valid Accept-Encoding header the file is sent uncompressed.
    let accepted = AcceptEncoding::parse(&request).ok();
    let takes = |encoding: &str| {
        accepted.as_ref().is_some_and(|accepted| accepts_encoding(accepted, encoding))
    };

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

    // The encodings are ordered from the smallest file to the largest.
    Ok(match file.compressed.iter().find(|(encoding, _)| takes(encoding)) {
        Some((encoding, bytes)) => {
            answer.insert_header((header::CONTENT_ENCODING, *encoding)).body(*bytes)
        }
        None => answer.body(file.bytes),
    })
}

/// Whether the client accepts `encoding`. Each is asked about alone: given all of them, `negotiate` would choose the
/// first that the client names, which is gzip in every browser, and not the smallest.
fn accepts_encoding(accepted: &AcceptEncoding, encoding: &str) -> bool {
    encoding.parse::<Encoding>().is_ok_and(|encoding| {
        accepted.negotiate(std::iter::once(&encoding)).as_ref() == Some(&encoding)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn an_encoding_is_used_if_named_and_not_excluded() {
        let accepts = |header: &str| {
            let request = TestRequest::default().insert_header(("Accept-Encoding", header));
            AcceptEncoding::parse(&request.to_http_request())
                .is_ok_and(|accepted| accepts_encoding(&accepted, "br"))
        };
        for header in ["br", " br ", "BR", "br;q=1.0", "br; q=0.1", "gzip, deflate, br, zstd"] {
            assert!(accepts(header), "{header}");
        }
        for header in ["", "gzip", "br;q=0", "br; q=0.0", "brotli"] {
            assert!(!accepts(header), "{header}");
        }
    }
}
