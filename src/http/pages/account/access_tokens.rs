//! `/account/tokens`: personal access tokens for scripts.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::domain::sessions::access_tokens::{self, LIFETIMES, TokenRequest};
use crate::domain::sessions::lifecycle;
use crate::error::{Error, FieldError};
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::flash::Flash;
use crate::http::pages::components::{self as v, When};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, render, render_with_status, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::{run_blocking, services_arc};
use crate::language::t;
use crate::model::{Scope, Session, TimeZone};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/account/tokens", || web::route().to(show_tokens)),
        Route::post("/account/tokens", || web::route().to(submit_token)),
        Route::post("/account/tokens/{id}/end", || web::route().to(submit_end)),
    ]
}

/// A token in the list.
struct TokenRow {
    id: i64,
    name: String,
    scopes: String,
    made: When,
    /// When and from where it was last used; `None` if never.
    used: Option<(When, String)>,
    ends: Option<When>,
}

impl TokenRow {
    /// Creates a row from a personal access token, which is stored as a session.
    fn from_session(session: &Session, zone: &TimeZone) -> Self {
        // Both times are equal until the token is used.
        let used = (session.last_seen > session.created_at)
            .then(|| (v::when(session.last_seen, zone), session.address.clone()));
        Self {
            id: session.id,
            name: session.name.clone(),
            scopes: session.scopes.replace(' ', ", "),
            made: v::when(session.created_at, zone),
            used,
            // `None` for a token that does not expire.
            ends: access_tokens::shown_expiry(session).map(|at| v::when(at, zone)),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/account/access_tokens.html")]
struct AccessTokensPage {
    layout: Layout,
    rows: Vec<TokenRow>,
    name: String,
    name_problem: Option<String>,
    scopes_problem: Option<String>,
    password_problem: Option<String>,
    /// Scope, description, and whether it is selected.
    scopes: Vec<(&'static str, &'static str, bool)>,
    /// Days, label, and whether it is selected.
    lifetimes: Vec<(u16, String, bool)>,
}

/// Builds the page with the user's access tokens and the form for a new one, filled in with `form` and its errors.
async fn render_tokens(
    current: &CurrentUser,
    form: &TokenRequest,
    errors: &[FieldError],
) -> Result<AccessTokensPage, Error> {
    let id = current.user().id;
    let tokens =
        run_blocking(&current.services, move |services| access_tokens::list(services, id)).await?;
    let problem = |field: &str| {
        errors.iter().find(|error| error.field == field).map(|error| error.message.clone())
    };

    let scopes = [
        (Scope::Read, msg!("Read: view and download files")),
        (Scope::Write, msg!("Write: upload, change and delete")),
        (Scope::Admin, msg!("Admin: manage accounts")),
    ];

    // Only admins can give the admin scope.
    let scopes =
        scopes.into_iter().filter(|(scope, _)| *scope != Scope::Admin || current.user().is_admin());
    // An empty form selects 90 days; 0 days mean a token that does not expire.
    let selected_days = form.days.parse().unwrap_or(90);

    let zone = current.time_zone();
    Ok(AccessTokensPage {
        rows: tokens.iter().map(|token| TokenRow::from_session(token, &zone)).collect(),
        name: form.name.clone(),
        name_problem: problem("name"),
        password_problem: problem("password"),
        // The page shows a wrong lifetime in the same place as wrong scopes.
        scopes_problem: problem("scopes").or_else(|| problem("days")),
        scopes: scopes
            .map(|(scope, words)| {
                (scope.as_str(), words, form.scopes.iter().any(|word| word == scope.as_str()))
            })
            .collect(),
        lifetimes: LIFETIMES
            .map(|days| {
                (
                    days,
                    if days == 0 { "Never".into() } else { fill!("{days} days", days = days) },
                    days == selected_days,
                )
            })
            .to_vec(),
        layout: Layout::load(current, "/account/tokens").await?,
    })
}

async fn show_tokens(current: CurrentUser) -> HandlerResult {
    let defaults = TokenRequest { scopes: vec!["read".into()], ..TokenRequest::default() };
    render(&render_tokens(&current, &defaults, &[]).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    #[serde(default)]
    name: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    days: String,
    #[serde(default)]
    password: String,
}

/// Creates an access token, which the next page shows once; a rejected form is shown again with status 422.
async fn submit_token(current: CurrentUser, Form(form): Form<NewToken>) -> HandlerResult {
    let NewToken { name, scopes, days, password } = form;
    let form = TokenRequest { name, scopes, days, password };
    let services = services_arc(&current.services);
    match access_tokens::create(&services, &current.auth_session, &form, &current.client).await {
        Ok(token) => {
            let text = t(msg!("Copy your new token now. It won't be shown again.")).into_owned();
            current.cookie.set_flash(&Flash { text, code: Some(token), ..Flash::default() })?;
            redirect("/account/tokens")
        }
        Err(Error::Invalid(errors)) => render_with_status(
            StatusCode::UNPROCESSABLE_ENTITY,
            &render_tokens(&current, &form, &errors).await?,
        ),
        Err(error) => Err(error.into()),
    }
}

/// Ends one of the user's access tokens, which are stored as sessions, and returns to their list with a message.
async fn submit_end(
    current: CurrentUser,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    // An id that is not a number cannot belong to any token.
    let id: i64 = path.parse().map_err(|_| Error::NotFound)?;
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    run_blocking(&current.services, move |services| {
        lifecycle::end(services, &actor, &auth_session.user, id)
    })
    .await?;
    set_flash(&current.cookie, msg!("Token revoked"))?;
    redirect("/account/tokens")
}
