//! The CSRF token: its form field, its header, and the check.

use actix_web::HttpRequest;

use super::session_cookie::SessionCookie;
use crate::error::Error;
use crate::msg;

/// The form field with the token.
pub const CSRF_FIELD: &str = "csrf_token";

/// The header that scripts may use instead.
pub const CSRF_HEADER: &str = "x-csrf-token";

const CSRF_MESSAGE: Error = Error::Forbidden(msg!("This form expired. Nothing was saved."));

/// Whether the header contains the token that belongs to the session cookie.
#[must_use]
pub fn has_valid_csrf_header(request: &HttpRequest) -> bool {
    let given = request.headers().get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    given.is_some_and(|token| SessionCookie::from_request(request).matches_csrf(token))
}

/// The error for a form without a valid token.
#[must_use]
pub const fn csrf_error() -> Error {
    CSRF_MESSAGE
}
