//! `/admin/links`: share links of all users. Admins see whose they are and how they are used, not what they show.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::share_link_lists::{self, LinkState};
use crate::domain::sharing::share_links;
use crate::error::Error;
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::AdminUser;
use crate::http::pages::components::{self as v, When};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect_back, render};
use crate::http::pages::sharing::link_form::{closed, usage};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{ShareLink, ShareLinkId, Subject, TimeZone, User, now};
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/links", || web::route().to(show_links)),
        Route::post("/admin/links/{link}/end", || web::route().to(submit_end)),
    ]
}

/// A link in the list.
struct AdminLinkRow {
    id: ShareLinkId,
    owner: String,
    kind: &'static str,
    /// `until 6 December · 12 visits`.
    state: String,
    created: When,
    has_password: bool,
    is_open: bool,
}

impl AdminLinkRow {
    fn from_link(link: &ShareLink, owner: &User, zone: &TimeZone) -> Self {
        let is_open = LinkState::of(link, now()).has_visits();
        Self {
            id: link.id,
            owner: name_of(owner),
            kind: match link.subject() {
                Some(Subject::Album(_)) => msg!("Album"),
                Some(Subject::Directory(_)) => msg!("Folder"),
                Some(Subject::Item(_)) => msg!("Item"),
                Some(Subject::Library(_)) | None => msg!("Deleted"),
            },
            state: if is_open { usage(link, zone) } else { closed(link, msg!("Ended")) },
            created: v::when(link.created_at, zone),
            has_password: link.password.is_some(),
            is_open,
        }
    }
}

#[derive(Template)]
#[template(path = "pages/admin/links.html")]
struct AdminLinksPage {
    layout: Layout,
    rows: Vec<AdminLinkRow>,
    next: Option<String>,
    is_first: bool,
}

#[derive(Deserialize)]
struct LinksQuery {
    #[serde(default)]
    before: String,
}

async fn show_links(AdminUser(current): AdminUser, query: web::Query<LinksQuery>) -> HandlerResult {
    let before = ShareLinkId::parse(&query.before);
    let (links, next) = run_blocking(&current.services, move |services| {
        share_link_lists::list_all(services, before)
    })
    .await?;
    let zone = current.time_zone();
    let row = |(link, owner): &(ShareLink, User)| AdminLinkRow::from_link(link, owner, &zone);
    render(&AdminLinksPage {
        layout: Layout::load(&current, "/admin/links").await?,
        rows: links.iter().map(row).collect(),
        next: next.map(|next| format!("/admin/links?before={next}")),
        is_first: before.is_none(),
    })
}

async fn submit_end(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = ShareLinkId::parse(&path).ok_or(Error::NotFound)?;
    let actor = current.actor();
    run_blocking(&current.services, move |services| share_links::end_any(services, &actor, id))
        .await?;
    redirect_back(&request, &current.cookie, msg!("Link ended"))
}
