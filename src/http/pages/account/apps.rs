//! `/account/apps`: how to install the pages as an app, and how programs connect.

use actix_web::web;
use askama::Template;

use crate::http::extract::user::CurrentUser;
use crate::http::pages::components as v;
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::render;
use crate::http::route::{HandlerResult, Route};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/account/apps", || web::route().to(show_apps))]
}

#[derive(Template)]
#[template(path = "pages/account/apps.html")]
struct AppsPage {
    layout: Layout,
    is_installable: bool,
    /// Browsers install apps only from secure addresses.
    is_secure: bool,
}

async fn show_apps(current: CurrentUser) -> HandlerResult {
    let settings = &current.services.settings;
    let (is_installable, is_secure) = (settings.is_installable, settings.is_https());
    let layout = Layout::load(&current, "/account").await?;
    render(&AppsPage { layout, is_installable, is_secure })
}
