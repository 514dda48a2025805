//! Checks before a request reaches its handler: percent-encoded paths, compressed bodies, the rate limit per address.

use std::net::IpAddr;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::{cross_site, host, setup_required};
use crate::error::Error;
use crate::http::client_info::{is_from_proxy, peer_address};
use crate::http::error::HandlerError;
use crate::http::rate_limit;
use crate::state::Services;

/// Rejects requests that fail a check.
///
/// # Errors
/// Only errors that could not be turned into a response.
pub async fn request_checks(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match check_request(&request).await {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(failure) => Ok(request.error_response(failure)),
    }
}

/// Runs all checks in order; the only one that may query the database is the last.
async fn check_request(request: &ServiceRequest) -> Result<(), HandlerError> {
    let services = request
        .app_data::<Data<Services>>()
        .cloned()
        .ok_or_else(|| Error::internal("no services"))?;
    ensure_plain_path(request.path())?;
    record_untrusted_proxy(request, &services);
    host::ensure_own_host(request, &services.settings)?;
    rate_limit::count_address(request, &services)?;
    cross_site::ensure_allowed(request, &services)?;
    ensure_uncompressed(request)?;
    setup_required::ensure_set_up(request, &services).await
}

/// Records a proxy in the local network that is not trusted, for the status page: limits count all of its clients as one.
/// Clients elsewhere may send the header for no reason.
fn record_untrusted_proxy(request: &ServiceRequest, services: &Services) {
    if !request.headers().contains_key(header::X_FORWARDED_FOR)
        || is_from_proxy(request.request(), &services.settings)
    {
        return;
    }
    let peer = peer_address(request.request());
    let is_local = match peer {
        IpAddr::V4(four) => four.is_loopback() || four.is_private(),
        IpAddr::V6(six) => six.is_loopback() || six.is_unique_local(),
    };
    if is_local {
        // The first such proxy is kept; one is enough for the warning on the status page.
        services.untrusted_proxy.get_or_init(|| peer);
    }
}

/// Rejects paths with invalid escapes or with percent-encoded slashes or unreserved characters, so that rate limits and
/// middleware see the same path as the router.
fn ensure_plain_path(path: &str) -> Result<(), HandlerError> {
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let code = digit(bytes.next())
                .zip(digit(bytes.next()))
                .and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
            // Unreserved characters need no encoding (RFC 3986, 2.3), and an encoded slash would hide a segment.
            if code.is_none_or(|code| {
                code.is_ascii_alphanumeric() || matches!(code, b'-' | b'.' | b'_' | b'~' | b'/')
            }) {
                return Err(Error::NotFound.into());
            }
        }
    }
    Ok(())
}

fn ensure_uncompressed(request: &ServiceRequest) -> Result<(), HandlerError> {
    match request.headers().get(header::CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => Err(Error::UnsupportedMedia.into()),
        _ => Ok(()),
    }
}
