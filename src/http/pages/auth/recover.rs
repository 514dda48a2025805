//! `/recover`: sets a new password with a one-time code from an admin.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::domain::auth::account_recovery;
use crate::error::{Error, FieldError};
use crate::http::extract::form::Form;
use crate::http::extract::user::MaybeUser;
use crate::http::pages::components as v;
use crate::http::pages::components::field::{Field, with_errors};
use crate::http::pages::respond::{redirect, render, render_with_status, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::services_arc;
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/recover", || web::route().to(show_recover)),
        Route::post("/recover", || web::route().to(submit_recover)),
    ]
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RecoverForm {
    #[serde(default)]
    username: String,
    #[serde(default)]
    access_code: String,
    #[serde(default)]
    password: String,
}

#[derive(Template)]
#[template(path = "pages/auth/recover.html")]
struct RecoverPage {
    assets: &'static str,
    csrf: String,
    fields: Vec<Field>,
    has_errors: bool,
}

/// Builds the page on which a user sets a new password with a one-time code, filled in with `form` and its errors.
fn page(
    maybe_user: &MaybeUser,
    form: &RecoverForm,
    errors: &[FieldError],
) -> Result<RecoverPage, Error> {
    let fields = vec![
        Field::new("username", msg!("Username or email"), "text")
            .value(&form.username)
            .autocomplete("username")
            .focused(),
        Field::new("access_code", msg!("One-time code"), "text")
            .value(&form.access_code)
            .autocomplete("one-time-code")
            .hint(msg!("Your admin gives it to you. It works once, within two days.")),
        Field::new("password", msg!("New password"), "password")
            .autocomplete("new-password")
            .hint(msg!("At least 8 characters. A few random words work well.")),
    ];

    Ok(RecoverPage {
        assets: crate::http::static_files::base(),
        csrf: maybe_user.cookie.csrf()?,
        fields: with_errors(fields, errors),
        has_errors: !errors.is_empty(),
    })
}

async fn show_recover(maybe_user: MaybeUser) -> HandlerResult {
    render(&page(&maybe_user, &RecoverForm::default(), &[])?)
}

/// Sets a new password with a one-time code from an admin; a rejected form is shown again with status 422.
async fn submit_recover(maybe_user: MaybeUser, Form(form): Form<RecoverForm>) -> HandlerResult {
    let services = services_arc(&maybe_user.services);

    match account_recovery::recover(
        &services,
        &form.username,
        &form.access_code,
        &form.password,
        &maybe_user.client,
    )
    .await
    {
        Ok(()) => {
            // Removes the token of a session that this browser may have had: all sessions of the user have ended.
            maybe_user.cookie.clear();
            set_flash(
                &maybe_user.cookie,
                msg!("Password changed. Log in with your new password."),
            )?;
            redirect("/login")
        }
        Err(Error::Invalid(errors)) => render_with_status(
            StatusCode::UNPROCESSABLE_ENTITY,
            &page(&maybe_user, &form, &errors)?,
        ),
        Err(error) => Err(error.into()),
    }
}
