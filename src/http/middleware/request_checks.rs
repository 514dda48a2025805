//! The inner gate: requests from other sites change nothing, and until there is an admin all ways lead to set-up.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web::Data;

use crate::error::Error;
use crate::http::error::HandlerError;
use crate::http::health::is_probe;
use crate::http::route::run_blocking;
use crate::http::static_files;
use crate::state::Services;

/// # Errors
/// Only what the inner layers could not turn into an answer.
pub async fn request_checks(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match check_request(&request).await {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(failure) => Ok(request.error_response(failure)),
    }
}

async fn check_request(request: &ServiceRequest) -> Result<(), HandlerError> {
    let services = request.app_data::<Data<Services>>().cloned().ok_or_else(|| Error::internal("no services"))?;
    ensure_plain_path(request.path())?;
    crate::http::rate_limit::count_address(request, &services)?;
    if !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) && !is_allowed_origin(request, &services) {
        ensure_same_site(request, &services)?;
    }
    ensure_uncompressed(request)?;
    if !services.is_set_up() && !is_allowed_before_setup(request.path()) {
        let has_admin = run_blocking(&services, |services| services.has_admin()).await?;
        if !has_admin {
            return Err(if request.path().starts_with("/api") {
                HandlerError::Error(Error::SetupRequired)
            } else {
                HandlerError::Redirect("/setup".into())
            });
        }
    }
    Ok(())
}

fn is_allowed_before_setup(path: &str) -> bool {
    path == "/setup" || path == "/api/openapi.json" || is_probe(path) || path.starts_with(static_files::PREFIX)
}

/// Pages of the origins that the admin named may call the API: with a token, for they get no cookie.
fn is_allowed_origin(request: &ServiceRequest, services: &Services) -> bool {
    let origin = request.headers().get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let has_token = request.headers().contains_key(header::AUTHORIZATION) || request.path().starts_with("/api/auth/");
    request.path().starts_with("/api/")
        && has_token
        && origin.is_some_and(|origin| services.settings.cors_origins.iter().any(|friend| friend == origin))
}

/// Fetch Metadata where the browser sends it, `Origin` where it does not (OWASP CSRF sheet);
/// the token in the form comes on top.
fn ensure_same_site(request: &ServiceRequest, services: &Services) -> Result<(), HandlerError> {
    const REFUSED: HandlerError = HandlerError::Error(Error::Forbidden("This came from another site, so nothing was done."));
    let word = |name: header::HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    if word(header::HeaderName::from_static("sec-fetch-site")).is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Err(REFUSED);
    }
    let Some(origin) = word(header::ORIGIN) else { return Ok(()) };
    let is_public = services.settings.public_origin() == Some(origin);
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    if is_public || (authority.is_some() && authority == word(header::HOST)) { Ok(()) } else { Err(REFUSED) }
}

/// A path that writes plain letters as `%72` is one in disguise: limits and layers go by what they read.
fn ensure_plain_path(path: &str) -> Result<(), HandlerError> {
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let code = digit(bytes.next()).zip(digit(bytes.next())).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
            // RFC 3986, 2.3: unreserved characters have no other spelling.
            if code.is_none_or(|code| code.is_ascii_alphanumeric() || matches!(code, b'-' | b'.' | b'_' | b'~' | b'/')) {
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
