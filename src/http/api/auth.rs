//! `/api/auth/…` and `/api/users/me`: login, token refresh, log-out, and the current user.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bodies::{MeBody, UserBody};
use super::respond::{json, json_with_etag, no_content, ok};
use crate::domain::accounts::profile;
use crate::domain::auth::api_tokens::{self, IssuedTokens};
use crate::domain::sessions::lifecycle;
use crate::http::client_info::client_info;
use crate::http::extract::api_user::{ApiUser, ApiUserAnyScope};
use crate::http::extract::json::{Json, Nullable};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::{run_blocking, services_arc};
use crate::state::Services;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/auth/login", || web::route().to(log_in)),
        Route::post("/api/auth/refresh", || web::route().to(refresh)),
        Route::post("/api/auth/logout", || web::route().to(log_out)),
        Route::get("/api/auth/me", || web::route().to(get_session)),
        Route::get("/api/users/me", || web::route().to(get_user)),
        Route::patch("/api/users/me", || web::route().to(patch_user)),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Username or email address.
    #[schema(example = "ada")]
    username: String,
    #[schema(example = "correct horse battery")]
    password: String,
}

/// An access token and a refresh token.
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// For `Authorization: Bearer`.
    token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until `token` expires.
    expires_in: i64,
    /// Valid once, to obtain the next pair.
    refresh_token: String,
    user: UserBody,
}

impl Tokens {
    fn from_issued(issued: IssuedTokens) -> Self {
        Self {
            token: issued.token,
            token_type: "Bearer",
            expires_in: issued.expires_in,
            refresh_token: issued.refresh_token,
            user: UserBody::from_user(&issued.auth_session.user),
        }
    }
}

/// Log in.
#[utoipa::path(post, path = "/api/auth/login", tag = "Authentication", request_body = Credentials, security(()),
    responses((status = 200, body = Tokens)))]
pub(super) async fn log_in(
    services: Data<Services>,
    request: HttpRequest,
    Json(body): Json<Credentials>,
) -> HandlerResult {
    let client = client_info(&request, &services.settings);
    let issued =
        api_tokens::log_in(&services_arc(&services), &body.username, &body.password, client)
            .await?;
    json(StatusCode::OK, &Tokens::from_issued(issued))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshBody {
    refresh_token: String,
}

/// Exchange a refresh token for a new pair. Each is valid once; using it again ends its session.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "Authentication", request_body = RefreshBody, security(()),
    responses((status = 200, body = Tokens)))]
pub(super) async fn refresh(
    services: Data<Services>,
    request: HttpRequest,
    Json(body): Json<RefreshBody>,
) -> HandlerResult {
    let client = client_info(&request, &services.settings);
    let issued = run_blocking(&services, move |services| {
        api_tokens::refresh(services, &body.refresh_token, &client)
    })
    .await?;
    json(StatusCode::OK, &Tokens::from_issued(issued))
}

/// Log out. The token and its session end at once.
#[utoipa::path(post, path = "/api/auth/logout", tag = "Authentication", responses((status = 204)))]
pub(super) async fn log_out(ApiUserAnyScope(caller): ApiUserAnyScope) -> HandlerResult {
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        lifecycle::log_out(services, &actor, &auth_session)
    })
    .await?;
    no_content()
}

/// Get the current session and user.
#[utoipa::path(get, path = "/api/auth/me", tag = "Authentication", responses((status = 200, body = MeBody)))]
pub(super) async fn get_session(caller: ApiUser, request: HttpRequest) -> HandlerResult {
    json_with_etag(&request, &MeBody::from_auth_session(&caller.auth_session))
}

/// Get the current user.
#[utoipa::path(get, path = "/api/users/me", tag = "People", responses((status = 200, body = UserBody)))]
pub(super) async fn get_user(caller: ApiUser, request: HttpRequest) -> HandlerResult {
    json_with_etag(&request, &UserBody::from_user(caller.user()))
}

/// Settings to change; missing ones stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserSettings)]
pub struct SettingsBody {
    /// The IANA name of the zone in which times are shown, such as `Europe/Vienna`; null or an empty text for that of the
    /// server.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false, max_length = 64)]
    time_zone: Nullable<String>,
    /// The language of pages: `en` or `de`; null or an empty text for that of the browser.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false, max_length = 12)]
    language: Nullable<String>,
}

/// The text of a setting that is to be changed; an empty one resets it.
fn changed(setting: Nullable<String>) -> Option<String> {
    match setting {
        Nullable::Missing => None,
        Nullable::Null => Some(String::new()),
        Nullable::Value(text) => Some(text),
    }
}

/// Change settings of the current user.
#[utoipa::path(patch, path = "/api/users/me", tag = "People", request_body = SettingsBody,
    responses((status = 200, body = UserBody)))]
pub(super) async fn patch_user(caller: ApiUser, Json(body): Json<SettingsBody>) -> HandlerResult {
    let auth_session = caller.auth_session.clone();
    let user = run_blocking(&caller.services, move |services| {
        let authority = auth_session.authority();
        if let Some(name) = changed(body.time_zone) {
            profile::set_time_zone(services, &authority, &name, false)?;
        }
        if let Some(code) = changed(body.language) {
            profile::set_language(services, &authority, &code)?;
        }
        profile::read(services, &auth_session.user)
    })
    .await?;
    ok(&UserBody::from_user(&user))
}
