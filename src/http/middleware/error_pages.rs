//! Shows errors as an HTML page, or as a JSON body under `/api`.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use crate::error::Error;
use crate::http::error::{HandlerError, error_from_status, http_status};
use crate::http::link_paths::logged_path;
use crate::http::pages::error_page;
use crate::http::response::error_body::ErrorBody;
use crate::http::response::html::html_response;
use crate::http::tus_headers::is_upload_path;

/// Replaces the body of a failed response by an error page or JSON body. A form that is shown again keeps its page.
pub async fn replace_errors(
    response: ServiceResponse<BoxBody>,
    id: &str,
) -> ServiceResponse<BoxBody> {
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

    let mut replacement = error_response(response.request(), error, id).await;

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
async fn error_response(request: &HttpRequest, error: &Error, id: &str) -> HttpResponse {
    let status = http_status(error);

    // The cause is logged, never sent.
    if let Error::Internal(cause) = error {
        tracing::error!(method = %request.method(), path = logged_path(request.path()), "{cause:?}");
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
    let path = request.path();
    if path == "/api" || path.starts_with("/api/") || is_upload_path(path) {
        // A 401 must name a scheme (RFC 9110, 15.5.2).
        if matches!(error, Error::Unauthenticated) {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"nexus\""));
        }
        return response.json(ErrorBody::from_error(error));
    }

    match error_page::render(request, error, id).await {
        Ok(html) => html_response(response, html),
        // If even the error page cannot be rendered, the response is an empty 500.
        Err(cause) => HandlerError::Error(cause).error_response(),
    }
}
