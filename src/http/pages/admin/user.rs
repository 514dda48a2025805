//! `/admin/users/{id}`: one account and the actions on it.

use super::users::UserRow;
use crate::domain::accounts::admin;
use crate::domain::accounts::status_changes::{self, Decision};
use crate::error::{Error, FieldError};
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::{AdminUser, CurrentUser};
use crate::http::flash::Flash;
use crate::http::pages::account::sessions::SessionRow;
use crate::http::pages::components::{self as v};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, redirect_back, render, render_with_status, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::model::{User, UserId};
use crate::{fill, msg};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/users/{id}", || web::route().to(show_user)),
        Route::post("/admin/users/{id}/approve", || web::route().to(submit_approve)),
        Route::post("/admin/users/{id}/reject", || web::route().to(submit_reject)),
        Route::post("/admin/users/{id}/suspend", || web::route().to(submit_suspend)),
        Route::post("/admin/users/{id}/reactivate", || web::route().to(submit_reactivate)),
        Route::post("/admin/users/{id}/access-level", || web::route().to(submit_access_level)),
        Route::post("/admin/users/{id}/quota", || web::route().to(submit_quota)),
        Route::post("/admin/users/{id}/access-code", || web::route().to(submit_access_code)),
        Route::post("/admin/users/{id}/end-sessions", || web::route().to(submit_end_sessions)),
    ]
}

#[derive(Template)]
#[template(path = "pages/admin/user.html")]
struct UserPage {
    layout: Layout,
    person: UserRow,
    user: User,
    sessions: Vec<SessionRow>,
    quota_gb: String,
    quota_problem: Option<String>,
    is_oneself: bool,
}

impl UserPage {
    fn is(&self, status: &str) -> bool {
        self.user.status.as_str() == status
    }
}

fn parse_user_id(path: &str) -> Result<UserId, Error> {
    path.parse().map(UserId).map_err(|_| Error::NotFound)
}

/// Builds the page of one account with its sessions; `errors` are those of the quota form.
async fn render_user(
    current: &CurrentUser,
    id: UserId,
    errors: &[FieldError],
) -> Result<UserPage, Error> {
    let (listed, sessions) =
        run_blocking(&current.services, move |services| admin::find(services, id)).await?;
    let layout = Layout::load(current, "/admin/users").await?;
    let current_session_id = current.auth_session.session.id;

    let zone = current.time_zone();
    let person = UserRow::from_listed(&listed, &zone);
    let user = listed.user;
    Ok(UserPage {
        person,
        quota_gb: format_gigabytes(user.quota_bytes),
        quota_problem: errors.first().map(|error| error.message.clone()),
        is_oneself: user.id == current.user().id,
        user,
        sessions: sessions
            .into_iter()
            .map(|session| SessionRow::from_session(session, current_session_id, &zone))
            .collect(),
        layout,
    })
}

async fn show_user(AdminUser(current): AdminUser, path: web::Path<String>) -> HandlerResult {
    render(&render_user(&current, parse_user_id(&path)?, &[]).await?)
}

/// `12.5` for 12.5 × 10^9 bytes; the inverse of [`parse_gigabytes`].
pub(super) fn format_gigabytes(bytes: i64) -> String {
    let (whole, rest) = (bytes / 1_000_000_000, bytes % 1_000_000_000);
    let text = format!("{whole}.{rest:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Parses a number of gigabytes (10^9 bytes) with a point or comma into bytes; the inverse of [`format_gigabytes`].
pub(super) fn parse_gigabytes(text: &str) -> Option<i64> {
    let text = text.trim().replace(',', ".");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole)
        || !is_number(fraction)
        // More than nine digits would be fractions of a byte.
        || fraction.len() > 9
        || (whole.is_empty() && fraction.is_empty())
    {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };

    // Padded with zeros to nine digits, the fraction is a number of bytes.
    let fraction: i64 = format!("{fraction:0<9}").parse().ok()?;
    whole
        .checked_mul(1_000_000_000)?
        .checked_add(fraction)
        // A quota is less than 10^18 bytes, one billion gigabytes.
        .filter(|bytes| *bytes < 1_000_000_000_000_000_000)
}

/// Applies a decision to one account and returns to the page with a message.
async fn decide(
    current: &CurrentUser,
    request: &HttpRequest,
    id: &str,
    decision: Decision,
) -> HandlerResult {
    let (actor, id) = (current.actor(), parse_user_id(id)?);
    let user = run_blocking(&current.services, move |services| {
        status_changes::decide(services, &actor, id, decision)
    })
    .await?;
    redirect_back(
        request,
        &current.cookie,
        fill!(
            "{firstname} {lastname} is {past_participle}.",
            firstname = user.firstname,
            lastname = user.lastname,
            past_participle = t(decision.past_participle())
        ),
    )
}

async fn submit_approve(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    decide(&current, &request, &path, Decision::Approve).await
}

async fn submit_reject(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    decide(&current, &request, &path, Decision::Reject).await
}

async fn submit_suspend(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    decide(&current, &request, &path, Decision::Suspend).await
}

async fn submit_reactivate(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    decide(&current, &request, &path, Decision::Reactivate).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelForm {
    access_level: String,
}

/// Makes an account an admin or a user.
async fn submit_access_level(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<LevelForm>,
) -> HandlerResult {
    let (actor, id) = (current.actor(), parse_user_id(&path)?);
    let level = form.access_level.clone();

    let user = run_blocking(&current.services, move |services| {
        admin::set_access_level(services, &actor, id, &form.access_level)
    })
    .await?;

    let message = fill!(
        "{firstname} {lastname} is {role} now.",
        firstname = user.firstname,
        lastname = user.lastname,
        role = t(if level == "admin" { msg!("an admin") } else { msg!("a user") })
    );

    // Admins who demote themselves can no longer open this page.
    if id == current.user().id && level != "admin" {
        set_flash(&current.cookie, message)?;
        return redirect("/dashboard");
    }
    redirect_back(&request, &current.cookie, message)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuotaForm {
    /// Gigabytes (10^9 bytes); 0 or empty means no limit.
    quota: String,
}

/// Sets the quota of an account; a number that cannot be parsed is shown again with status 422.
async fn submit_quota(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<QuotaForm>,
) -> HandlerResult {
    let (actor, id) = (current.actor(), parse_user_id(&path)?);
    // An empty field means no limit, like 0.
    let given = if form.quota.trim().is_empty() { "0" } else { form.quota.as_str() };

    let Some(bytes) = parse_gigabytes(given) else {
        let error = FieldError::new(
            "quota",
            msg!("A number of gigabytes such as 50 or 0.5; 0 for no limit."),
        );
        let page =
            UserPage { quota_gb: form.quota.clone(), ..render_user(&current, id, &[error]).await? };
        return render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };

    let user = run_blocking(&current.services, move |services| {
        admin::set_quota(services, &actor, id, bytes)
    })
    .await?;

    let limit = if bytes == 0 { "unlimited".into() } else { v::size(bytes).words };
    redirect_back(
        &request,
        &current.cookie,
        fill!(
            "Storage limit of {firstname} {lastname}: {limit}",
            limit = limit,
            firstname = user.firstname,
            lastname = user.lastname
        ),
    )
}

/// Creates a one-time code with which the user sets a new password; the next page shows it once.
async fn submit_access_code(
    AdminUser(current): AdminUser,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let (actor, id) = (current.actor(), parse_user_id(&path)?);
    let (user, code) = run_blocking(&current.services, move |services| {
        admin::create_access_code(services, &actor, id)
    })
    .await?;
    let text = fill!(
        "Give this code to {firstname} {lastname}, to enter at /recover. It works once within two days, and won't be shown again.",
        firstname = user.firstname,
        lastname = user.lastname
    );
    current.cookie.set_flash(&Flash { text, code: Some(code), ..Flash::default() })?;
    redirect(&format!("/admin/users/{id}"))
}

/// Ends all sessions of an account and returns to its page with a message.
async fn submit_end_sessions(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let (actor, id) = (current.actor(), parse_user_id(&path)?);
    let user =
        run_blocking(&current.services, move |services| admin::end_sessions(services, &actor, id))
            .await?;
    redirect_back(
        &request,
        &current.cookie,
        fill!(
            "{firstname} {lastname} is logged out everywhere.",
            firstname = user.firstname,
            lastname = user.lastname
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_said_in_gigabytes() {
        assert_eq!(parse_gigabytes("50"), Some(50_000_000_000));
        assert_eq!(parse_gigabytes(" 0.5 "), Some(500_000_000));
        assert_eq!(parse_gigabytes("1,25"), Some(1_250_000_000));
        for nonsense in ["", ".", "-1", "1e9", "much", "99999999999999999999"] {
            assert_eq!(parse_gigabytes(nonsense), None, "{nonsense}");
        }
        assert_eq!(format_gigabytes(1_250_000_000), "1.25");
        assert_eq!(format_gigabytes(0), "0");
    }
}
