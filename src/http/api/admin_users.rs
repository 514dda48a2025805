//! `/api/admin/users`: accounts, for admins.

use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bodies::UserBody;
use super::respond::{json_with_etag, ok};
use crate::domain::accounts::admin;
use crate::domain::accounts::status_changes::{self, Decision};
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiAdmin;
use crate::http::extract::json::{Json, Query, deserialize_whole_number};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{Status, UserId};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/admin/users", || web::route().to(list_users)),
        Route::get("/api/admin/users/{id}", || web::route().to(get_user)),
        Route::patch("/api/admin/users/{id}", || web::route().to(patch_user)),
    ]
}

#[derive(Serialize, Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum StatusWord {
    Pending,
    Active,
    Suspended,
    Rejected,
}

impl StatusWord {
    const fn status(self) -> Status {
        match self {
            Self::Pending => Status::Pending,
            Self::Active => Status::Active,
            Self::Suspended => Status::Suspended,
            Self::Rejected => Status::Rejected,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    /// `pending` by default.
    #[param(inline)]
    status: Option<StatusWord>,
    /// `next_cursor` of the previous page.
    #[param(minimum = 0)]
    cursor: Option<i64>,
}

/// A page of users, oldest account first.
#[derive(Serialize, ToSchema)]
pub struct PeopleBody {
    users: Vec<UserBody>,
    /// Where the next page starts; null on the last.
    #[schema(required = true)]
    next_cursor: Option<i64>,
}

/// List users with a status. Admins only.
#[utoipa::path(get, path = "/api/admin/users", tag = "People", params(UsersQuery), responses((status = 200, body = PeopleBody)))]
pub(crate) async fn list_users(
    ApiAdmin(caller): ApiAdmin,
    request: HttpRequest,
    Query(query): Query<UsersQuery>,
) -> HandlerResult {
    let status = query.status.unwrap_or(StatusWord::Pending).status();
    // The cursor is an account id after which the page begins; 0 precedes every account.
    let after = UserId(query.cursor.unwrap_or(0));
    if after.0 < 0 {
        return Err(Error::field("cursor", "0 or more.").into());
    }
    let page = run_blocking(&caller.services, move |services| admin::list(services, status, after))
        .await?;
    let users = page.users.iter().map(UserBody::from_listed).collect();
    json_with_etag(&request, &PeopleBody { users, next_cursor: page.next.map(|id| id.0) })
}

/// Get a user. Admins only.
#[utoipa::path(get, path = "/api/admin/users/{id}", tag = "People", params(("id" = i64, Path)),
    responses((status = 200, body = UserBody)))]
pub(crate) async fn get_user(
    ApiAdmin(caller): ApiAdmin,
    request: HttpRequest,
    path: web::Path<String>,
) -> HandlerResult {
    let id = parse_user_id(&path)?;
    let (listed, _) =
        run_blocking(&caller.services, move |services| admin::find(services, id)).await?;
    json_with_etag(&request, &UserBody::from_listed(&listed))
}

/// Fields to change; missing ones stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserChange)]
pub struct ChangeBody {
    /// `active` approves or reactivates, `rejected` rejects, `suspended` suspends.
    #[schema(inline)]
    status: Option<StatusWord>,
    #[schema(inline)]
    access_level: Option<LevelWord>,
    /// 0 for no limit.
    #[schema(minimum = 0)]
    #[serde(default, deserialize_with = "deserialize_whole_number")]
    quota_bytes: Option<i64>,
}

#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum LevelWord {
    User,
    Admin,
}

/// Decide on an account, change the access level or the quota. Admins only.
#[utoipa::path(patch, path = "/api/admin/users/{id}", tag = "People", params(("id" = i64, Path)), request_body = ChangeBody,
    responses((status = 200, body = UserBody)))]
pub(crate) async fn patch_user(
    ApiAdmin(caller): ApiAdmin,
    path: web::Path<String>,
    Json(body): Json<ChangeBody>,
) -> HandlerResult {
    let (id, actor) = (parse_user_id(&path)?, caller.actor());
    if body.quota_bytes.is_some_and(|bytes| bytes < 0) {
        return Err(Error::field("quota_bytes", "0 or more.").into());
    }

    // Each change is its own transaction with its own audit row.
    let changed = run_blocking(&caller.services, move |services| {
        // The user's sessions, which are returned too, are not needed here.
        let (listed, _) = admin::find(services, id)?;
        if let Some(decision) =
            body.status.map(|status| decision(listed.user.status, status)).transpose()?.flatten()
        {
            status_changes::decide(services, &actor, id, decision)?;
        }

        if let Some(level) = body.access_level {
            // `set_access_level` takes the word of a form field.
            let level = if matches!(level, LevelWord::Admin) { "admin" } else { "user" };
            admin::set_access_level(services, &actor, id, level)?;
        }

        if let Some(bytes) = body.quota_bytes {
            admin::set_quota(services, &actor, id, bytes)?;
        }
        Ok(admin::find(services, id)?.0)
    });
    ok(&UserBody::from_listed(&changed.await?))
}

/// Returns the admin's decision that leads from the current status of an account to the requested one; `None` if
/// nothing changes. Setting an account back to pending is a `Conflict`.
fn decision(from: Status, to: StatusWord) -> Result<Option<Decision>> {
    Ok(match (from, to.status()) {
        (from, to) if from == to => None,
        (Status::Suspended, Status::Active) => Some(Decision::Reactivate),
        (_, Status::Active) => Some(Decision::Approve),
        (_, Status::Rejected) => Some(Decision::Reject),
        (_, Status::Suspended) => Some(Decision::Suspend),
        (_, Status::Pending) => {
            return Err(Error::Conflict("An account cannot be set back to pending.".into()));
        }
    })
}

fn parse_user_id(text: &str) -> Result<UserId> {
    text.parse().map(UserId).map_err(|_| Error::NotFound)
}
