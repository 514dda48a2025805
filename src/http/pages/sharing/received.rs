//! `/received`: files that visitors of share links have sent are accepted into the library. The list itself is a shelf.

use actix_web::{HttpRequest, web};

use crate::domain::sharing::received_files;
use crate::error::Result;
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::media_response::parse_id;
use crate::http::pages::components::count_of;
use crate::http::pages::library::item_actions::SelectedItems;
use crate::http::pages::respond::{redirect, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::safe_redirect::back_path;
use crate::model::{ItemId, Level};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/items/{id}/accept", || web::route().to(submit_accept_one))
            .in_space(Level::Manage),
        Route::post("/received/accept", || web::route().to(submit_accept)).in_space(Level::Manage),
        Route::post("/received/accept-all", || web::route().to(submit_accept_all))
            .in_space(Level::Manage),
    ]
}

async fn submit_accept_one(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse_id(&path)?;
    accept(&current, &request, vec![id]).await
}

async fn submit_accept(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<SelectedItems>,
) -> HandlerResult {
    let ids = form.ids()?;
    accept(&current, &request, ids).await
}

async fn accept(current: &CurrentUser, request: &HttpRequest, ids: Vec<ItemId>) -> HandlerResult {
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let count = run_blocking(&current.services, move |services| {
        received_files::accept(services, &auth_session.authority(), &actor, &ids)
    })
    .await?;
    say_accepted(current, count)?;
    // The page of an item stays its page; the list shows what is left.
    redirect(&back_path(request).unwrap_or_else(|| "/received".to_owned()))
}

async fn submit_accept_all(current: CurrentUser, _: Form<EmptyForm>) -> HandlerResult {
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let count = run_blocking(&current.services, move |services| {
        received_files::accept_all(services, &auth_session.authority(), &actor)
    })
    .await?;
    if count == 0 {
        set_flash(&current.cookie, msg!("There is nothing to accept."))?;
    } else {
        say_accepted(&current, count)?;
    }
    redirect("/received")
}

fn say_accepted(current: &CurrentUser, count: usize) -> Result<()> {
    let count = count_of(i64::try_from(count).unwrap_or(i64::MAX), "file");
    set_flash(&current.cookie, fill!("{count} accepted", count = count))
}
