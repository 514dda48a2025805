//! `/admin/users`: accounts by status, and the approval queue. Single accounts are in `user`.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::accounts::admin::{self, ListedUser};
use crate::domain::accounts::status_changes::{self, Decision};
use crate::http::extract::form::Form;
use crate::http::extract::user::{AdminUser, CurrentUser};
use crate::http::pages::components::{self as v, When, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect_back, render};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::media::avatar::initials;
use crate::model::{Status, TimeZone, UserId};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/users", || web::route().to(show_users)),
        Route::post("/admin/users/approve", || web::route().to(submit_approve_many)),
        Route::post("/admin/users/reject", || web::route().to(submit_reject_many)),
    ]
}

/// One account in the list.
pub(super) struct UserRow {
    pub id: i64,
    pub name: String,
    pub username: String,
    pub email: String,
    pub initials: String,
    pub asked: When,
    pub since: When,
    pub used: v::Size,
    pub quota: String,
    pub is_admin: bool,
    /// Who logs in with the email address that this account states, if it is another one.
    pub email_holder: Option<String>,
}

impl UserRow {
    /// Converts an account into a row of the list of accounts; a quota of 0 means no limit.
    pub(super) fn from_listed(listed: &ListedUser, zone: &TimeZone) -> Self {
        let ListedUser { user, email_holder } = listed;
        Self {
            id: user.id.0,
            name: format!("{} {}", user.firstname, user.lastname),
            username: user.username.clone(),
            email: user.email.clone(),
            initials: initials(&user.firstname, &user.lastname),
            asked: v::when(user.created_at, zone),
            since: v::when(user.status_since, zone),
            used: v::size(user.used_bytes),
            quota: if user.quota_bytes > 0 {
                v::size(user.quota_bytes).words
            } else {
                t(msg!("no limit")).into_owned()
            },
            is_admin: user.is_admin(),
            email_holder: email_holder.clone(),
        }
    }
}

struct StatusTab {
    word: &'static str,
    label: &'static str,
    count: i64,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "pages/admin/users.html")]
struct UsersPage {
    layout: Layout,
    tabs: Vec<StatusTab>,
    people: Vec<UserRow>,
    status: &'static str,
    summary: String,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    status: String,
    #[serde(default)]
    after: String,
}

/// Shows a page of the accounts with one status, pending by default, with a tab for each status.
async fn show_users(AdminUser(current): AdminUser, query: web::Query<Query>) -> HandlerResult {
    let status = Status::parse(&query.status).unwrap_or(Status::Pending);
    // The last account of the previous page; 0 starts at the first page.
    let after = UserId(query.after.parse().unwrap_or(0));
    let user_page =
        run_blocking(&current.services, move |services| admin::list(services, status, after))
            .await?;

    // All tabs show their counts.
    let count = |status| user_page.counts.get(&status).copied().unwrap_or(0);
    let tab = |label, tab: Status| StatusTab {
        word: tab.as_str(),
        label,
        count: count(tab),
        is_current: tab == status,
    };

    let waiting = count(Status::Pending);
    let zone = current.time_zone();
    let layout = Layout::load(&current, "/admin/users").await?;

    render(&UsersPage {
        tabs: vec![
            tab(msg!("Pending"), Status::Pending),
            tab(msg!("Active"), Status::Active),
            tab(msg!("Suspended"), Status::Suspended),
            tab(msg!("Rejected"), Status::Rejected),
        ],
        people: user_page.users.iter().map(|user| UserRow::from_listed(user, &zone)).collect(),
        status: status.as_str(),
        summary: match waiting {
            0 => t(msg!("No pending requests")).into_owned(),
            1 => t(msg!("1 person is waiting for you")).into_owned(),
            many => fill!("{count} are waiting for you", count = count_of(many, "person")),
        },
        next: user_page
            .next
            .map(|after| format!("/admin/users?status={}&after={after}", status.as_str())),
        layout,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SelectedUsers {
    #[serde(default)]
    ids: Vec<i64>,
}

async fn submit_approve_many(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    Form(form): Form<SelectedUsers>,
) -> HandlerResult {
    decide_many(&current, &request, form.ids, Decision::Approve).await
}

async fn submit_reject_many(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    Form(form): Form<SelectedUsers>,
) -> HandlerResult {
    decide_many(&current, &request, form.ids, Decision::Reject).await
}

/// Applies a decision to the selected accounts; those that another admin has decided on in the meantime are skipped.
async fn decide_many(
    current: &CurrentUser,
    request: &HttpRequest,
    ids: Vec<i64>,
    decision: Decision,
) -> HandlerResult {
    if ids.is_empty() {
        return redirect_back(request, &current.cookie, msg!("Select someone first."));
    }

    let actor = current.actor();
    // A page lists 50 accounts, so our form never sends 500 ids; more are ignored.
    let ids: Vec<UserId> = ids.into_iter().take(500).map(UserId).collect();
    let (decided_count, skipped_count) = run_blocking(&current.services, move |services| {
        status_changes::decide_all(services, &actor, &ids, decision)
    })
    .await?;

    let people = count_of(decided_count, "person");
    let rest = if skipped_count > 0 {
        fill!(" {skipped_count} had been decided on already.", skipped_count = skipped_count)
    } else {
        String::new()
    };

    redirect_back(
        request,
        &current.cookie,
        format!("{people} {}.{rest}", t(decision.past_participle())),
    )
}
