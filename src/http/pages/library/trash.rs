//! Empties the trash and restores all of it. Listing it is in `shelf`.

use actix_web::{HttpRequest, web};
use askama::Template;

use crate::domain::library::trash;
use crate::fill;
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, redirect_back, render, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{Level, Shelf};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/trash/empty", || web::route().to(show_empty)).in_space(Level::Manage),
        Route::post("/trash/empty", || web::route().to(submit_empty)).in_space(Level::Manage),
        Route::post("/trash/restore-all", || web::route().to(submit_restore_all))
            .in_space(Level::Edit),
    ]
}

#[derive(Template)]
#[template(path = "pages/library/trash_empty.html")]
struct EmptyTrashPage {
    layout: Layout,
    holds: String,
}

async fn show_empty(current: CurrentUser) -> HandlerResult {
    let layout = Layout::load(&current, "/trash").await?;
    let (items, bytes) = layout.summary.count(Shelf::Trash);
    render(&EmptyTrashPage {
        holds: format!("{}, {}", count_of(items, "item"), v::size(bytes).words),
        layout,
    })
}

/// Deletes everything in the user's trash permanently and redirects to the trash page with the number of deleted items.
async fn submit_empty(current: CurrentUser, _: Form<EmptyForm>) -> HandlerResult {
    // The form has no fields except the CSRF token, which is checked when it is read.
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let count = run_blocking(&current.services, move |services| {
        trash::empty(services, &actor, &auth_session.authority())
    })
    .await?;
    set_flash(
        &current.cookie,
        fill!(
            "The trash is empty. {count} permanently deleted.",
            count = count_of(i64::try_from(count).unwrap_or(0), "item")
        ),
    )?;
    redirect("/trash")
}

/// Restores everything in the user's trash and redirects back with the number of restored items.
async fn submit_restore_all(
    current: CurrentUser,
    request: HttpRequest,
    _: Form<EmptyForm>,
) -> HandlerResult {
    // The form has no fields except the CSRF token, which is checked when it is read.
    let auth_session = current.auth_session.clone();
    let count = run_blocking(&current.services, move |services| {
        trash::restore_all(services, &auth_session.authority())
    })
    .await?;
    redirect_back(
        &request,
        &current.cookie,
        fill!("{count} restored.", count = count_of(i64::try_from(count).unwrap_or(0), "item")),
    )
}
