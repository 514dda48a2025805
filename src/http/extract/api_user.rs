//! Extractors for API requests, authenticated by a Bearer token or the session cookie.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::authenticate::{Caller, TokenSource, authenticate};
use super::space::{ensure_level, enter_space};
use crate::error::{Error, Result};
use crate::http::error::HandlerError;
use crate::http::rate_limit;
use crate::http::space_paths::LibraryPath;
use crate::model::actor::Actor;
use crate::model::actor::Client;
use crate::model::{Scope, User};
use crate::state::Services;
use crate::state::rate_limiter::RateLimitKey;
use crate::state::session_cache::AuthSession;

/// An active user whose session has the scope for the request's method.
pub struct ApiUser {
    pub services: Data<Services>,
    pub auth_session: Arc<AuthSession>,
    client: Client,
}

impl ApiUser {
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.client.address
    }

    /// The user as an actor for the audit log.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.auth_session.actor(&self.client)
    }

    /// What the addresses of the API of the user's library begin with.
    #[must_use]
    pub fn api_path(&self) -> String {
        let base = self.services.settings.base_path();
        match self.auth_session.membership {
            Some(_) => format!("{base}{}", LibraryPath::of(self.user()).api()),
            None => format!("{base}/api"),
        }
    }

    #[must_use]
    pub fn user(&self) -> &User {
        &self.auth_session.user
    }
}

type ExtractorFuture<T> = Pin<Box<dyn Future<Output = Result<T, HandlerError>>>>;

impl FromRequest for ApiUser {
    type Error = HandlerError;
    type Future = ExtractorFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
            api_user(&request, Some(if is_reading { Scope::Read } else { Scope::Write })).await
        })
    }
}

/// An active user, whatever the scopes of the token; for log-out.
pub struct ApiUserAnyScope(pub ApiUser);

impl FromRequest for ApiUserAnyScope {
    type Error = HandlerError;
    type Future = ExtractorFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { api_user(&request, None).await.map(Self) })
    }
}

/// An admin. Others get 404.
pub struct ApiAdmin(pub ApiUser);

impl FromRequest for ApiAdmin {
    type Error = HandlerError;
    type Future = ExtractorFuture<Self>;

    /// Authenticates the request and requires an admin whose session has the admin scope.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            // `None`: the scope is checked after the access level, so that others than admins always get 404.
            let caller = api_user(&request, None).await?;
            if !caller.user().is_admin() {
                return Err(Error::NotFound.into());
            }
            require_scopes(&caller.auth_session, Scope::Admin)?;
            Ok(Self(caller))
        })
    }
}

/// Authenticates an API request and counts it in the rate limit of its account. The account must be active, and its
/// session must have `required_scope`, if there is one.
async fn api_user(
    request: &HttpRequest,
    required_scope: Option<Scope>,
) -> Result<ApiUser, HandlerError> {
    let Caller { services, client, auth_session } =
        authenticate(request, TokenSource::BearerOrCookie).await?;
    let own = auth_session.ok_or(Error::Unauthenticated)?;

    // Counted before the checks below, so that rejected requests count too.
    rate_limit::count(
        request,
        &services,
        rate_limit::api_bucket(request.path()),
        RateLimitKey::Account(own.user.id.0),
    )?;

    if let Some(block) = own.user.status.block() {
        return Err(Error::NotActive(block).into());
    }
    if let Some(scope) = required_scope {
        require_scopes(&own, scope)?;
    }
    let auth_session = enter_space(request, &services, own).await?;
    ensure_level(&auth_session)?;
    Ok(ApiUser { services, auth_session, client })
}

fn require_scopes(auth_session: &AuthSession, scope: Scope) -> Result<()> {
    const LACKS: Error = Error::Forbidden("This access token does not have the required scope.");
    if auth_session.session.may(scope) { Ok(()) } else { Err(LACKS) }
}
