//! Removes the space from the path of a request, and adds it to the addresses of the response: see
//! [`crate::http::space_paths`]. The extractors of users then check that the user is a member.

use actix_web::HttpMessage;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::http::uri::PathAndQuery;
use actix_web::web::Data;

use super::base_path::{map_page_addresses, replace_path};
use crate::http::response::html::HtmlPage;
use crate::http::space_paths::{EnteredLibrary, RequestedLibrary, SpaceRoutes};

/// Removes the space from the path and records it.
pub fn strip_space(request: &mut ServiceRequest) {
    let Some(routes) = request.app_data::<Data<SpaceRoutes>>().cloned() else { return };
    let path = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
    let Some((library, path)) = routes.split(path) else { return };
    if let Some(uri) = replace_path(request.uri(), &path) {
        // The router reads the path from `match_info`, not from the head.
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
        request.extensions_mut().insert(RequestedLibrary(library));
    }
}

/// Adds the space to addresses in a response. Returns whether it is one of a space.
pub fn add_space(mut response: ServiceResponse<BoxBody>) -> (ServiceResponse<BoxBody>, bool) {
    let entered = response.request().extensions().get::<EnteredLibrary>().copied();
    let routes = response.request().app_data::<Data<SpaceRoutes>>().cloned();
    let Some((EnteredLibrary(library), routes)) = entered.zip(routes) else {
        return (response, false);
    };

    let location = response.headers().get(LOCATION).and_then(|path| path.to_str().ok());
    let location = location.and_then(|path| routes.join(library, path));
    if let Some(location) = location.and_then(|path| HeaderValue::try_from(path).ok()) {
        response.headers_mut().insert(LOCATION, location);
    }
    let is_page = response.response().extensions().contains::<HtmlPage>();
    if is_page {
        response = map_page_addresses(response, |path| routes.join(library, path));
    }
    (response, true)
}
