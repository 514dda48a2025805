//! `/healthz` and `/readyz`: whether the server is alive and able to work.

use actix_web::web::{self, Data};
use actix_web::{HttpResponse, http::StatusCode};
use serde_json::json;

use super::route::{HandlerResult, Route};
use crate::domain::ops::status;
use crate::http::run_blocking::run_blocking;
use crate::state::Services;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/healthz", || web::route().to(show_health)),
        Route::get("/readyz", || web::route().to(show_readiness)),
    ]
}

/// Whether a path is a probe of a monitoring system.
pub(super) fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
}

async fn show_health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// Responds with the result of each readiness check, and with 503 if one of them failed.
async fn show_readiness(services: Data<Services>) -> HandlerResult {
    let checks = run_blocking(&services, |services| {
        // Cached, because anyone can send this request without a login.
        Ok(services.readiness_cache.get_or_run(|| status::checks(services)))
    })
    .await?;

    let is_ready = checks.iter().all(|check| check.problem.is_none());
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let results: serde_json::Map<_, _> = checks
        .iter()
        .map(|check| {
            (
                check.name.to_owned(),
                // Not the full description: it may name paths, and this response needs no login.
                json!(check.problem.as_ref().map_or("ok", |problem| problem.in_short)),
            )
        })
        .collect();
    Ok(HttpResponse::build(status)
        .json(json!({ "status": if is_ready { "ready" } else { "not ready" }, "checks": results })))
}
