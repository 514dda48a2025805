//! Every route there is: tests build their matrix from this list.

use actix_web::web::ServiceConfig;

use super::route::{self, Route};
use super::{health, pages, statics};

/// Every route there is.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut routes = pages::routes();
    routes.extend(statics::routes());
    routes.extend(health::routes());
    routes
}

/// Registers every route.
pub fn configure(config: &mut ServiceConfig) {
    route::register(config, routes());
}
