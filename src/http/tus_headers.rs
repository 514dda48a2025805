//! Protocol rules for all resumable uploads (tus 1.0.0, core protocol): the version header, and methods for clients
//! behind a proxy that allows only a few.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use super::link_paths::below_link;

/// The version of the protocol.
pub const VERSION: &str = "1.0.0";

/// Whether resumable uploads are below this path: those of users, or of visitors of a share link.
pub fn is_upload_path(path: &str) -> bool {
    let below = below_link(path).or_else(|| path.strip_prefix("/api/")).unwrap_or_default();
    below == "uploads" || below.starts_with("uploads/")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_of_users_and_of_visitors_follow_the_protocol() {
        for path in ["/api/uploads", "/api/uploads/1", "/s/token/uploads", "/s/token/uploads/1"] {
            assert!(is_upload_path(path), "{path}");
        }
        for path in ["/uploads", "/api/uploadsx", "/s/uploads", "/s/token/upload", "/s/token"] {
            assert!(!is_upload_path(path), "{path}");
        }
    }
}
