//! The outside: routes, pages, and everything between a request and the domain.

mod bytes;
mod carrier;
mod client;
mod edge;
mod error;
mod form;
mod gate;
mod health;
mod pages;
mod statics;
mod visitor;

use std::sync::Arc;

use actix_web::guard;
use actix_web::web::{self, Data, ServiceConfig};

pub use carrier::middleware as session_middleware;
pub use edge::edge;
pub use error::Failure;
pub use gate::gate;

use crate::db::blocking;
use crate::domain::Services;
use crate::error::Result;

/// What a handler answers with.
pub type Answer = Result<actix_web::HttpResponse, Failure>;

/// One route as the outside sees it: tests build their matrix from this list.
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    register: fn() -> actix_web::Route,
}

impl Route {
    /// A page: GET, and HEAD with it.
    const fn get(path: &'static str, register: fn() -> actix_web::Route) -> Self {
        Self { method: "GET", path, register }
    }

    /// A form.
    const fn post(path: &'static str, register: fn() -> actix_web::Route) -> Self {
        Self { method: "POST", path, register }
    }
}

/// Every route there is.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut routes = pages::routes();
    routes.extend(statics::routes());
    routes.extend(health::routes());
    routes
}

/// Registers every route; paths that share a resource are put together.
pub fn configure(config: &mut ServiceConfig) {
    let mut resources: Vec<(&'static str, actix_web::Resource)> = Vec::new();
    for route in routes() {
        let handler = (route.register)();
        let handler = match route.method {
            "GET" => handler.guard(guard::Any(guard::Get()).or(guard::Head())),
            _ => handler.guard(guard::Post()),
        };
        let known = resources.iter().position(|(path, _)| *path == route.path);
        let (path, resource) = match known {
            Some(index) => resources.remove(index),
            None => (route.path, web::resource(route.path)),
        };
        resources.push((path, resource.route(handler)));
    }
    // Words before placeholders: `/items/trash` is not an item.
    resources.sort_by_key(|(path, _)| path.matches('{').count());
    for (_, resource) in resources {
        config.service(resource);
    }
}

/// Runs domain work off the async threads.
pub(crate) async fn act<T: Send + 'static>(
    services: &Data<Services>,
    work: impl FnOnce(&Arc<Services>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let services = shared(services);
    blocking(move || work(&services)).await
}

/// The services as domain functions that wait take them.
pub(crate) fn shared(services: &Data<Services>) -> Arc<Services> {
    Arc::clone(services)
}
