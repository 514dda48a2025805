//! Rejects state-changing requests that come from another site.

use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, header};

use crate::error::Error;
use crate::http::error::HandlerError;
use crate::msg;
use crate::state::Services;

/// Requires requests that change something to come from this site or from an allowed origin.
///
/// # Errors
/// `Forbidden` for a request from another site.
pub fn ensure_allowed(request: &ServiceRequest, services: &Services) -> Result<(), HandlerError> {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_safe || is_allowed_origin(request, services) {
        Ok(())
    } else {
        ensure_same_site(request, services)
    }
}

/// Whether a page of an allowed origin calls the API. It needs a token, because it gets no cookie.
fn is_allowed_origin(request: &ServiceRequest, services: &Services) -> bool {
    let origin = request.headers().get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let has_token = request.headers().contains_key(header::AUTHORIZATION)
        || request.path().starts_with("/api/auth/");
    request.path().starts_with("/api/")
        && has_token
        && origin.is_some_and(|origin| {
            services.settings.cors_origins.iter().any(|allowed| allowed == origin)
        })
}

/// Rejects requests that a page of another site causes: checks the Fetch Metadata header `Sec-Fetch-Site` if the
/// browser sends it, and `Origin` if there is one (OWASP CSRF Prevention Cheat Sheet). Forms also need the CSRF token.
fn ensure_same_site(request: &ServiceRequest, services: &Services) -> Result<(), HandlerError> {
    const REFUSED: HandlerError = HandlerError::Error(Error::Forbidden(msg!(
        "This request came from another site and was blocked."
    )));
    // A header that is not text becomes `?`, which matches nothing.
    let word = |name: header::HeaderName| {
        request.headers().get(name).map(|value| value.to_str().unwrap_or("?"))
    };

    // `none` is a request that the user started, for example by entering the address.
    if word(header::HeaderName::from_static("sec-fetch-site"))
        .is_some_and(|site| !matches!(site, "same-origin" | "none"))
    {
        return Err(REFUSED);
    }

    // Browsers send at least one of these headers with a request that another site causes.
    let Some(origin) = word(header::ORIGIN) else { return Ok(()) };
    let is_public = services.settings.public_origin() == Some(origin);
    let authority = origin.split_once("://").map(|(_, authority)| authority);

    // This site is the configured public address or the host that was requested.
    if is_public || (authority.is_some() && authority == word(header::HOST)) {
        Ok(())
    } else {
        Err(REFUSED)
    }
}
