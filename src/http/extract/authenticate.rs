//! Finds the session of a request, for the extractors of pages and of the API.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::{Method, header};
use actix_web::web::Data;

use super::language::requested_language;
use crate::domain::auth::api_tokens::BearerToken;
use crate::domain::sessions::lifecycle;
use crate::error::Error;
use crate::http::client_info::client_info;
use crate::http::connections::Connection;
use crate::http::csrf::{csrf_error, has_valid_csrf_header};
use crate::http::error::HandlerError;
use crate::http::run_blocking::run_blocking;
use crate::http::session_cookie::SessionCookie;
use crate::language::{Language, set_language};
use crate::model::actor::Client;
use crate::state::Services;
use crate::state::session_cache::AuthSession;

/// Where a request's token may come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenSource {
    Cookie,
    /// The `Authorization` header if there is one, otherwise the cookie. With the cookie, a change needs the CSRF token in
    /// a header.
    BearerOrCookie,
}

/// The client of a request and, if it is logged in, its session.
pub(super) struct Caller {
    pub services: Data<Services>,
    pub client: Client,
    pub auth_session: Option<Arc<AuthSession>>,
}

/// Finds the session of a request, by its Bearer token or its cookie, and records that it was used. A request without a
/// cookie session is returned without one, so that the caller decides whether it must be logged in.
///
/// # Errors
/// `Unauthenticated` for a Bearer token that is not valid, `Forbidden` for a missing CSRF token.
pub(super) async fn authenticate(
    request: &HttpRequest,
    source: TokenSource,
) -> Result<Caller, HandlerError> {
    let services = request
        .app_data::<Data<Services>>()
        .cloned()
        .ok_or_else(|| Error::internal("no services"))?;
    let client = client_info(request, &services.settings);

    let bearer = request.headers().get(header::AUTHORIZATION);
    // Pages ignore the `Authorization` header.
    let auth_session = match bearer.filter(|_| source == TokenSource::BearerOrCookie) {
        Some(value) => Some(bearer_session(&services, value).await?),
        None => cookie_session(request, &services).await?,
    };

    // Other sites cannot set the header of a token, but they can make a browser send its cookie.
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let needs_csrf_token = source == TokenSource::BearerOrCookie && bearer.is_none() && !is_reading;
    if auth_session.is_some() && needs_csrf_token && !has_valid_csrf_header(request) {
        return Err(csrf_error().into());
    }

    // Programs with a token get English; scripts of pages get what the pages have.
    if bearer.is_none() || source == TokenSource::Cookie {
        let user = auth_session.as_ref().map(|auth_session| &auth_session.user);
        let chosen = user.and_then(|user| user.language.as_deref()).and_then(Language::parse);
        if user.is_some() {
            set_language(chosen.unwrap_or_else(|| requested_language(request)));
        }
    }

    if let Some(auth_session) = &auth_session {
        lifecycle::touch(&services, auth_session, &client);
        // A long response ends with its session.
        if let Some(connection) = request.conn_data::<Arc<Connection>>() {
            connection.set_session(auth_session.key());
        }
    }
    Ok(Caller { services, client, auth_session })
}

/// The session of the request's cookie, if there is a valid one.
async fn cookie_session(
    request: &HttpRequest,
    services: &Data<Services>,
) -> Result<Option<Arc<AuthSession>>, Error> {
    let Some(token) = SessionCookie::from_request(request).token() else { return Ok(None) };
    // A cached session of a user from the users file is only valid while their entry is unchanged.
    if let Some(cached) = services
        .session_cache
        .get_by_token(&token)
        .filter(|cached| services.users_file.may_stay_logged_in(&cached.user))
    {
        return Ok(Some(cached));
    }
    match run_blocking(services, move |services| lifecycle::find(services, &token)).await {
        Ok(auth_session) => Ok(Some(auth_session)),
        Err(Error::Unauthenticated) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Finds the session of the Bearer token in an `Authorization` header, in the cache or in the database.
async fn bearer_session(
    services: &Data<Services>,
    value: &header::HeaderValue,
) -> Result<Arc<AuthSession>, Error> {
    let token = value.to_str().ok().and_then(bearer_token).ok_or(Error::Unauthenticated)?;
    let bearer = BearerToken::parse(services, token)?;

    // Most requests find their session in the cache.
    match bearer.find_cached(services) {
        Some(auth_session) => Ok(auth_session),
        None => run_blocking(services, move |services| bearer.find(services)).await,
    }
}

/// Extracts the token (RFC 6750, 2.1). The scheme is case-insensitive (RFC 9110, 11.1). actix-web has no type for this
/// header.
fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
