//! Shows errors as an HTML page, or as a JSON body under `/api`.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use crate::error::Error;
use crate::http::error::{HandlerError, error_from_status, http_status};
use crate::http::response::error_body::ErrorBody;
use crate::http::response::html::html_response;
use crate::http::{extract, safe_redirect, static_files};

/// Replaces the body of a failed response by an error page or JSON body. A form that is shown again keeps its page.
pub fn replace_errors(response: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || !needs_error_page(&response) {
        return response;
    }

    // Only errors of handlers have this type; of an error of actix itself, only the status is used.
    let handler_error =
        response.response().error().and_then(|cause| cause.as_error::<HandlerError>());
    // Declared outside of the match, so that the reference `error` can outlive the arm.
    let converted;

    let error = match handler_error {
        Some(HandlerError::Error(error)) => error,
        _ => {
            if let Some(cause) = response.response().error() {
                tracing::debug!("actix error: {cause}");
            }
            converted = error_from_status(status);
            &converted
        }
    };

    let mut replacement = error_response(response.request(), error, id);

    // Keeps all cookies of inner layers, and their CORS and other headers except those that the replacement sets itself
    // or that describe the old body.
    for (name, value) in response.headers() {
        if *name == header::SET_COOKIE
            || (!replacement.headers().contains_key(name) && !describes_body(name))
        {
            replacement.headers_mut().append(name.clone(), value.clone());
        }
    }

    ServiceResponse::new(response.request().clone(), replacement)
}

fn describes_body(name: &HeaderName) -> bool {
    matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH | header::TRANSFER_ENCODING)
}

/// Whether a failed response has no page yet.
fn needs_error_page(response: &ServiceResponse<BoxBody>) -> bool {
    response.response().error().is_some() || !response.headers().contains_key(header::CONTENT_TYPE)
}

/// Creates the response for an error: a page, or JSON for the API.
fn error_response(request: &HttpRequest, error: &Error, id: &str) -> HttpResponse {
    let status = http_status(error);

    // The cause is logged, never sent.
    if let Error::Internal(cause) = error {
        tracing::error!(method = %request.method(), path = request.path(), "{cause:?}");
    }

    let mut response = HttpResponse::build(status);

    // Some errors have headers of their own.
    match error {
        Error::TooManyRequests { retry_after } => {
            response.insert_header((header::RETRY_AFTER, *retry_after));
        }
        Error::Unavailable(_) | Error::Contention => {
            // These conditions are temporary, so the client may try again after 3 seconds.
            response.insert_header((header::RETRY_AFTER, 3_u64));
        }
        Error::RangeNotSatisfiable { size } => {
            response.insert_header((header::CONTENT_RANGE, format!("bytes */{size}")));
        }
        _ => {}
    }

    // The API responds with JSON, everything else with a page.
    if request.path() == "/api" || request.path().starts_with("/api/") {
        // A 401 must name a scheme (RFC 9110, 15.5.2).
        if matches!(error, Error::Unauthenticated) {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"nexus\""));
        }
        return response.json(ErrorBody::from_error(error));
    }

    let page = ErrorPage {
        assets: static_files::base(),
        theme: extract::user::theme_of(request),
        title: error_title(error),
        description: error.to_string(),
        advice: error_advice(error),
        id,
        back: safe_redirect::back_path(request),
    };

    // If even the error page cannot be rendered, the response is an empty 500.
    match page.render() {
        Ok(html) => html_response(response, html),
        Err(cause) => HandlerError::Error(Error::internal(cause)).error_response(),
    }
}

#[derive(Template)]
#[template(path = "pages/error.html")]
struct ErrorPage<'a> {
    assets: &'static str,
    theme: &'static str,
    title: &'static str,
    description: String,
    advice: &'static str,
    id: &'a str,
    back: Option<String>,
}

/// Returns the heading of the page that shows an error.
const fn error_title(error: &Error) -> &'static str {
    match error {
        Error::NotFound => "Nothing here",
        Error::FileMissing => "The file is gone",
        Error::BeingChecked => "Being checked",
        Error::Unauthenticated | Error::BadCredentials => "Please log in",
        Error::Forbidden(_) => "That was not done",
        Error::NotActive(_) => "Not yet",
        Error::SetupRequired => "Not set up yet",
        Error::Misdirected
        | Error::BadRequest(_)
        | Error::LengthRequired
        | Error::MethodNotAllowed
        | Error::TusVersion
        | Error::ChecksumMismatch => "That request made no sense",
        Error::Invalid(_) => "Something needs another look",
        Error::Conflict(_) => "That does not go together",
        Error::TooLarge { .. } => "Too large",
        Error::UnsupportedMedia => "Wrong kind of content",
        Error::PreconditionFailed => "The file has changed",
        Error::RangeNotSatisfiable { .. } => "No such part",
        Error::TooManyRequests { .. } => "Slow down a little",
        Error::Unavailable(_) | Error::Contention => "Back in a moment",
        Error::QuotaExceeded | Error::DiskFull => "No room left",
        Error::Configuration(_) | Error::NoPermission(_) | Error::Internal(_) => "Something broke",
    }
}

/// Returns what the user can do about an error, for the page that shows it.
const fn error_advice(error: &Error) -> &'static str {
    match error {
        Error::NotFound => "Check the address, or start again from home.",
        Error::FileMissing => {
            "It may have been moved or deleted outside Nexus. Its entry is kept and marked; put the file back and it works again."
        }
        Error::BeingChecked => {
            "Come back in a moment. If it stays, the scanner may be away: the admin can see it."
        }
        Error::Unauthenticated | Error::BadCredentials => "Log in and try again.",
        Error::Forbidden(_) | Error::Conflict(_) | Error::Invalid(_) | Error::BadRequest(_) => {
            "Go back, change it and send it again. Nothing was changed."
        }
        Error::NotActive(_) | Error::SetupRequired => "Come back later.",
        Error::Misdirected => "Use the address that the admin of this server has set.",
        Error::LengthRequired
        | Error::MethodNotAllowed
        | Error::TusVersion
        | Error::ChecksumMismatch => "If a link or button of ours led here, tell the admin.",
        Error::TooLarge { .. } => "Send it in smaller parts, or ask the admin to allow more.",
        Error::UnsupportedMedia => "Send it as a plain form, uncompressed.",
        Error::PreconditionFailed | Error::RangeNotSatisfiable { .. } => {
            "Load the file again from its start."
        }
        Error::TooManyRequests { .. } => "This protects accounts from being guessed.",
        Error::Unavailable(_) | Error::Contention => "The page will work again by itself.",
        Error::QuotaExceeded => {
            "Delete something, empty the trash, or ask the admin for more room."
        }
        Error::DiskFull => "Your other things are safe and can be looked at.",
        Error::Configuration(_) | Error::NoPermission(_) | Error::Internal(_) => {
            "It was noted for the admin. Try again; if it stays, tell them the number below."
        }
    }
}
