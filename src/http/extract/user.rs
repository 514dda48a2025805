//! Extractors for browser requests: `MaybeUser`, `CurrentUser`, `AdminUser`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::authenticate::{Caller, TokenSource, authenticate};
use super::space::{ensure_level, enter_space};
use crate::error::Error;
use crate::http::error::HandlerError;
use crate::http::session_cookie::SessionCookie;
use crate::http::space_paths::RequestedLibrary;
use crate::model::actor::Actor;
use crate::model::actor::Client;
use crate::model::{Theme, TimeZone, User};
use crate::state::Services;
use crate::state::session_cache::AuthSession;
use crate::state::user_slots::UserSlot;

type ExtractorFuture<T> = Pin<Box<dyn Future<Output = Result<T, HandlerError>>>>;

/// Any client, logged in or not, with an active account or not.
pub struct MaybeUser {
    pub services: Data<Services>,
    pub cookie: SessionCookie,
    pub client: Client,
    pub auth_session: Option<Arc<AuthSession>>,
}

impl FromRequest for MaybeUser {
    type Error = HandlerError;
    type Future = ExtractorFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { maybe_user(&request).await })
    }
}

/// For whom a request was handled, as an extractor has determined it.
struct HandledFor(Client, Arc<AuthSession>);

/// The theme of the user, if an extractor has determined who it is.
pub(in crate::http) fn theme_of(request: &HttpRequest) -> &'static str {
    let extensions = request.extensions();
    let handled = extensions.get::<HandledFor>();
    handled.map_or(Theme::System, |HandledFor(_, auth_session)| auth_session.user.theme).as_str()
}

async fn maybe_user(request: &HttpRequest) -> Result<MaybeUser, HandlerError> {
    let Caller { services, client, auth_session } =
        authenticate(request, TokenSource::Cookie).await?;
    let handle_for = |auth_session: &Arc<AuthSession>| {
        let handled = HandledFor(client.clone(), auth_session.clone());
        request.extensions_mut().insert(handled);
    };
    // Also for the page of the error, if the user may not enter the space.
    let auth_session = match auth_session {
        Some(own) => {
            handle_for(&own);
            let entered = enter_space(request, &services, own).await?;
            handle_for(&entered);
            ensure_level(&entered)?;
            Some(entered)
        }
        None => None,
    };
    let cookie = SessionCookie::from_request(request);
    Ok(MaybeUser { services, cookie, client, auth_session })
}

/// A user with an active account. Others are redirected to the login page or the page that explains why.
pub struct CurrentUser {
    pub services: Data<Services>,
    pub cookie: SessionCookie,
    pub client: Client,
    pub auth_session: Arc<AuthSession>,
}

impl CurrentUser {
    /// The user as an actor for the audit log.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.auth_session.actor(&self.client)
    }

    /// The time zone in which the user sees times.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        self.services.time_zone(self.user())
    }

    #[must_use]
    pub fn user(&self) -> &User {
        &self.auth_session.user
    }

    /// The right to download an archive.
    ///
    /// # Errors
    /// `TooManyRequests`, `Unavailable`.
    pub fn archive_slot(&self) -> Result<UserSlot, Error> {
        self.services.archive_slots.acquire(self.auth_session.person().id)
    }

    /// The user for whom a request was handled, for the page that shows its error.
    pub(in crate::http) fn of_handled(request: &HttpRequest) -> Option<Self> {
        let services = request.app_data::<Data<Services>>().cloned()?;
        let extensions = request.extensions();
        let HandledFor(client, auth_session) = extensions.get::<HandledFor>()?;
        let (client, auth_session) = (client.clone(), auth_session.clone());
        drop(extensions);
        if auth_session.user.status.block().is_some() {
            return None;
        }
        let cookie = SessionCookie::from_request(request);
        Some(Self { services, cookie, client, auth_session })
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
    let MaybeUser { services, cookie, client, auth_session } = maybe_user(request).await?;
    let Some(auth_session) = auth_session else {
        return Err(HandlerError::Redirect(login_path(request)));
    };
    if auth_session.user.status.block().is_some() {
        return Err(HandlerError::Redirect("/pending".into()));
    }
    Ok(CurrentUser { services, cookie, client, auth_session })
}

/// The login page, which then leads to the requested page.
fn login_path(request: &HttpRequest) -> String {
    let is_page = request.method() == Method::GET && request.path() != "/";
    let library = request.extensions().get::<RequestedLibrary>().map(|it| it.0.pages());
    let path = request.uri().path_and_query().map(actix_web::http::uri::PathAndQuery::as_str);
    match path.map(|path| format!("{}{path}", library.unwrap_or_default())) {
        Some(path) if is_page && path != "/dashboard" => {
            let next: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
            format!("/login?next={next}")
        }
        _ => "/login".into(),
    }
}

/// An admin. Others get 404.
pub struct AdminUser(pub CurrentUser);

impl FromRequest for AdminUser {
    type Error = HandlerError;
    type Future = ExtractorFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let current = current_user(&request).await?;
            if current.user().is_admin() { Ok(Self(current)) } else { Err(Error::NotFound.into()) }
        })
    }
}
