//! Extractors for visitors of share links: addresses below `/s/{token}`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use crate::domain::sharing::share_link_visits::{self, OpenLink, VISIT_LIFETIME};
use crate::error::Error;
use crate::http::client_info::client_info;
use crate::http::connections::Connection;
use crate::http::error::HandlerError;
use crate::http::link_paths::PREFIX;
use crate::http::run_blocking::run_blocking;
use crate::http::session_cookie::SessionCookie;
use crate::model::TimeZone;
use crate::model::actor::{Client, network_of};
use crate::model::authority::{ShareInUse, ShareKey};
use crate::state::Services;
use crate::state::user_slots::{Slot, Visitor};

const VISIT_COOKIE: &str = "nexus_visit";

/// Anyone with the address of a link that has not ended, whether they have opened it or not. Long responses end with the
/// link.
pub struct LinkAddress {
    pub services: Data<Services>,
    pub cookie: SessionCookie,
    pub client: Client,
    pub token: String,
    pub open: OpenLink,
}

impl LinkAddress {
    /// `/s/{token}`, below which everything of the link is.
    #[must_use]
    pub fn base(&self) -> String {
        format!("{PREFIX}{}", self.token)
    }

    #[must_use]
    pub const fn key(&self) -> ShareKey {
        self.open.access.key
    }

    /// The time zone in which visitors see times.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        self.services.time_zone(&self.open.owner)
    }

    /// The right to download an archive.
    ///
    /// # Errors
    /// `TooManyRequests`, `Unavailable`.
    pub fn archive_slot(&self) -> Result<Slot<Visitor>, Error> {
        let network = network_of(self.client.address);
        self.services.visitor_archive_slots.acquire((self.open.link.id, network))
    }

    /// The cookie of a visit. It is sent only with requests of this link.
    #[must_use]
    pub fn visit_cookie(&self, value: String) -> Cookie<'static> {
        let settings = &self.services.settings;
        Cookie::build(VISIT_COOKIE, value)
            .path(format!("{}{}", settings.base_path(), self.base()))
            .max_age(Duration::seconds(VISIT_LIFETIME.whole_seconds()))
            .secure(settings.is_https())
            .http_only(true)
            .same_site(SameSite::Lax)
            .finish()
    }
}

impl FromRequest for LinkAddress {
    type Error = HandlerError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, HandlerError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { link_address(&request).await })
    }
}

async fn link_address(request: &HttpRequest) -> Result<LinkAddress, HandlerError> {
    let services = request.app_data::<Data<Services>>().cloned();
    let services = services.ok_or_else(|| Error::internal("no services"))?;
    let token = request.match_info().get("token").unwrap_or_default().to_owned();
    let visit = request.cookie(VISIT_COOKIE).map(|cookie| cookie.value().to_owned());
    let wanted = token.clone();
    let open = run_blocking(&services, move |services| {
        share_link_visits::find(services, &wanted, visit.as_deref())
    })
    .await?;
    if let Some(connection) = request.conn_data::<Arc<Connection>>() {
        connection.set_share(ShareInUse { key: open.access.key, item: None });
    }
    let client = client_info(request, &services.settings);
    let cookie = SessionCookie::from_request(request);
    Ok(LinkAddress { services, cookie, client, token, open })
}

/// A visitor who may see what the link shows. Others are sent to its first page if they want a page, and get 401 instead of
/// anything else.
pub struct LinkVisit(pub LinkAddress);

impl FromRequest for LinkVisit {
    type Error = HandlerError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, HandlerError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let address = link_address(&request).await?;
            if address.open.is_opened {
                return Ok(Self(address));
            }
            let is_page = request.method() == Method::GET && !request.path().contains("/media/");
            let path = request.uri().path_and_query().filter(|_| is_page);
            Err(match path {
                Some(path) => {
                    let next: String =
                        form_urlencoded::byte_serialize(path.as_str().as_bytes()).collect();
                    HandlerError::Redirect(format!("{}?next={next}", address.base()))
                }
                None => Error::LinkNotOpened.into(),
            })
        })
    }
}
