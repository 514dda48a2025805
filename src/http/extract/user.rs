//! Who is at the door: nobody, a person who may come in, an admin.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::domain::sessions::lifecycle;
use crate::error::Error;
use crate::http::client_info::client_info;
use crate::http::error::HandlerError;
use crate::http::run_blocking::run_blocking;
use crate::http::session_cookie::SessionCookie;
use crate::model::actor::Actor;
use crate::model::actor::Client;
use crate::model::{Theme, User};
use crate::state::Services;
use crate::state::session_cache::AuthSession;

type ExtractorFuture<T> = Pin<Box<dyn Future<Output = Result<T, HandlerError>>>>;

/// Whoever asks, signed in or not, active or not.
pub struct MaybeUser {
    pub services: Data<Services>,
    pub carrier: SessionCookie,
    pub client: Client,
    pub presence: Option<Arc<AuthSession>>,
}

impl FromRequest for MaybeUser {
    type Error = HandlerError;
    type Future = ExtractorFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { maybe_user(&request).await })
    }
}

/// The colors of whoever asks, where a handler has looked who that is.
pub(crate) fn theme_of(request: &HttpRequest) -> &'static str {
    request.extensions().get::<Theme>().copied().unwrap_or(Theme::System).as_str()
}

/// The person and session of a browser's cookie.
pub(crate) async fn cookie_session(request: &HttpRequest, services: &Data<Services>) -> Result<Option<Arc<AuthSession>>, Error> {
    let Some(token) = SessionCookie::from_request(request).token() else { return Ok(None) };
    if let Some(known) = services.session_cache.get_by_token(&token).filter(|known| services.users_file.has_entry_of(&known.user))
    {
        return Ok(Some(known));
    }
    match run_blocking(services, move |services| lifecycle::find(services, &token)).await {
        Ok(found) => Ok(Some(found)),
        Err(Error::Unauthenticated) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn maybe_user(request: &HttpRequest) -> Result<MaybeUser, HandlerError> {
    let services = request.app_data::<Data<Services>>().cloned().ok_or_else(|| Error::internal("no services"))?;
    let carrier = SessionCookie::from_request(request);
    let client = client_info(request, &services.settings);
    let presence = cookie_session(request, &services).await?;
    if let Some(presence) = &presence {
        request.extensions_mut().insert(presence.user.theme);
    }
    if let Some(presence) = &presence {
        lifecycle::touch(&services, presence, &client);
    }
    Ok(MaybeUser { services, carrier, client, presence })
}

/// A person whose account is active. Everyone else is sent to where they can go on.
pub struct CurrentUser {
    pub services: Data<Services>,
    pub carrier: SessionCookie,
    pub client: Client,
    pub presence: Arc<AuthSession>,
}

impl CurrentUser {
    /// Them, for the audit log.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::from_user(self.user(), &self.client)
    }

    #[must_use]
    pub fn user(&self) -> &User {
        &self.presence.user
    }
}

impl FromRequest for CurrentUser {
    type Error = HandlerError;
    type Future = ExtractorFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { current_user(&request).await })
    }
}

async fn current_user(request: &HttpRequest) -> Result<CurrentUser, HandlerError> {
    let MaybeUser { services, carrier, client, presence } = maybe_user(request).await?;
    let Some(presence) = presence else { return Err(HandlerError::Redirect(login_path(request))) };
    if presence.user.status.block().is_some() {
        return Err(HandlerError::Redirect("/pending".into()));
    }
    Ok(CurrentUser { services, carrier, client, presence })
}

/// Log-in, and from there to the page that was asked for.
fn login_path(request: &HttpRequest) -> String {
    let is_page = request.method() == Method::GET && request.path() != "/";
    match request.uri().path_and_query().map(actix_web::http::uri::PathAndQuery::as_str) {
        Some(path) if is_page && path != "/dashboard" => {
            let next: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
            format!("/login?next={next}")
        }
        _ => "/login".into(),
    }
}

/// An admin. For everyone else the page does not exist.
pub struct AdminUser(pub CurrentUser);

impl FromRequest for AdminUser {
    type Error = HandlerError;
    type Future = ExtractorFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let signed_in = current_user(&request).await?;
            if signed_in.user().is_admin() { Ok(Self(signed_in)) } else { Err(Error::NotFound.into()) }
        })
    }
}
