//! `/metrics`: Prometheus metrics, with a token or on a separate listener.

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use subtle::ConstantTimeEq;

use super::route::{HandlerResult, Route};
use crate::domain::ops::prometheus;
use crate::error::Error;
use crate::http::run_blocking::run_blocking;
use crate::http::tus_headers::is_upload_path;
use crate::state::Services;

const PROMETHEUS_MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/metrics", || web::route().to(show_metrics_with_token))]
}

/// Registers the only route of the separate listener.
pub fn configure(config: &mut ServiceConfig) {
    config.route("/metrics", web::get().to(show_metrics));
}

async fn show_metrics(services: Data<Services>) -> HandlerResult {
    let text = run_blocking(&services, |services| prometheus::metrics_text(services)).await?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, PROMETHEUS_MEDIA_TYPE)).body(text))
}

/// Serves metrics with a token. Without a configured token there is no such page.
async fn show_metrics_with_token(services: Data<Services>, request: HttpRequest) -> HandlerResult {
    let given = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let expected = services.settings.metrics_token.as_deref().ok_or(Error::NotFound)?;
    if !given.is_some_and(|given| bool::from(given.as_bytes().ct_eq(expected.as_bytes()))) {
        return Err(Error::NotFound.into());
    }
    show_metrics(services).await
}

/// Returns the kind of a request, the label by which its metrics are grouped, from its path.
#[must_use]
pub fn route_kind(path: &str) -> &'static str {
    if path.starts_with(super::static_files::PREFIX) {
        "static"
    } else if is_upload_path(path) || matches!(path, "/upload" | "/api/media/upload") {
        "upload"
    } else if path.starts_with("/media/")
        || path.ends_with("/content")
        || path.ends_with("/thumbnail")
        || (path.starts_with("/s/") && path.contains("/media/"))
    {
        "file"
    } else if path.starts_with("/api/") {
        "api"
    } else if super::health::is_probe(path) {
        "probe"
    } else {
        "page"
    }
}
