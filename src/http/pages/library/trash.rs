//! Empties the trash and restores all of it. Listing it is in `shelf`.

use actix_web::{HttpRequest, web};
use askama::Template;

use crate::domain::library::trash;
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, redirect_back, render, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::Shelf;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/trash/empty", || web::route().to(show_empty)),
        Route::post("/trash/empty", || web::route().to(submit_empty)),
        Route::post("/trash/restore-all", || web::route().to(submit_restore_all)),
    ]
}

#[derive(Template)]
#[template(path = "pages/library/trash_empty.html")]
struct EmptyTrashPage {
    shell: Layout,
    holds: String,
}

async fn show_empty(at: CurrentUser) -> HandlerResult {
    let shell = Layout::load(&at, "/trash").await?;
    let (items, bytes) = shell.surroundings.count(Shelf::Trash);
    render(&EmptyTrashPage { holds: format!("{}, {}", count_of(items, "item"), v::size(bytes).words), shell })
}

async fn submit_empty(at: CurrentUser, _: Form<EmptyForm>) -> HandlerResult {
    let (presence, by) = (at.presence.clone(), at.actor());
    let count = run_blocking(&at.services, move |services| trash::empty(services, &by, &presence.user)).await?;
    set_flash(
        &at.carrier,
        format!("The trash is empty. {} deleted for good.", count_of(i64::try_from(count).unwrap_or(0), "item")),
    )?;
    redirect("/trash")
}

async fn submit_restore_all(at: CurrentUser, request: HttpRequest, _: Form<EmptyForm>) -> HandlerResult {
    let presence = at.presence.clone();
    let count = run_blocking(&at.services, move |services| trash::restore_all(services, &presence.user)).await?;
    redirect_back(&request, &at.carrier, format!("{} restored.", count_of(i64::try_from(count).unwrap_or(0), "item")))
}
