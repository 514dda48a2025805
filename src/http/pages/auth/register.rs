//! `/register` and `/pending`: requests an account and shows the state of the request.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::config::Registration;
use crate::domain::accounts::create::NewAccount;
use crate::domain::accounts::register;
use crate::error::{Error, FieldError};
use crate::http::extract::form::Form;
use crate::http::extract::user::MaybeUser;
use crate::http::pages::components::field::{Field, with_errors};
use crate::http::pages::components::{self as v, When};
use crate::http::pages::respond::{redirect, render, render_with_status};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::services_arc;
use crate::model::{Status, TimeZone, User};
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/register", || web::route().to(show_register)),
        Route::post("/register", || web::route().to(submit_register)),
        Route::get("/pending", || web::route().to(show_pending)),
    ]
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RegisterForm {
    #[serde(default)]
    firstname: String,
    #[serde(default)]
    lastname: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    contact_number: String,
    #[serde(default)]
    address: String,
}

#[derive(Template)]
#[template(path = "pages/auth/register.html")]
struct RegisterPage {
    assets: &'static str,
    csrf: String,
    fields: Vec<Field>,
    has_errors: bool,
    is_closed: bool,
    is_open: bool,
}

/// Builds the registration page, filled in with `form` and its errors.
fn page(
    maybe_user: &MaybeUser,
    form: &RegisterForm,
    errors: &[FieldError],
) -> Result<RegisterPage, Error> {
    let fields = vec![
        Field::new("firstname", msg!("First name"), "text")
            .value(&form.firstname)
            .autocomplete("given-name")
            .focused(),
        Field::new("lastname", msg!("Last name"), "text")
            .value(&form.lastname)
            .autocomplete("family-name"),
        Field::new("username", msg!("Username"), "text")
            .value(&form.username)
            .autocomplete("username")
            .hint(msg!("Letters a to z, digits, dot, hyphen, underscore.")),
        Field::new("email", msg!("Email"), "email").value(&form.email).autocomplete("email"),
        Field::new("password", msg!("Password"), "password")
            .autocomplete("new-password")
            .hint(msg!("At least 8 characters. A few random words work well.")),
        Field::new("contact_number", msg!("Contact number"), "tel")
            .value(&form.contact_number)
            .autocomplete("tel")
            .optional(),
        Field::new("address", msg!("Address"), "text")
            .value(&form.address)
            .autocomplete("street-address")
            .optional(),
    ];

    // The page explains what happens next.
    let registration = maybe_user.services.settings.registration;

    Ok(RegisterPage {
        assets: crate::http::static_files::base(),
        csrf: maybe_user.cookie.csrf()?,
        fields: with_errors(fields, errors),
        has_errors: !errors.is_empty(),
        is_closed: registration == Registration::Closed,
        is_open: registration == Registration::Open,
    })
}

async fn show_register(maybe_user: MaybeUser) -> HandlerResult {
    if maybe_user.auth_session.is_some() {
        return redirect("/pending");
    }
    render(&page(&maybe_user, &RegisterForm::default(), &[])?)
}

/// Creates an account and shows its state; a rejected form is shown again with status 422.
async fn submit_register(maybe_user: MaybeUser, Form(form): Form<RegisterForm>) -> HandlerResult {
    let application = NewAccount {
        firstname: form.firstname.clone(),
        lastname: form.lastname.clone(),
        username: form.username.clone(),
        email: form.email.clone(),
        password: form.password.clone(),
        contact_number: form.contact_number.clone(),
        address: form.address.clone(),
    };

    match register::register(
        &services_arc(&maybe_user.services),
        &application,
        maybe_user.client.clone(),
    )
    .await
    {
        Ok((_, token)) => {
            maybe_user.cookie.log_in(&token)?;
            redirect("/pending")
        }
        Err(Error::Invalid(errors)) => render_with_status(
            StatusCode::UNPROCESSABLE_ENTITY,
            &page(&maybe_user, &form, &errors)?,
        ),
        Err(error) => Err(error.into()),
    }
}

/// The page that shows the state of an account that may not be used.
#[derive(Template)]
#[template(path = "pages/auth/pending.html")]
pub(crate) struct PendingPage {
    assets: &'static str,
    csrf: String,
    firstname: String,
    status: Status,
    since: When,
    /// False when shown in answer to a login, which started no session.
    is_signed_in: bool,
}

impl PendingPage {
    pub fn new(csrf: String, user: &User, zone: &TimeZone, is_signed_in: bool) -> Self {
        Self {
            assets: crate::http::static_files::base(),
            csrf,
            firstname: user.firstname.clone(),
            status: user.status,
            since: v::when(user.status_since, zone),
            is_signed_in,
        }
    }
}

async fn show_pending(maybe_user: MaybeUser) -> HandlerResult {
    let Some(auth_session) = &maybe_user.auth_session else { return redirect("/login") };
    if auth_session.user.status == Status::Active {
        return redirect("/dashboard");
    }
    let zone = maybe_user.services.time_zone(&auth_session.user);
    render(&PendingPage::new(maybe_user.cookie.csrf()?, &auth_session.user, &zone, true))
}
