//! Protocol rules for all of `/api/uploads` (tus 1.0.0, core protocol): the version header, and methods for clients
//! behind a proxy that allows only a few.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// The version of the protocol.
pub const VERSION: &str = "1.0.0";

fn is_upload_path(path: &str) -> bool {
    path == "/api/uploads" || path.starts_with("/api/uploads/")
}

/// Applies `X-HTTP-Method-Override` before any other layer sees the request.
pub fn override_method(request: &mut ServiceRequest) {
    if !is_upload_path(request.path()) {
        return;
    }
    let named = request
        .headers()
        .get("x-http-method-override")
        .and_then(|value| Method::from_bytes(value.as_bytes()).ok());
    if let Some(method) = named {
        request.head_mut().method = method;
    }
}

/// Adds the protocol version to every response.
pub fn add_headers(path: &str, headers: &mut HeaderMap) {
    if is_upload_path(path) {
        for name in ["tus-resumable", "tus-version"] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(VERSION));
        }
    }
}
