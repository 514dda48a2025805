//! The list of all routes.

use actix_web::web::{Data, ServiceConfig};

use super::route::{self, Route};
use super::{api, health, metrics, pages, static_files};

/// All routes; tests build the access matrix from this list.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut routes = pages::routes();
    routes.extend(api::routes());
    routes.extend(static_files::routes());
    routes.extend(health::routes());
    routes.extend(metrics::routes());
    routes
}

/// Registers all routes.
pub fn configure(config: &mut ServiceConfig) {
    config.app_data(Data::new(api::ApiDocument(api::openapi::document().unwrap_or_default())));
    route::register(config, &routes());
}
