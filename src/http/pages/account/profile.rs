//! `/account`: profile, avatar, password, theme.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::accounts::profile::{self, ProfileChange};
use crate::error::{Error, FieldError};
use crate::http::csrf::{CSRF_FIELD, csrf_error, has_valid_csrf_header};
use crate::http::error::HandlerError;
use crate::http::extract::form::Form;
use crate::http::extract::multipart::{field_bytes, field_text, next_part, parts_of, with_timeout};
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components as v;
use crate::http::pages::components::field::{Field, with_errors};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{
    redirect, redirect_back, redirect_back_with_errors, render, render_with_status, set_flash,
};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::{run_blocking, services_arc};
use crate::media::avatar::MAX_AVATAR_BYTES;
use crate::model::TimeZone;
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/account", || web::route().to(show_account)),
        Route::post("/account", || web::route().to(submit_profile)),
        Route::post("/account/password", || web::route().to(submit_password)),
        Route::post("/account/theme", || web::route().to(submit_theme)),
        Route::post("/account/time-zone", || web::route().to(submit_time_zone)),
        Route::get("/account/picture", || web::route().to(show_picture)),
        Route::post("/account/picture", || web::route().to(submit_picture)),
    ]
}

#[derive(Template)]
#[template(path = "pages/account/profile.html")]
struct ProfilePage {
    layout: Layout,
    profile: Vec<Field>,
    password: Vec<Field>,
    single_keys: bool,
    picture_problem: Option<String>,
    has_errors: bool,
    /// The names of all time zones, and that of the server.
    zones: Vec<String>,
    server_zone: String,
    /// Different on each page, so that a changed avatar is always loaded.
    picture_version: String,
}

/// Builds the account page with the profile and password forms. `form` contains rejected values, `errors` the reasons.
async fn render_profile(
    current: &CurrentUser,
    form: Option<&ProfileChange>,
    errors: &[FieldError],
) -> Result<ProfilePage, Error> {
    let layout = Layout::load(current, "/account").await?;
    let user = current.user();

    // After an error, the form shows what was typed.
    let values = form.cloned().unwrap_or_else(|| ProfileChange {
        firstname: user.firstname.clone(),
        lastname: user.lastname.clone(),
        email: user.email.clone(),
        email_password: String::new(),
        contact_number: user.contact_number.clone().unwrap_or_default(),
        address: user.address.clone().unwrap_or_default(),
        single_keys: user.single_keys,
    });

    let profile = vec![
        Field::new("firstname", msg!("First name"), "text")
            .value(&values.firstname)
            .autocomplete("given-name"),
        Field::new("lastname", msg!("Last name"), "text")
            .value(&values.lastname)
            .autocomplete("family-name"),
        Field::new("email", msg!("Email"), "email").value(&values.email).autocomplete("email"),
        Field::new("email_password", msg!("Your password"), "password")
            .autocomplete("current-password")
            .hint(msg!("Only needed to change your email."))
            .optional(),
        Field::new("contact_number", msg!("Contact number"), "tel")
            .value(&values.contact_number)
            .autocomplete("tel")
            .optional(),
        Field::new("address", msg!("Address"), "text")
            .value(&values.address)
            .autocomplete("street-address")
            .optional(),
    ];

    let password = vec![
        Field::new("current_password", msg!("Current password"), "password")
            .autocomplete("current-password"),
        Field::new("new_password", msg!("New password"), "password")
            .autocomplete("new-password")
            .hint(msg!("At least 8 characters. A few random words work well.")),
    ];

    let picture_problem =
        errors.iter().find(|error| error.field == "picture").map(|error| error.message.clone());
    Ok(ProfilePage {
        zones: TimeZone::names(),
        server_zone: current.services.server_time_zone().name().to_owned(),
        layout,
        profile: with_errors(profile, errors),
        password: with_errors(password, errors),
        single_keys: values.single_keys,
        picture_problem,
        has_errors: !errors.is_empty(),
        // A new address each time, so that a changed picture is shown.
        picture_version: uuid::Uuid::now_v7().simple().to_string(),
    })
}

async fn show_account(current: CurrentUser) -> HandlerResult {
    render(&render_profile(&current, None, &[]).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileForm {
    #[serde(default)]
    firstname: String,
    #[serde(default)]
    lastname: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_password: String,
    #[serde(default)]
    contact_number: String,
    #[serde(default)]
    address: String,
    /// A checkbox, present when ticked.
    single_keys: Option<String>,
}

/// Saves the profile; a rejected form is shown again with status 422.
async fn submit_profile(current: CurrentUser, Form(form): Form<ProfileForm>) -> HandlerResult {
    let form = ProfileChange {
        firstname: form.firstname,
        lastname: form.lastname,
        email: form.email,
        email_password: form.email_password,
        contact_number: form.contact_number,
        address: form.address,
        single_keys: form.single_keys.is_some(),
    };

    let services = services_arc(&current.services);
    // The form is needed again if it is rejected.
    let change = form.clone();
    match profile::update(&services, &current.auth_session, change, &current.client).await {
        Ok(()) => {
            set_flash(&current.cookie, msg!("Profile saved"))?;
            redirect("/account")
        }
        Err(Error::Invalid(errors)) => render_with_status(
            StatusCode::UNPROCESSABLE_ENTITY,
            &render_profile(&current, Some(&form), &errors).await?,
        ),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordForm {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    new_password: String,
}

/// Changes the password and logs this browser in again; a rejected form is shown again with status 422.
async fn submit_password(current: CurrentUser, Form(form): Form<PasswordForm>) -> HandlerResult {
    let services = services_arc(&current.services);
    let changed = profile::change_password(
        &services,
        &current.auth_session,
        &form.current_password,
        &form.new_password,
        current.client.clone(),
    )
    .await;

    // A changed password ends all sessions of the user; the token is that of a new one for this browser.
    match changed {
        Ok(token) => {
            current.cookie.log_in(&token)?;
            set_flash(
                &current.cookie,
                msg!("Password changed. All other devices were logged out."),
            )?;
            redirect("/account")
        }
        Err(Error::Invalid(errors)) => render_with_status(
            StatusCode::UNPROCESSABLE_ENTITY,
            // `None`: the profile form was not sent, so it shows the stored values.
            &render_profile(&current, None, &errors).await?,
        ),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThemeForm {
    theme: String,
}

/// Saves the color theme and returns to the page on which it was chosen.
async fn submit_theme(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<ThemeForm>,
) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let theme = form.theme.clone();
    run_blocking(&current.services, move |services| {
        profile::set_theme(services, &auth_session.authority(), &form.theme)
    })
    .await?;
    let message = match theme.as_str() {
        "dark" => msg!("Dark theme"),
        "light" => msg!("Light theme"),
        _ => msg!("System theme"),
    };
    redirect_back(&request, &current.cookie, message)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeZoneForm {
    time_zone: String,
    /// Sent by a script that has asked the browser.
    #[serde(default)]
    detected: String,
}

/// Saves the time zone that was chosen, or the one that the browser has, if none was chosen yet.
async fn submit_time_zone(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<TimeZoneForm>,
) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let is_detected = !form.detected.is_empty();
    let saved = run_blocking(&current.services, move |services| {
        let authority = auth_session.authority();
        profile::set_time_zone(services, &authority, &form.time_zone, is_detected)
    })
    .await;
    match saved {
        Ok(()) if is_detected => Ok(HttpResponse::NoContent().finish()),
        Ok(()) => {
            redirect_back(&request, &current.cookie, msg!("Times are shown in your time zone."))
        }
        Err(error) => redirect_back_with_errors(&request, &current.cookie, error, None),
    }
}

/// Responds with the user's avatar as SVG.
async fn show_picture(current: CurrentUser) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let svg = run_blocking(&current.services, move |services| {
        profile::read_avatar(services, &auth_session.user)
    })
    .await?;
    // The policy forbids scripts and external content, even if the address is opened directly.
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "image/svg+xml"))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox",
        ))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .body(svg))
}

/// Sets or removes the avatar, from a multipart form with the fields `picture` and `remove`. Errors are shown on the
/// account page with status 422.
async fn submit_picture(
    current: CurrentUser,
    request: HttpRequest,
    payload: web::Payload,
) -> HandlerResult {
    let mut has_token = has_valid_csrf_header(&request);
    let (mut picture, mut is_removed) = (Vec::new(), false);

    // Read part by part, because a picture may be larger than the `Form` extractor accepts.
    let mut parts = parts_of(&request, payload.into_inner()).await?;
    while let Some(mut field) = with_timeout(next_part(&mut parts)).await? {
        match field.name() {
            Some(CSRF_FIELD) => {
                // 200 bytes are more than a token has.
                let token = with_timeout(field_text(&mut field, 200)).await?;
                has_token = has_token || current.cookie.matches_csrf(&token);
            }
            // Our form sends the token first, so a field before it is rejected.
            _ if !has_token => return Err(csrf_error().into()),
            Some("picture") => {
                match with_timeout(field_bytes(&mut field, MAX_AVATAR_BYTES)).await {
                    Err(HandlerError::Error(Error::TooLarge { .. })) => {
                        let errors =
                            [FieldError::new("picture", msg!("That is larger than 1 MB."))];
                        return render_with_status(
                            StatusCode::UNPROCESSABLE_ENTITY,
                            // `None`: this form contains no profile fields, so the page shows the stored values.
                            &render_profile(&current, None, &errors).await?,
                        );
                    }
                    read => picture = read?,
                }
            }
            Some("remove") => {
                is_removed = !with_timeout(field_text(&mut field, 10)).await?.is_empty();
            }
            _ => {
                return Err(Error::BadRequest(msg!("The form has an unknown field.").into()).into());
            }
        }
    }

    // A body without any part passes the loop unchecked.
    if !has_token {
        return Err(csrf_error().into());
    }

    // Neither a picture nor the button to remove it.
    if picture.is_empty() && !is_removed {
        let errors = [FieldError::new("picture", msg!("Choose a picture first."))];
        return render_with_status(
            StatusCode::UNPROCESSABLE_ENTITY,
            &render_profile(&current, None, &errors).await?,
        );
    }

    // Empty bytes replace the picture by initials.
    if is_removed {
        picture.clear();
    }

    let auth_session = current.auth_session.clone();
    match run_blocking(&current.services, move |services| {
        profile::set_avatar(services, &auth_session.authority(), &picture)
    })
    .await
    {
        Ok(()) => {
            set_flash(
                &current.cookie,
                if is_removed { msg!("Picture removed") } else { msg!("Picture saved") },
            )?;
            redirect("/account")
        }
        Err(Error::Invalid(errors)) => render_with_status(
            StatusCode::UNPROCESSABLE_ENTITY,
            &render_profile(&current, None, &errors).await?,
        ),
        Err(error) => Err(error.into()),
    }
}
