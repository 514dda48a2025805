//! The outermost layer: a request id, one face for every error, and the headers every answer has.

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use tracing::Instrument;

use crate::error::Error;
use crate::http::error::{HandlerError, error_from_status};
use crate::http::response::error_body::ErrorBody;
use crate::http::server::idle_connections::{Connection, InFlightRequest, TrackedBody};
use crate::state::Services;

/// Every page's policy: nothing from elsewhere, nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    media-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const SECURITY_HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (header::PERMISSIONS_POLICY, "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (header::CACHE_CONTROL, "no-store"),
];

/// # Errors
/// Only what the inner layers could not turn into an answer.
pub async fn request_log(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let id = format!("{:032x}", rand::random::<u128>());
    let services = request.app_data::<Data<Services>>().cloned();
    let base = services.as_ref().map_or("", |services| services.settings.base_path());
    let is_inside = super::base_path::strip_base_path(&mut request, base);
    crate::http::tus_headers::override_method(&mut request);
    let under_way = request.conn_data::<Arc<Connection>>().map(InFlightRequest::begin);
    let span = tracing::info_span!("request", id);
    let mut response = match is_inside {
        Ok(()) => next.call(request).instrument(span.clone()).await?.map_into_boxed_body(),
        Err(failure) => request.error_response(failure),
    };
    let _in_span = span.entered();
    let http = response.request().clone();
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && needs_error_page(&response) {
        let known = response.response().error().and_then(|cause| cause.as_error::<HandlerError>());
        let made_here;
        let error = match known {
            Some(HandlerError::Error(error)) => error,
            _ => {
                if let Some(cause) = response.response().error() {
                    tracing::debug!("actix: {cause}");
                }
                made_here = error_from_status(status);
                &made_here
            }
        };
        let mut answer = error_response(&http, error, &id);
        // Cookies, CORS and what else inner layers said stays said.
        for (name, value) in response.headers() {
            if *name == header::SET_COOKIE || (!answer.headers().contains_key(name) && !describes_body(name)) {
                answer.headers_mut().append(name.clone(), value.clone());
            }
        }
        response = ServiceResponse::new(http.clone(), answer);
    }
    add_headers(response.headers_mut(), &id);
    crate::http::rate_limit::add_headers(&http, response.headers_mut());
    crate::http::tus_headers::add_headers(http.path(), response.headers_mut());
    let status = response.status().as_u16();
    let took = started.elapsed();
    if let Some(services) = &services {
        services.metrics.record_request(crate::http::metrics::route_kind(http.path()), status, took);
        if services.settings.is_https() && base.is_empty() {
            // RFC 6797: from now on, for a year, only by TLS. Below a path the host name is not ours to speak for.
            let value = HeaderValue::from_static("max-age=31536000");
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, value);
        }
    }
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(method = %http.method(), path = http.path(), status, milliseconds);
    let response = super::base_path::add_base_path(response, base);
    Ok(match under_way {
        Some(under_way) => response.map_body(|_, body| BoxBody::new(TrackedBody::new(body, under_way))),
        None => response,
    })
}

fn describes_body(name: &HeaderName) -> bool {
    matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH | header::TRANSFER_ENCODING)
}

/// Forms that are shown again have their page already.
fn needs_error_page(response: &ServiceResponse<BoxBody>) -> bool {
    response.response().error().is_some() || !response.headers().contains_key(header::CONTENT_TYPE)
}

fn add_headers(headers: &mut header::HeaderMap, id: &str) {
    for (name, value) in SECURITY_HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}

/// An error as a page, or for programs as an envelope.
fn error_response(request: &HttpRequest, error: &Error, id: &str) -> HttpResponse {
    let status = crate::http::error::http_status(error);
    if let Error::Internal(cause) = error {
        tracing::error!(method = %request.method(), path = request.path(), "{cause:?}");
    }
    let mut answer = HttpResponse::build(status);
    match error {
        Error::TooManyRequests { retry_after } => drop(answer.insert_header((header::RETRY_AFTER, *retry_after))),
        Error::Unavailable(_) | Error::Contention => drop(answer.insert_header((header::RETRY_AFTER, 3_u64))),
        Error::RangeNotSatisfiable { size } => drop(answer.insert_header((header::CONTENT_RANGE, format!("bytes */{size}")))),
        _ => {}
    }
    if request.path() == "/api" || request.path().starts_with("/api/") {
        if matches!(error, Error::Unauthenticated) {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"nexus\""));
        }
        return answer.json(ErrorBody::from_error(error));
    }
    let page = ErrorPage {
        assets: crate::http::static_files::base(),
        theme: crate::http::extract::user::theme_of(request),
        title: error_title(error),
        said: error.to_string(),
        advice: error_advice(error),
        id,
        back: crate::http::safe_redirect::back_path(request),
    };
    match page.render() {
        Ok(html) => crate::http::response::html::html_response(answer, html),
        Err(cause) => HandlerError::Error(Error::internal(cause)).error_response(),
    }
}

#[derive(Template)]
#[template(path = "pages/error.html")]
struct ErrorPage<'a> {
    assets: &'static str,
    theme: &'static str,
    title: &'static str,
    said: String,
    advice: &'static str,
    id: &'a str,
    back: Option<String>,
}

const fn error_title(error: &Error) -> &'static str {
    match error {
        Error::NotFound => "Nothing here",
        Error::FileMissing => "The file is gone",
        Error::BeingChecked => "Being checked",
        Error::Unauthenticated | Error::BadCredentials => "Please log in",
        Error::Forbidden(_) => "That was not done",
        Error::NotActive(_) => "Not yet",
        Error::SetupRequired => "Not set up yet",
        Error::BadRequest(_) | Error::LengthRequired | Error::MethodNotAllowed | Error::TusVersion | Error::ChecksumMismatch => {
            "That request made no sense"
        }
        Error::Invalid(_) => "Something needs another look",
        Error::Conflict(_) => "That does not go together",
        Error::TooLarge { .. } => "Too large",
        Error::UnsupportedMedia => "Wrong kind of content",
        Error::RangeNotSatisfiable { .. } => "No such part",
        Error::TooManyRequests { .. } => "Slow down a little",
        Error::Unavailable(_) | Error::Contention => "Back in a moment",
        Error::QuotaExceeded | Error::DiskFull => "No room left",
        Error::Configuration(_) | Error::NoPermission(_) | Error::Internal(_) => "Something broke",
    }
}

const fn error_advice(error: &Error) -> &'static str {
    match error {
        Error::NotFound => "Check the address, or start again from home.",
        Error::FileMissing => {
            "It may have been moved or deleted outside Nexus. Its entry is kept and marked; put the file back and it works again."
        }
        Error::BeingChecked => "Come back in a moment. If it stays, the scanner may be away: the admin can see it.",
        Error::Unauthenticated | Error::BadCredentials => "Log in and try again.",
        Error::Forbidden(_) | Error::Conflict(_) | Error::Invalid(_) | Error::BadRequest(_) => {
            "Go back, change it and send it again. Nothing was changed."
        }
        Error::NotActive(_) | Error::SetupRequired => "Come back later.",
        Error::LengthRequired | Error::MethodNotAllowed | Error::TusVersion | Error::ChecksumMismatch => {
            "If a link or button of ours led here, tell the admin."
        }
        Error::TooLarge { .. } => "Send it in smaller parts, or ask the admin to allow more.",
        Error::UnsupportedMedia => "Send it as a plain form, uncompressed.",
        Error::RangeNotSatisfiable { .. } => "Load the file again from its start.",
        Error::TooManyRequests { .. } => "This protects accounts from being guessed.",
        Error::Unavailable(_) | Error::Contention => "The page will work again by itself.",
        Error::QuotaExceeded => "Delete something, empty the trash, or ask the admin for more room.",
        Error::DiskFull => "Your other things are safe and can be looked at.",
        Error::Configuration(_) | Error::NoPermission(_) | Error::Internal(_) => {
            "It was noted for the admin. Try again; if it stays, tell them the number below."
        }
    }
}
