//! What every page of a share link contains.

use actix_web::HttpRequest;
use actix_web::http::{Method, StatusCode};
use askama::Template;

use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::share_link_visits::{self, VISIT_LIFETIME};
use crate::error::{Error, Result};
use crate::http::extract::share_link::LinkAddress;
use crate::http::pages::components::end_date::end_date;
use crate::http::pages::respond::render_with_status;
use crate::http::route::HandlerResult;
use crate::http::run_blocking::run_blocking;
use crate::http::static_files;
use crate::model::{Gives, now};

/// The data of the layout.
pub struct VisitorLayout {
    pub assets: &'static str,
    pub csrf: String,
    /// `/s/{token}`.
    pub base: String,
    pub owner: String,
    pub message: String,
    pub ends: Option<String>,
    /// Where visitors send files to; none if they cannot.
    pub uploads: Option<String>,
    /// Whether the files themselves can be downloaded.
    pub may_save: bool,
    /// The picture that messengers show beside the link, with its whole address. Only a link that needs neither a password
    /// nor a limited visit has one.
    pub card: Option<String>,
}

impl VisitorLayout {
    /// Visitors change nothing.
    #[expect(clippy::unused_self, reason = "templates call it as that of other layouts")]
    pub const fn may_edit(&self) -> bool {
        false
    }

    pub fn new(address: &LinkAddress) -> Result<Self> {
        let link = &address.open.link;
        let zone = address.time_zone();
        Ok(Self {
            assets: static_files::base(),
            csrf: address.cookie.csrf()?,
            base: address.base(),
            owner: name_of(&address.open.owner),
            message: link.message.clone(),
            ends: link.ends_at.map(|at| end_date(at, &zone)),
            uploads: (address.open.is_opened && link.takes_files())
                .then(|| format!("{}/uploads", address.base())),
            may_save: link.gives == Gives::Originals,
            card: None,
        })
    }
}

impl LinkAddress {
    /// Renders a page of a link. The first one that a browser gets of a link that is not opened by a form is a visit.
    pub async fn render(&self, request: &HttpRequest, page: &impl Template) -> HandlerResult {
        let mut response = render_with_status(StatusCode::OK, page)?;
        let link = self.open.link.clone();
        let is_counted = link.is_opened_by_form() || self.open.is_returning;
        if request.method() == Method::GET && !is_counted {
            let visit = run_blocking(&self.services, move |services| {
                share_link_visits::count_visit(services, &link)?;
                Ok(services.link_tokens.visit(&link, now() + VISIT_LIFETIME))
            });
            let cookie = self.visit_cookie(visit.await?);
            response.add_cookie(&cookie).map_err(Error::internal)?;
        }
        Ok(response)
    }
}
