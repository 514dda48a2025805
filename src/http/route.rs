//! What a route is, and what its handler answers with.

use std::sync::Arc;

use actix_web::guard;
use actix_web::web::{self, Data, ServiceConfig};

use super::error::Failure;
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
    pub(super) const fn get(path: &'static str, register: fn() -> actix_web::Route) -> Self {
        Self { method: "GET", path, register }
    }

    /// A form.
    pub(super) const fn post(path: &'static str, register: fn() -> actix_web::Route) -> Self {
        Self { method: "POST", path, register }
    }
}

/// Registers routes; those that share a path become one resource.
pub(super) fn register(config: &mut ServiceConfig, routes: Vec<Route>) {
    let mut resources: Vec<(&'static str, actix_web::Resource)> = Vec::new();
    for route in routes {
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
