//! `/admin/users/new`: an admin adds somebody who has not registered.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::domain::accounts::admin;
use crate::domain::accounts::create::NewAccount;
use crate::error::{Error, FieldError};
use crate::http::client_info::client_info;
use crate::http::extract::form::Form;
use crate::http::extract::user::{AdminUser, CurrentUser};
use crate::http::flash::Flash;
use crate::http::pages::components as v;
use crate::http::pages::components::field::{Field, with_errors};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, render, render_with_status};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::services_arc;
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/users/new", || web::route().to(show_new)),
        Route::post("/admin/users", || web::route().to(submit_new)),
    ]
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct NewUserForm {
    #[serde(default)]
    firstname: String,
    #[serde(default)]
    lastname: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    email: String,
}

#[derive(Template)]
#[template(path = "pages/admin/new_user.html")]
struct NewUserPage {
    layout: Layout,
    fields: Vec<Field>,
    has_errors: bool,
}

async fn page(
    current: &CurrentUser,
    form: &NewUserForm,
    errors: &[FieldError],
) -> Result<NewUserPage, Error> {
    let fields = vec![
        Field::new("firstname", msg!("First name"), "text").value(&form.firstname).focused(),
        Field::new("lastname", msg!("Last name"), "text").value(&form.lastname),
        Field::new("username", msg!("Username"), "text")
            .value(&form.username)
            .hint(msg!("Letters a to z, digits, dot, hyphen, underscore.")),
        Field::new("email", msg!("Email"), "email").value(&form.email),
    ];
    Ok(NewUserPage {
        layout: Layout::load(current, "/admin/users").await?,
        fields: with_errors(fields, errors),
        has_errors: !errors.is_empty(),
    })
}

async fn show_new(AdminUser(current): AdminUser) -> HandlerResult {
    render(&page(&current, &NewUserForm::default(), &[]).await?)
}

/// Adds the account and shows its page with the one-time code, or the form again with what is wrong.
async fn submit_new(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    Form(form): Form<NewUserForm>,
) -> HandlerResult {
    let account = NewAccount {
        firstname: form.firstname.clone(),
        lastname: form.lastname.clone(),
        username: form.username.clone(),
        email: form.email.clone(),
        ..NewAccount::default()
    };
    let client = client_info(&request, &current.services.settings);
    let services = services_arc(&current.services);
    match admin::add_user(&services, current.actor(), &account, &client).await {
        Ok((user, code)) => {
            let text = fill!(
                "Give this code to {firstname} {lastname}, to enter at /recover. It works once within two days, and won't be shown again.",
                firstname = user.firstname,
                lastname = user.lastname
            );
            current.cookie.set_flash(&Flash { text, code: Some(code), ..Flash::default() })?;
            redirect(&format!("/admin/users/{}", user.id.0))
        }
        Err(Error::Invalid(errors)) => {
            let page = page(&current, &form, &errors).await?;
            render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}
