//! The outermost middleware: request id, log span, duration and metrics of every request.

use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpMessage;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use tracing::Instrument;

use super::{base_path, compress_pages, error_pages, security_headers, space_path};
use crate::http::connections::{Connection, InFlightRequest, TrackedBody, track_body};
use crate::http::link_paths::logged_path;
use crate::http::{metrics, rate_limit, tus_headers};
use crate::state::Services;

/// Handles a request and logs it.
///
/// # Errors
/// Only errors that could not be turned into a response.
pub async fn request_log(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();

    // The id connects a response to its log lines.
    let id = format!("{:032x}", rand::random::<u128>());
    let services = request.app_data::<Data<Services>>().cloned();
    let base = services.as_ref().map_or("", |services| services.settings.base_path());
    let strip_result = base_path::strip_base_path(&mut request, base);
    if strip_result.is_ok() {
        space_path::strip_space(&mut request);
    }
    tus_headers::override_method(&mut request);
    // The connection counts as in use until the last byte of the response is sent, and is not closed as idle.
    let connection = request.conn_data::<Arc<Connection>>().cloned();
    let in_flight = connection.as_ref().map(InFlightRequest::begin);
    if let Some(connection) = connection {
        let payload = request.take_payload();
        request.set_payload(track_body(payload, connection));
    }

    let span = tracing::info_span!("request", id);

    // A path outside of the base path never reaches a handler.
    let mut response = match strip_result {
        Ok(()) => next.call(request).instrument(span.clone()).await?.map_into_boxed_body(),
        Err(failure) => request.error_response(failure),
    };

    response = error_pages::replace_errors(response, &id).instrument(span.clone()).await;

    let _in_span = span.entered();
    // A handle to the request, so that it can be read while the headers of the response are changed.
    let http = response.request().clone();

    // Headers for every response, including errors.
    security_headers::add_headers(
        response.headers_mut(),
        http.path(),
        services.as_deref().map(|services| &services.settings),
    );

    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    rate_limit::add_headers(&http, response.headers_mut());
    tus_headers::add_headers(http.path(), response.headers_mut());

    let status = response.status().as_u16();
    let took = started.elapsed();
    if let Some(services) = &services {
        services.metrics.record_request(metrics::route_kind(http.path()), status, took);
    }
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(method = %http.method(), path = logged_path(http.path()), status, milliseconds);

    // Last, because these change the bodies of pages.
    let (response, is_in_space) = space_path::add_space(response);
    let response = base_path::add_base_path(response, base);
    let is_rewritten = is_in_space || !base.is_empty();
    let response = compress_pages::compress(&http, response, is_rewritten);
    Ok(match in_flight {
        Some(in_flight) => {
            response.map_body(|_, body| BoxBody::new(TrackedBody::new(body, in_flight)))
        }
        None => response,
    })
}
