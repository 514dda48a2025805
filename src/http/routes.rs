//! Every route there is: tests build their matrix from this list.

use actix_web::web::{Data, ServiceConfig};

use super::route::{self, Route};
use super::{api, health, metrics, pages, static_files};

/// Every route there is.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut routes = pages::routes();
    routes.extend(api::routes());
    routes.extend(static_files::routes());
    routes.extend(health::routes());
    routes.extend(metrics::routes());
    routes
}

/// Registers every route.
pub fn configure(config: &mut ServiceConfig) {
    config.app_data(Data::new(api::ApiDocument(api::openapi::document().unwrap_or_default())));
    route::register(config, &routes());
}
