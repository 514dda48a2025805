//! The type of a route, and how routes are registered.

use std::collections::BTreeMap;

use actix_web::http::header::ALLOW;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, guard};

use super::error::HandlerError;
use crate::model::Level;

/// What a handler returns.
pub type HandlerResult = Result<HttpResponse, HandlerError>;

/// One route; tests build the access matrix from the list of routes.
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    /// What a member of a space needs to use it there; `None` if it exists only outside of spaces.
    pub space: Option<Level>,
    register: fn() -> actix_web::Route,
}

impl Route {
    const fn new(
        method: &'static str,
        path: &'static str,
        register: fn() -> actix_web::Route,
    ) -> Self {
        Self { method, path, space: None, register }
    }

    /// Makes the route exist in spaces too, for members with this level.
    pub(super) const fn in_space(mut self, level: Level) -> Self {
        self.space = Some(level);
        self
    }

    /// A page: GET and HEAD.
    pub(super) const fn get(path: &'static str, register: fn() -> actix_web::Route) -> Self {
        Self::new("GET", path, register)
    }

    /// A form, or an API call that creates or does something.
    pub(super) const fn post(path: &'static str, register: fn() -> actix_web::Route) -> Self {
        Self::new("POST", path, register)
    }

    /// An API call that changes something.
    pub(super) const fn patch(path: &'static str, register: fn() -> actix_web::Route) -> Self {
        Self::new("PATCH", path, register)
    }

    /// Headers without the body.
    pub(super) const fn head(path: &'static str, register: fn() -> actix_web::Route) -> Self {
        Self::new("HEAD", path, register)
    }

    /// The methods and features of a resource.
    pub(super) const fn options(path: &'static str, register: fn() -> actix_web::Route) -> Self {
        Self::new("OPTIONS", path, register)
    }

    /// An API call that deletes something.
    pub(super) const fn delete(path: &'static str, register: fn() -> actix_web::Route) -> Self {
        Self::new("DELETE", path, register)
    }
}

/// Registers routes; those with the same path become one resource. Each path with placeholders costs the router a
/// regular expression, so such paths are grouped under their literal prefix.
pub(super) fn register(config: &mut ServiceConfig, routes: &[Route]) {
    let mut paths: Vec<&'static str> = routes.iter().map(|route| route.path).collect();
    paths.sort_unstable();
    paths.dedup();

    // Literal paths before placeholders: `/items/trash` is not an item.
    paths.sort_by_key(|path| path.matches('{').count());

    let mut scopes: BTreeMap<&'static str, Vec<Resource>> = BTreeMap::new();
    for path in paths {
        let prefix = literal_prefix(path);
        let mut resource = web::resource(path.strip_prefix(prefix).unwrap_or(path));

        let mut allowed = Vec::new();

        // GET routes also accept HEAD.
        for route in routes.iter().filter(|route| route.path == path) {
            let handler = (route.register)();
            resource = resource.route(match route.method {
                "GET" => handler.guard(guard::Any(guard::Get()).or(guard::Head())),
                "PATCH" => handler.guard(guard::Patch()),
                "DELETE" => handler.guard(guard::Delete()),
                "HEAD" => handler.guard(guard::Head()),
                "OPTIONS" => handler.guard(guard::Options()),
                _ => handler.guard(guard::Post()),
            });
            allowed.push(if route.method == "GET" { "GET, HEAD" } else { route.method });
        }

        // A known path with another method is 405, not 404.
        let allowed = allowed.join(", ");
        let resource = resource
            .default_service(web::to(move || std::future::ready(method_not_allowed(&allowed))));

        if prefix.is_empty() {
            config.service(resource);
        } else {
            scopes.entry(prefix).or_default().push(resource);
        }
    }

    // In reverse order: `/api/media` before `/api`.
    for (prefix, resources) in scopes.into_iter().rev() {
        config.service(resources.into_iter().fold(web::scope(prefix), actix_web::Scope::service));
    }
}

/// The literal segments before the first placeholder, at most two; empty for a path without placeholders.
fn literal_prefix(path: &'static str) -> &'static str {
    let Some((words, _)) = path.split_once("/{") else { return "" };
    let second = words.match_indices('/').nth(2).map_or(words.len(), |(index, _)| index);
    path.get(..second).unwrap_or_default()
}

/// 405 with the methods that are allowed (RFC 9110, 15.5.6).
fn method_not_allowed(allowed: &str) -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((ALLOW, allowed)).finish()
}
