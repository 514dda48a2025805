//! `/admin/spaces`: all spaces. Admins see who manages them and how much they store, not what.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::user::{format_gigabytes, parse_gigabytes};
use crate::domain::accounts::spaces::{self, ListedSpace};
use crate::error::Error;
use crate::http::extract::form::Form;
use crate::http::extract::user::AdminUser;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect_back, redirect_back_with_errors, render};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::space_paths::parse_space;
use crate::model::UserId;
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/spaces", || web::route().to(show_spaces)),
        Route::post("/admin/spaces/{id}/quota", || web::route().to(submit_quota)),
        Route::post("/admin/spaces/{id}/manager", || web::route().to(submit_manager)),
    ]
}

/// A space in the list.
struct SpaceRow {
    id: UserId,
    name: String,
    people: String,
    managers: String,
    size: String,
    quota_gb: String,
}

impl SpaceRow {
    fn from_listed(listed: ListedSpace) -> Self {
        Self {
            id: listed.space.id,
            people: count_of(i64::try_from(listed.people).unwrap_or(i64::MAX), "member"),
            managers: listed.managers.join(", "),
            size: v::size(listed.space.used_bytes).words,
            quota_gb: format_gigabytes(listed.space.quota_bytes),
            name: listed.space.firstname,
        }
    }
}

#[derive(Template)]
#[template(path = "pages/admin/spaces.html")]
struct SpacesPage {
    layout: Layout,
    rows: Vec<SpaceRow>,
    next: Option<String>,
    is_first: bool,
}

#[derive(Deserialize)]
struct SpacesQuery {
    #[serde(default)]
    after: String,
}

async fn show_spaces(
    AdminUser(current): AdminUser,
    query: web::Query<SpacesQuery>,
) -> HandlerResult {
    let after = parse_space(&query.after).unwrap_or(UserId(0));
    let (listed, next) =
        run_blocking(&current.services, move |services| spaces::list_all(services, after)).await?;
    render(&SpacesPage {
        layout: Layout::load(&current, "/admin/spaces").await?,
        rows: listed.into_iter().map(SpaceRow::from_listed).collect(),
        next: next.map(|next| format!("/admin/spaces?after={next}")),
        is_first: after.0 == 0,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuotaForm {
    /// Gigabytes.
    quota: String,
}

async fn submit_quota(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<QuotaForm>,
) -> HandlerResult {
    let id = parse_space(&path)?;
    let Some(bytes) = parse_gigabytes(&form.quota) else {
        let error =
            Error::field("quota", msg!("A number of gigabytes such as 50 or 0.5; 0 for no limit."));
        return redirect_back_with_errors(&request, &current.cookie, error, None);
    };
    let actor = current.actor();
    run_blocking(&current.services, move |services| spaces::set_quota(services, &actor, id, bytes))
        .await?;
    redirect_back(&request, &current.cookie, msg!("Storage limit set"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManagerForm {
    /// A username.
    person: String,
}

async fn submit_manager(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<ManagerForm>,
) -> HandlerResult {
    let id = parse_space(&path)?;
    let actor = current.actor();
    let appointed = run_blocking(&current.services, move |services| {
        spaces::appoint_manager(services, &actor, id, &form.person)
    });
    match appointed.await {
        Ok(_) => redirect_back(&request, &current.cookie, msg!("They manage it now")),
        Err(error) => redirect_back_with_errors(&request, &current.cookie, error, None),
    }
}
