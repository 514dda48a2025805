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
use crate::http::run_blocking::run_blocking;
use crate::model::{Scope, Session};

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
    fn from_session(session: &Session) -> Self {
        let used = (session.last_seen > session.created_at).then(|| (v::when(session.last_seen), session.address.clone()));
        Self {
            id: session.id,
            name: session.name.clone(),
            scopes: session.scopes.replace(' ', ", "),
            made: v::when(session.created_at),
            used,
            ends: access_tokens::shown_expiry(session).map(v::when),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/account/access_tokens.html")]
struct AccessTokensPage {
    shell: Layout,
    rows: Vec<TokenRow>,
    name: String,
    name_problem: Option<String>,
    scopes_problem: Option<String>,
    /// Scope, description, and whether it is selected.
    scopes: Vec<(&'static str, &'static str, bool)>,
    /// Days, label, and whether it is selected.
    lifetimes: Vec<(u16, String, bool)>,
}

async fn render_tokens(at: &CurrentUser, form: &TokenRequest, errors: &[FieldError]) -> Result<AccessTokensPage, Error> {
    let id = at.user().id;
    let tokens = run_blocking(&at.services, move |services| access_tokens::list(services, id)).await?;
    let problem = |field: &str| errors.iter().find(|error| error.field == field).map(|error| error.message.clone());

    let scopes = [
        (Scope::Read, "Read: look at things and download them"),
        (Scope::Write, "Write: upload, change and delete"),
        (Scope::Admin, "Admin: run accounts"),
    ];
    let scopes = scopes.into_iter().filter(|(scope, _)| *scope != Scope::Admin || at.user().is_admin());
    let selected_days = form.days.parse().unwrap_or(90);

    Ok(AccessTokensPage {
        rows: tokens.iter().map(TokenRow::from_session).collect(),
        name: form.name.clone(),
        name_problem: problem("name"),
        scopes_problem: problem("scopes").or_else(|| problem("days")),
        scopes: scopes
            .map(|(scope, words)| (scope.as_str(), words, form.scopes.iter().any(|word| word == scope.as_str())))
            .collect(),
        lifetimes: LIFETIMES
            .map(|days| (days, if days == 0 { "Until I end it".into() } else { format!("{days} days") }, days == selected_days))
            .to_vec(),
        shell: Layout::load(at, "/account/tokens").await?,
    })
}

async fn show_tokens(at: CurrentUser) -> HandlerResult {
    let defaults = TokenRequest { scopes: vec!["read".into()], ..TokenRequest::default() };
    render(&render_tokens(&at, &defaults, &[]).await?)
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
}

async fn submit_token(at: CurrentUser, Form(form): Form<NewToken>) -> HandlerResult {
    let form = TokenRequest { name: form.name, scopes: form.scopes, days: form.days };
    let (presence, client, requested) = (at.presence.clone(), at.client.clone(), form.clone());
    match run_blocking(&at.services, move |services| access_tokens::create(services, &presence, &requested, &client)).await {
        Ok(token) => {
            let text = "Copy your new token now: it is not shown again.".into();
            at.carrier.set_flash(&Flash { text, code: Some(token), ..Flash::default() })?;
            redirect("/account/tokens")
        }
        Err(Error::Invalid(errors)) => {
            render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &render_tokens(&at, &form, &errors).await?)
        }
        Err(error) => Err(error.into()),
    }
}

async fn submit_end(at: CurrentUser, path: web::Path<String>, _: Form<EmptyForm>) -> HandlerResult {
    let id: i64 = path.parse().map_err(|_| Error::NotFound)?;
    let (presence, by) = (at.presence.clone(), at.actor());
    run_blocking(&at.services, move |services| lifecycle::end(services, &by, &presence.user, id)).await?;
    set_flash(&at.carrier, "That token no longer works.")?;
    redirect("/account/tokens")
}
