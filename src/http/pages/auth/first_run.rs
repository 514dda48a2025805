//! `/setup`: creates the first admin with the code from the server's output.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::domain::accounts::create::NewAccount;
use crate::domain::accounts::first_run;
use crate::error::{Error, FieldError};
use crate::http::extract::form::Form;
use crate::http::extract::user::MaybeUser;
use crate::http::pages::components as v;
use crate::http::pages::components::field::{Field, with_errors};
use crate::http::pages::respond::{redirect, render_with_status};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::{run_blocking, services_arc};
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/setup", || web::route().to(show_setup)),
        Route::post("/setup", || web::route().to(submit_setup)),
    ]
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct FirstRunForm {
    #[serde(default)]
    code: String,
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
}

#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    code: String,
}

#[derive(Template)]
#[template(path = "pages/auth/first_run.html")]
struct FirstRunPage {
    assets: &'static str,
    csrf: String,
    fields: Vec<Field>,
    has_errors: bool,
    problem: Option<String>,
}

/// Builds the page that creates the first admin, filled in with `form` and its errors. `problem` is how to fix a fault
/// of the server, if there is one.
fn page(
    maybe_user: &MaybeUser,
    form: &FirstRunForm,
    errors: &[FieldError],
    problem: Option<String>,
) -> Result<FirstRunPage, Error> {
    let is_code_given = !form.code.is_empty();
    // The order of the form.
    let fields = vec![
        Field::new("code", msg!("Setup code"), "text").value(&form.code).focused_if(!is_code_given).hint(
            msg!("Printed in the server log at startup and saved as setup-code in the data directory."),
        ),
        Field::new("firstname", msg!("First name"), "text")
            .value(&form.firstname)
            .autocomplete("given-name")
            .focused_if(is_code_given),
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
    ];

    Ok(FirstRunPage {
        assets: crate::http::static_files::base(),
        csrf: maybe_user.cookie.csrf()?,
        fields: with_errors(fields, errors),
        has_errors: !errors.is_empty(),
        problem,
    })
}

/// Shows the page that creates the first admin; it does not exist once there is an admin.
async fn show_setup(maybe_user: MaybeUser, query: web::Query<Query>) -> HandlerResult {
    if run_blocking(&maybe_user.services, |services| services.has_admin()).await? {
        return Err(Error::NotFound.into());
    }
    let form = FirstRunForm { code: query.into_inner().code, ..FirstRunForm::default() };

    // If something is wrong with the server, the page says how to fix it before an account is created. That names paths
    // and the database, so only the owner of the code sees it.
    let code = form.code.clone();
    let (is_right, problem) = run_blocking(&maybe_user.services, move |services| {
        if !first_run::is_setup_code(services, &code)? {
            return Ok((false, None));
        }
        let failing = crate::domain::ops::status::checks(services)
            .into_iter()
            .find_map(|check| check.problem);
        Ok((true, failing.map(|problem| problem.remedy)))
    })
    .await?;
    // A code of 144 random bits cannot be guessed, so that it may be said at once that one is wrong.
    let errors = if is_right || form.code.is_empty() {
        Vec::new()
    } else {
        vec![FieldError::new("code", msg!("That is not the setup code of this server."))]
    };
    crate::http::pages::respond::render(&page(&maybe_user, &form, &errors, problem)?)
}

/// Creates the first admin with the setup code and logs them in; a rejected form is shown again with status 422.
async fn submit_setup(maybe_user: MaybeUser, Form(form): Form<FirstRunForm>) -> HandlerResult {
    let application = NewAccount {
        firstname: form.firstname.clone(),
        lastname: form.lastname.clone(),
        username: form.username.clone(),
        email: form.email.clone(),
        password: form.password.clone(),
        ..NewAccount::default()
    };

    // The new admin is signed in.
    match first_run::set_up(
        &services_arc(&maybe_user.services),
        &form.code,
        &application,
        maybe_user.client.clone(),
    )
    .await
    {
        Ok(token) => {
            maybe_user.cookie.log_in(&token)?;
            redirect("/dashboard")
        }
        Err(Error::Invalid(errors)) => render_with_status(
            StatusCode::UNPROCESSABLE_ENTITY,
            &page(&maybe_user, &form, &errors, None)?,
        ),
        Err(error) => Err(error.into()),
    }
}
