//! Applies rate limits to requests: which bucket a request counts in, and the headers with what is left.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};

use super::client_info::client_info;
use super::error::HandlerError;
use super::link_paths::is_of_link;
use super::tus_headers::is_upload_path;
use crate::error::Error;
use crate::state::Services;
use crate::state::rate_limiter::{Allowance, Bucket, RateLimitKey};

/// Counts a request for its network.
///
/// # Errors
/// `TooManyRequests`.
pub fn count_address(request: &ServiceRequest, services: &Services) -> Result<(), HandlerError> {
    let Some(bucket) = bucket_of(request.method(), request.path()) else { return Ok(()) };
    let client = client_info(request.request(), &services.settings);
    RateLimitKey::from_address(client.address)
        .try_for_each(|key| count(request.request(), services, bucket, key))
}

/// Counts a request in a bucket and keeps the allowance for the response headers.
///
/// # Errors
/// `TooManyRequests`.
pub fn count(
    request: &HttpRequest,
    services: &Services,
    bucket: Bucket,
    bucket_key: RateLimitKey,
) -> Result<(), HandlerError> {
    match services.rate_limiter.check(bucket, bucket_key) {
        // Rate limiting is off.
        Ok(None) => Ok(()),
        Ok(Some(allowance)) => {
            store_allowance(request, allowance);
            Ok(())
        }
        Err(refused) => {
            store_allowance(request, refused.allowance);
            Err(Error::TooManyRequests { retry_after: refused.retry_after }.into())
        }
    }
}

/// If two buckets were counted, the emptier one is reported.
fn store_allowance(request: &HttpRequest, allowance: Allowance) {
    let mut extensions = request.extensions_mut();
    let is_emptier =
        extensions.get::<Allowance>().is_none_or(|noted| allowance.remaining <= noted.remaining);
    if is_emptier {
        extensions.insert(allowance);
    }
}

fn bucket_of(method: &Method, path: &str) -> Option<Bucket> {
    let is_form = *method == Method::POST;
    match path {
        "/login" | "/api/auth/login" if is_form => Some(Bucket::LogIn),
        "/register" | "/setup" if is_form => Some(Bucket::Registration),
        "/recover" if is_form => Some(Bucket::Recovery),
        "/upload" if is_form => Some(Bucket::Upload),
        path if path.starts_with("/api/") => Some(api_bucket(path)),
        path if is_of_link(path) => Some(link_bucket(path, is_form)),
        _ => None,
    }
}

/// The bucket of an address of a share link.
fn link_bucket(path: &str, is_form: bool) -> Bucket {
    if is_upload_path(path) || (is_form && path.ends_with("/upload")) {
        Bucket::Upload
    } else if is_form && path.ends_with("/open") {
        Bucket::LinkOpen
    } else {
        Bucket::Link
    }
}

/// The bucket of an API path.
#[must_use]
pub fn api_bucket(path: &str) -> Bucket {
    if path == "/api/media/upload" || path.starts_with("/api/uploads") {
        Bucket::Upload
    } else {
        Bucket::Api
    }
}

/// Adds the headers of draft-ietf-httpapi-ratelimit-headers-10.
pub fn add_headers(request: &HttpRequest, headers: &mut HeaderMap) {
    let Some(allowance) = request.extensions().get::<Allowance>().copied() else { return };
    // In the headers, q is the quota, w the window and t the reset time in seconds, r what remains.
    let Allowance { bucket, quota, window, remaining, reset } = allowance;
    let name = bucket.name();
    for (header, value) in [
        ("ratelimit-policy", format!("\"{name}\";q={quota};w={window}")),
        ("ratelimit", format!("\"{name}\";r={remaining};t={reset}")),
    ] {
        // Does not fail: the values are plain ASCII.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(header), value);
        }
    }
}
