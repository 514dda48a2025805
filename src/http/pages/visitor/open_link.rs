//! The first page of a link that has a password or a limited number of visits.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::visitor_layout::VisitorLayout;
use crate::domain::sharing::share_link_visits;
use crate::error::{Error, Result};
use crate::http::extract::form::Form;
use crate::http::extract::share_link::LinkAddress;
use crate::http::pages::components as v;
use crate::http::pages::respond::{redirect, render_with_status};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::services_arc;
use crate::http::safe_redirect::own_path;

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::post("/s/{token}/open", || web::route().to(submit_open))]
}

#[derive(Template)]
#[template(path = "pages/visitor/open_link.html")]
struct OpenLinkPage {
    assets: &'static str,
    layout: VisitorLayout,
    has_password: bool,
    /// Visits that can still begin.
    visits_left: Option<i64>,
    /// Where the visitor wanted to go.
    next: String,
    error: Option<String>,
}

/// Asks for the password, or to begin a visit. Nothing of the link is shown, not even its title.
pub(super) fn ask(address: &LinkAddress, next: &str, error: Option<String>) -> HandlerResult {
    let link = &address.open.link;
    let mut layout = VisitorLayout::new(address)?;
    layout.message = String::new();
    let page = OpenLinkPage {
        assets: layout.assets,
        layout,
        has_password: link.password.is_some(),
        visits_left: link.max_visits.map(|most| (most - link.visits).max(0)),
        next: path_below(&address.base(), next).unwrap_or_default(),
        error,
    };
    // Without the password, this address has no other page.
    render_with_status(StatusCode::UNAUTHORIZED, &page)
}

/// A path below the link, where its visitor wanted to go.
fn path_below(base: &str, next: &str) -> Option<String> {
    let path = own_path(next)?;
    let is_below = path.strip_prefix(base).is_some_and(|rest| rest.starts_with(['/', '?']));
    is_below.then_some(path)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenForm {
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

async fn submit_open(address: LinkAddress, Form(form): Form<OpenForm>) -> HandlerResult {
    let to = path_below(&address.base(), &form.next).unwrap_or_else(|| address.base());
    // The form may have been sent twice.
    if address.open.is_opened {
        return redirect(&to);
    }
    let services = services_arc(&address.services);
    let opened: Result<String> =
        share_link_visits::open(&services, &address.token, &form.password, &address.client).await;
    match opened {
        Ok(visit) => {
            let mut response = HttpResponse::SeeOther();
            response.insert_header((LOCATION, to)).cookie(address.visit_cookie(visit));
            Ok(response.finish())
        }
        Err(Error::Invalid(errors)) => {
            let error = errors.first().map(|error| error.message.clone());
            ask(&address, &form.next, error)
        }
        Err(error) => Err(error.into()),
    }
}
