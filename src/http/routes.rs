//! The list of all routes.

use actix_web::web::{self, Data, ServiceConfig};

use crate::config::Settings;

use super::route::{self, Route};
use super::space_paths::SpaceRoutes;
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
pub fn configure(config: &mut ServiceConfig, settings: &Settings) {
    if let Some(folder) = settings.static_dir.as_ref().filter(|_| cfg!(debug_assertions)) {
        static_files::serve_from_disk(config, folder);
    }
    config.app_data(Data::new(api::ApiDocument(api::openapi::document().unwrap_or_default())));
    let routes = routes();
    config.app_data(Data::new(SpaceRoutes::new(&routes)));
    route::register(config, &routes);
    config.default_service(web::to(pages::not_found));
}
