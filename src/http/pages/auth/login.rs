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

/// Builds the login page. `next` is the page to open after the login, `problem` why an attempt failed.
fn page(
    maybe_user: &MaybeUser,
    username: &str,
    next: &str,
    problem: Option<String>,
) -> Result<LoginPage, Error> {
    Ok(LoginPage {
        assets: crate::http::static_files::base(),
        csrf: maybe_user.cookie.csrf()?,
        username: username.to_owned(),
        // An address of another site is dropped, so that a link to this page cannot redirect there.
        next: own_path(next).unwrap_or_default(),
        problem,
        message: maybe_user.cookie.take_flash().map(|flash| flash.text),
        may_register: maybe_user.services.settings.registration != Registration::Closed,
    })
}

async fn show_home(maybe_user: MaybeUser) -> HandlerResult {
    redirect(if maybe_user.auth_session.is_some() { "/dashboard" } else { "/login" })
}

async fn show_log_in(maybe_user: MaybeUser, query: web::Query<Query>) -> HandlerResult {
    if maybe_user.auth_session.is_some() {
        return redirect("/dashboard");
    }
    render(&page(&maybe_user, "", &query.next, None)?)
}

/// Logs a user in and redirects to the page they requested; a failed attempt shows the form or the state of the
/// account.
async fn submit_log_in(maybe_user: MaybeUser, Form(form): Form<LoginForm>) -> HandlerResult {
    let services = services_arc(&maybe_user.services);
    let form_with_error =
        |error: &Error| page(&maybe_user, &form.username, &form.next, Some(error.to_string()));

    match login::log_in(
        &services,
        &form.username,
        &form.password,
        SessionKind::Browser,
        maybe_user.client.clone(),
        &maybe_user.cookie.known_devices(),
    )
    .await
    {
        // If this browser still has a session, it ends, because its token in the cookie is replaced.
        Ok((user, token)) => {
            end_session(&maybe_user).await?;
            maybe_user.cookie.log_in(&token)?;
            maybe_user.cookie.remember_device(user.id)?;
            redirect(&own_path(&form.next).unwrap_or_else(|| "/dashboard".into()))
        }
        // The form keeps the username, not the password.
        Err(error @ Error::BadCredentials) => {
            render_with_status(StatusCode::UNAUTHORIZED, &form_with_error(&error)?)
        }
        // The password was correct, so the page may show the account's state.
        Err(Error::NotActive(_)) => {
            // The error does not contain the user, so it is read again for the page.
            let login = form.username.clone();
            let user =
                run_blocking(&maybe_user.services, move |services| login::find(services, &login))
                    .await?;
            let user = user.ok_or(Error::BadCredentials)?;
            render_with_status(
                StatusCode::FORBIDDEN,
                // `false`: no session was created, so the page does not offer to log out.
                &PendingPage::new(
                    maybe_user.cookie.csrf()?,
                    &user,
                    &maybe_user.services.time_zone(&user),
                    false,
                ),
            )
        }
        Err(error @ Error::TooManyRequests { retry_after }) => {
            let mut answer =
                render_with_status(StatusCode::TOO_MANY_REQUESTS, &form_with_error(&error)?)?;
            answer.headers_mut().insert(RETRY_AFTER, retry_after.into());
            Ok(answer)
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends the current session, if there is one.
async fn end_session(maybe_user: &MaybeUser) -> Result<(), Error> {
    let Some(auth_session) = maybe_user.auth_session.clone() else { return Ok(()) };
    let actor = Actor::from_user(&auth_session.user, &maybe_user.client);
    run_blocking(&maybe_user.services, move |services| {
        lifecycle::log_out(services, &actor, &auth_session)
    })
    .await
}

/// Ends the browser's session, removes its cookie and returns to the login page.
async fn submit_log_out(
    maybe_user: MaybeUser,
    Form(EmptyForm {}): Form<EmptyForm>,
) -> HandlerResult {
    end_session(&maybe_user).await?;
    maybe_user.cookie.log_out();
    let mut answer = redirect("/login")?;
    // The next user of this browser must not find thumbnails in its cache.
    answer
        .headers_mut()
        .insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""));
    Ok(answer)
}
