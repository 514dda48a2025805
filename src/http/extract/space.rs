//! Lets the user of a request into the space in its path: see [`crate::http::space_paths`].

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};

use crate::domain::sharing::space_members;
use crate::error::{Error, Result};
use crate::http::connections::Connection;
use crate::http::run_blocking::run_blocking;
use crate::http::space_paths::{
    EnteredLibrary, LibraryPath, RequestedLibrary, SpaceRoutes, parse_space,
};
use crate::model::{ItemId, UserKind};
use crate::state::Services;
use crate::state::session_cache::AuthSession;

/// The session in the space in the path; without one, the session itself.
///
/// # Errors
/// `NotFound` if the user is not a member of the space or if the route does not exist in spaces.
pub(super) async fn enter_space(
    request: &HttpRequest,
    services: &Data<Services>,
    auth_session: Arc<AuthSession>,
) -> Result<Arc<AuthSession>> {
    let routes = request.app_data::<Data<SpaceRoutes>>();
    let path = request.match_pattern().unwrap_or_default();
    let needs = routes.and_then(|routes| routes.level(request.method(), &path));

    // The space was removed from the path of a page of its library, and is in that of a page about itself.
    let removed = request.extensions().get::<RequestedLibrary>().copied();
    let named = request.match_info().get("space").filter(|_| needs.is_some());
    let library = match (removed, named) {
        (Some(RequestedLibrary(library)), _) => library,
        (None, Some(number)) => LibraryPath { owner: parse_space(number)?, kind: UserKind::Space },
        (None, None) => return Ok(auth_session),
    };
    // The page that says so is that of the person.
    if auth_session.user.status.block().is_some() {
        return Ok(auth_session);
    }
    let needs = needs.ok_or(Error::NotFound)?;
    // The trash and received files have levels of their own.
    let named = |name| request.match_info().get(name).and_then(ItemId::parse);
    let item = named("id").or_else(|| named("item"));
    let entered = run_blocking(services, move |services| {
        let LibraryPath { owner, kind } = library;
        space_members::enter(services, &auth_session, (owner, kind), needs, item)
    })
    .await?;
    request.extensions_mut().insert(EnteredLibrary(library));
    // A long response ends with the membership.
    if let Some(connection) = request.conn_data::<Arc<Connection>>() {
        connection.set_session(entered.key());
    }
    Ok(Arc::new(entered))
}

/// # Errors
/// `Forbidden` if the member of a space may not do what the request asks for.
pub(super) fn ensure_level(auth_session: &AuthSession) -> Result<()> {
    match &auth_session.membership {
        Some(membership) => space_members::ensure_level(membership),
        None => Ok(()),
    }
}
