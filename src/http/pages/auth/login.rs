//! `/login`, `/logout` and `/`.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::register::PendingPage;
use crate::config::Registration;
use crate::domain::auth::login;
use crate::domain::sessions::lifecycle;
use crate::error::Error;
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::MaybeUser;
use crate::http::pages::components as v;
use crate::http::pages::respond::{redirect, render, render_with_status};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::{run_blocking, services_arc};
use crate::http::safe_redirect::own_path;
use crate::model::SessionKind;
use crate::model::actor::Actor;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/", || web::route().to(show_home)),
        Route::get("/login", || web::route().to(show_log_in)),
        Route::post("/login", || web::route().to(submit_log_in)),
        Route::post("/logout", || web::route().to(submit_log_out)),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginForm {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "pages/auth/login.html")]
struct LoginPage {
    assets: &'static str,
    csrf: String,
    username: String,
    next: String,
    problem: Option<String>,
    message: Option<String>,
    may_register: bool,
}

fn page(visitor: &MaybeUser, username: &str, next: &str, problem: Option<String>) -> Result<LoginPage, Error> {
    Ok(LoginPage {
        assets: crate::http::static_files::base(),
        csrf: visitor.carrier.csrf()?,
        username: username.to_owned(),
        next: own_path(next).unwrap_or_default(),
        problem,
        message: visitor.carrier.take_flash().map(|flash| flash.text),
        may_register: visitor.services.settings.registration != Registration::Closed,
    })
}

async fn show_home(visitor: MaybeUser) -> HandlerResult {
    redirect(if visitor.presence.is_some() { "/dashboard" } else { "/login" })
}

async fn show_log_in(visitor: MaybeUser, query: web::Query<Query>) -> HandlerResult {
    if visitor.presence.is_some() {
        return redirect("/dashboard");
    }
    render(&page(&visitor, "", &query.next, None)?)
}

async fn submit_log_in(visitor: MaybeUser, Form(form): Form<LoginForm>) -> HandlerResult {
    let services = services_arc(&visitor.services);
    let again = |error: &Error| page(&visitor, &form.username, &form.next, Some(error.to_string()));
    match login::log_in(&services, &form.username, &form.password, SessionKind::Browser, visitor.client.clone()).await {
        Ok((_, token)) => {
            end_session(&visitor).await?;
            visitor.carrier.log_in(&token)?;
            redirect(&own_path(&form.next).unwrap_or_else(|| "/dashboard".into()))
        }
        Err(error @ Error::BadCredentials) => render_with_status(StatusCode::UNAUTHORIZED, &again(&error)?),
        Err(Error::NotActive(_)) => {
            let login = form.username.clone();
            let user = run_blocking(&visitor.services, move |services| login::find(services, &login)).await?;
            let user = user.ok_or(Error::BadCredentials)?;
            render_with_status(StatusCode::FORBIDDEN, &PendingPage::new(visitor.carrier.csrf()?, &user, false))
        }
        Err(error @ Error::TooManyRequests { retry_after }) => {
            let mut answer = render_with_status(StatusCode::TOO_MANY_REQUESTS, &again(&error)?)?;
            answer.headers_mut().insert(RETRY_AFTER, retry_after.into());
            Ok(answer)
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends the current session, if there is one.
async fn end_session(visitor: &MaybeUser) -> Result<(), Error> {
    let Some(presence) = visitor.presence.clone() else { return Ok(()) };
    let by = Actor::from_user(&presence.user, &visitor.client);
    run_blocking(&visitor.services, move |services| lifecycle::log_out(services, &by, &presence)).await
}

async fn submit_log_out(visitor: MaybeUser, Form(EmptyForm {}): Form<EmptyForm>) -> HandlerResult {
    end_session(&visitor).await?;
    visitor.carrier.log_out();
    let mut answer = redirect("/login")?;
    // Whoever uses this browser next must not find thumbnails in its cache.
    answer.headers_mut().insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""));
    Ok(answer)
}
