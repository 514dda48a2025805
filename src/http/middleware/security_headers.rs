//! Headers that every response carries: CSP, `nosniff`, `no-store`, HSTS and others.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::config::Settings;
use crate::http::link_paths::is_of_link;

/// The policy of every page: nothing from other origins, nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    media-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const SECURITY_HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (
        header::PERMISSIONS_POLICY,
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

/// Adds the headers that an inner layer has not set. Search engines are told not to list share links; HSTS is added if the
/// public address uses `https`.
pub fn add_headers(headers: &mut HeaderMap, path: &str, settings: Option<&Settings>) {
    if is_of_link(path) {
        headers.insert(
            HeaderName::from_static("x-robots-tag"),
            HeaderValue::from_static("noindex, nofollow, noarchive"),
        );
    }
    for (name, value) in SECURITY_HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }

    // RFC 6797, for one year. Not below a base path, where the host name belongs to another site as well.
    if settings.is_some_and(|settings| settings.is_https() && settings.base_path().is_empty()) {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
}
