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
use crate::language as v;
use crate::msg;

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
        Error::NotFound => msg!("Page not found"),
        Error::FileMissing => msg!("File missing"),
        Error::BeingChecked => msg!("Scanning for malware"),
        Error::Unauthenticated | Error::BadCredentials => msg!("Log in"),
        Error::Forbidden(_) => msg!("Request blocked"),
        Error::NotActive(_) => msg!("Account not active"),
        Error::SetupRequired => msg!("Not set up yet"),
        Error::Misdirected
        | Error::BadRequest(_)
        | Error::LengthRequired
        | Error::MethodNotAllowed
        | Error::TusVersion
        | Error::ChecksumMismatch => msg!("Bad request"),
        Error::Invalid(_) => msg!("Please check your input"),
        Error::Conflict(_) => msg!("Conflict"),
        Error::TooLarge { .. } => msg!("Too large"),
        Error::UnsupportedMedia => msg!("Wrong kind of content"),
        Error::PreconditionFailed => msg!("The file has changed"),
        Error::RangeNotSatisfiable { .. } => msg!("Range not available"),
        Error::TooManyRequests { .. } => msg!("Too many requests"),
        Error::Unavailable(_) | Error::Contention => msg!("Temporarily unavailable"),
        Error::QuotaExceeded | Error::DiskFull => msg!("Not enough storage"),
        Error::Configuration(_) | Error::NoPermission(_) | Error::Internal(_) => {
            msg!("Something went wrong")
        }
    }
}

/// Returns what the user can do about an error, for the page that shows it.
const fn error_advice(error: &Error) -> &'static str {
    match error {
        Error::NotFound => msg!("Check the address, or go to the home page."),
        Error::FileMissing => {
            msg!(
                "It may have been moved or deleted outside Nexus. Put the file back to restore it."
            )
        }
        Error::BeingChecked => {
            msg!("Try again in a moment. If it persists, ask your admin to check the scanner.")
        }
        Error::Unauthenticated | Error::BadCredentials => msg!("Log in and try again."),
        Error::Forbidden(_) | Error::Conflict(_) | Error::Invalid(_) | Error::BadRequest(_) => {
            msg!("Go back and try again. Nothing was saved.")
        }
        Error::NotActive(_) | Error::SetupRequired => msg!("Come back later."),
        Error::Misdirected => msg!("Use the address that your admin has set."),
        Error::LengthRequired
        | Error::MethodNotAllowed
        | Error::TusVersion
        | Error::ChecksumMismatch => msg!("If you got here from a link in Nexus, tell your admin."),
        Error::TooLarge { .. } => msg!("Ask your admin to raise the limit."),
        Error::UnsupportedMedia => msg!("Send it uncompressed."),
        Error::PreconditionFailed | Error::RangeNotSatisfiable { .. } => {
            msg!("Download the file again.")
        }
        Error::TooManyRequests { .. } => msg!("This protects accounts against password guessing."),
        Error::Unavailable(_) | Error::Contention => msg!("Try again in a moment."),
        Error::QuotaExceeded => {
            msg!("Delete files, empty the trash, or ask your admin for more space.")
        }
        Error::DiskFull => msg!("Your other files are safe and available."),
        Error::Configuration(_) | Error::NoPermission(_) | Error::Internal(_) => {
            msg!(
                "The error was logged. Try again, and if it persists, tell your admin the number below."
            )
        }
    }
}
