//! Compresses pages with gzip. Pages from the cache are compressed once.
//!
//! What a page contains cannot be guessed from its length by whoever makes a browser request it with words of their own
//! (BREACH): CSRF tokens differ in each page, and each compressed page gets a comment of random length.

use std::io::Write;
use std::sync::OnceLock;

use actix_web::HttpRequest;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{
    AcceptEncoding, CONTENT_ENCODING, Encoding, Header, HeaderValue, VARY,
};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rand::RngExt;

use crate::http::response::html::{CompressedPage, HtmlPage};

/// Shorter pages are sent as they are.
const MIN_BYTES: usize = 1024;
/// Bytes of the comment at most, before they are written as hexadecimal digits.
const MAX_NOISE_BYTES: usize = 32;

/// Compresses a page of the application if the client accepts it. `is_rewritten` pages differ from what is cached.
pub fn compress(
    request: &HttpRequest,
    mut response: ServiceResponse<BoxBody>,
    is_rewritten: bool,
) -> ServiceResponse<BoxBody> {
    let is_page = response.response().extensions().contains::<HtmlPage>();
    if !is_page || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
    if !accepts_gzip(request) {
        return response;
    }

    let cached = response
        .response()
        .extensions()
        .get::<CompressedPage>()
        .filter(|_| !is_rewritten)
        .map(|page| page.0.clone());
    let mut is_compressed = false;
    let mut response = response.map_body(|_, body| match body.try_into_bytes() {
        Ok(page) if page.len() >= MIN_BYTES => {
            is_compressed = true;
            BoxBody::new(compressed(&page, cached.as_deref()))
        }
        Ok(page) => BoxBody::new(page),
        Err(body) => body,
    });
    if is_compressed {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn accepts_gzip(request: &HttpRequest) -> bool {
    AcceptEncoding::parse(request).is_ok_and(|accepted| {
        accepted.negotiate(std::iter::once(&Encoding::gzip())) == Some(Encoding::gzip())
    })
}

fn compressed(page: &Bytes, cached: Option<&OnceLock<Bytes>>) -> Bytes {
    match cached {
        Some(cached) => cached.get_or_init(|| gzip(page)).clone(),
        None => gzip(page),
    }
}

fn gzip(page: &[u8]) -> Bytes {
    let mut random = rand::rng();
    let length = random.random_range(0..=MAX_NOISE_BYTES);
    let noise: Vec<u8> = (0..length).map(|_| random.random()).collect();

    let mut encoder = GzEncoder::new(Vec::with_capacity(page.len() / 4), Compression::new(4));
    let comment = format!("<!-- {} -->\n", hex::encode(noise));
    let written = encoder.write_all(page).and_then(|()| encoder.write_all(comment.as_bytes()));
    // Writing to memory cannot fail.
    written.and_then(|()| encoder.finish()).unwrap_or_default().into()
}
