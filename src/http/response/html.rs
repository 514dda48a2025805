//! HTML pages as responses.

use std::sync::{Arc, OnceLock};

use actix_web::body::MessageBody;
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;

use crate::state::library_cache::CachedResponse;

/// Marks a response as a page of the application, as opposed to a user's HTML file.
pub struct HtmlPage;

/// Where the compressed form of a cached page is kept.
pub struct CompressedPage(pub Arc<OnceLock<Bytes>>);

/// A response with a page of the application.
pub fn html_response(
    mut answer: HttpResponseBuilder,
    html: impl MessageBody + 'static,
) -> HttpResponse {
    answer.extensions_mut().insert(HtmlPage);
    answer.content_type("text/html; charset=utf-8").body(html)
}

/// A response with a page from the cache.
pub fn cached_html_response(mut answer: HttpResponseBuilder, page: CachedResponse) -> HttpResponse {
    answer.extensions_mut().insert(CompressedPage(page.compressed));
    html_response(answer, page.body)
}
