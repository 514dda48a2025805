//! `/account/sessions`: the user's sessions.

use actix_web::web;
use askama::Template;

use crate::domain::sessions::lifecycle;
use crate::error::Error;
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::{self as v, When};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, render, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{Session, SessionKind, TimeZone};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/account/sessions", || web::route().to(show_sessions)),
        Route::post("/account/sessions/{id}/end", || web::route().to(submit_end)),
        Route::post("/account/sessions/end-others", || web::route().to(submit_end_others)),
    ]
}

/// A session in the list.
pub(crate) struct SessionRow {
    pub id: i64,
    pub device: String,
    pub address: String,
    pub seen: When,
    pub began: When,
    pub is_this: bool,
    pub is_api: bool,
}

impl SessionRow {
    /// Creates a row; `current_session_id` is the session of the request, which the page marks.
    pub fn from_session(session: Session, current_session_id: i64, zone: &TimeZone) -> Self {
        Self {
            is_this: session.id == current_session_id,
            is_api: session.kind == SessionKind::Api,
            id: session.id,
            // That of a token is the name that the user has given it.
            device: match session.kind {
                SessionKind::Api | SessionKind::Token => session.device,
                SessionKind::Browser => v::device_label(&session.device),
            },
            address: session.address,
            seen: v::when(session.last_seen, zone),
            began: v::when(session.created_at, zone),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/account/sessions.html")]
struct SessionsPage {
    layout: Layout,
    rows: Vec<SessionRow>,
}

/// Shows the user's sessions, and marks the one of this browser.
async fn show_sessions(current: CurrentUser) -> HandlerResult {
    let id = current.user().id;
    let list =
        run_blocking(&current.services, move |services| lifecycle::list(services, id)).await?;
    let current_session_id = current.auth_session.session.id;
    let zone = current.time_zone();
    let layout = Layout::load(&current, "/account/sessions").await?;
    render(&SessionsPage {
        rows: list
            .into_iter()
            .map(|session| SessionRow::from_session(session, current_session_id, &zone))
            .collect(),
        layout,
    })
}

/// Ends one of the user's sessions; if it is the current one, the browser is logged out.
async fn submit_end(
    current: CurrentUser,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    // An id that is not a number cannot belong to any session.
    let id: i64 = path.parse().map_err(|_| Error::NotFound)?;
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    run_blocking(&current.services, move |services| {
        lifecycle::end(services, &actor, &auth_session.user, id)
    })
    .await?;
    if id == current.auth_session.session.id {
        current.cookie.log_out();
        return redirect("/login");
    }
    set_flash(&current.cookie, msg!("Device logged out"))?;
    redirect("/account/sessions")
}

/// Ends all sessions of the user except the current one; access tokens stay valid.
async fn submit_end_others(current: CurrentUser, _: Form<EmptyForm>) -> HandlerResult {
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let ended = run_blocking(&current.services, move |services| {
        lifecycle::end_others(services, &actor, &auth_session)
    })
    .await?;
    set_flash(
        &current.cookie,
        fill!(
            "{count} logged out.",
            count = v::count_of(i64::try_from(ended).unwrap_or(0), "other device")
        ),
    )?;
    redirect("/account/sessions")
}
