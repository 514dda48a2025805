//! The language of the pages: chosen on the account page, or before login.

use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::domain::accounts::profile;
use crate::error::Error;
use crate::http::extract::form::Form;
use crate::http::extract::language::LANGUAGE_COOKIE;
use crate::http::extract::user::{CurrentUser, MaybeUser};
use crate::http::pages::respond::{redirect_back, redirect_back_with_errors};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::safe_redirect::back_path;
use crate::language::{Language, set_language};
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/account/language", || web::route().to(submit_language)),
        Route::post("/language", || web::route().to(submit_before_login)),
    ]
}

/// How long a browser keeps the choice.
const COOKIE_DAYS: i64 = 365;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LanguageForm {
    language: String,
}

/// Saves the language of a user.
async fn submit_language(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<LanguageForm>,
) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let code = form.language.clone();
    let saved = run_blocking(&current.services, move |services| {
        profile::set_language(services, &auth_session.authority(), &code)
    })
    .await;
    match saved {
        Ok(()) => {
            // The message is for the next page.
            if let Some(language) = Language::parse(&form.language) {
                set_language(language);
            }
            redirect_back(&request, &current.cookie, msg!("Language changed"))
        }
        Err(error) => redirect_back_with_errors(&request, &current.cookie, error, None),
    }
}

/// Remembers a language for the pages before login.
async fn submit_before_login(
    maybe_user: MaybeUser,
    request: HttpRequest,
    Form(form): Form<LanguageForm>,
) -> HandlerResult {
    let language = Language::parse(&form.language).ok_or_else(|| {
        Error::field("language", msg!("Choose one of the languages in the list."))
    })?;
    let settings = &maybe_user.services.settings;
    let path = match settings.base_path() {
        "" => "/",
        base => base,
    };
    let cookie = Cookie::build(LANGUAGE_COOKIE, language.code())
        .path(path.to_owned())
        .same_site(SameSite::Lax)
        .http_only(true)
        .secure(settings.is_https())
        .max_age(time::Duration::days(COOKIE_DAYS))
        .finish();
    let back = back_path(&request).unwrap_or_else(|| "/login".to_owned());
    let location = (actix_web::http::header::LOCATION, back);
    Ok(HttpResponse::SeeOther().insert_header(location).cookie(cookie).finish())
}
