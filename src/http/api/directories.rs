//! `/api/directories`: folders.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bodies::DirectoryBody;
use super::respond::{json, json_with_etag, no_content, ok};
use crate::domain::library::{directories, listings};
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::Json;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{DirectoryId, Level};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/directories", || web::route().to(list_directories)).in_space(Level::View),
        Route::post("/api/directories", || web::route().to(create_directory)).in_space(Level::Edit),
        Route::patch("/api/directories/{id}", || web::route().to(patch_directory))
            .in_space(Level::Edit),
        Route::delete("/api/directories/{id}", || web::route().to(delete_directory))
            .in_space(Level::Edit),
    ]
}

/// All folders of the user, ordered by path.
#[derive(Serialize, ToSchema)]
pub struct DirectoriesBody {
    directories: Vec<DirectoryBody>,
}

/// List all folders: the seven standard ones and the user's own.
#[utoipa::path(get, path = "/api/directories", tag = "Folders", responses((status = 200, body = DirectoriesBody)))]
pub(super) async fn list_directories(caller: ApiUser, request: HttpRequest) -> HandlerResult {
    let auth_session = caller.auth_session.clone();
    let list = run_blocking(&caller.services, move |services| {
        directories::list(services, &auth_session.user)
    })
    .await?;
    json_with_etag(
        &request,
        &DirectoriesBody { directories: list.iter().map(DirectoryBody::from_directory).collect() },
    )
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDirectoryBody {
    #[schema(min_length = 1, max_length = 255, example = "Holidays")]
    name: String,
    /// The parent folder; the top level by default.
    #[schema(format = "uuid")]
    parent: Option<String>,
    /// Respond with the folder of that name if there is one (200) instead of with an error. A name that cannot be kept is
    /// changed, so the response may have another one.
    #[serde(default)]
    #[schema(required = false)]
    reuse: bool,
}

/// Create a folder.
#[utoipa::path(post, path = "/api/directories", tag = "Folders", request_body = NewDirectoryBody,
    responses(
        (status = 201, body = DirectoryBody),
        (status = 200, description = "With `reuse`: the folder that has this name.", body = DirectoryBody),
    ))]
pub(super) async fn create_directory(
    caller: ApiUser,
    Json(body): Json<NewDirectoryBody>,
) -> HandlerResult {
    let parent = match body.parent.as_deref() {
        Some(text) => Some(
            DirectoryId::parse(text)
                .ok_or_else(|| Error::field("parent", "The id of a folder."))?,
        ),
        None => None,
    };
    let auth_session = caller.auth_session.clone();
    let created = run_blocking(&caller.services, move |services| {
        let (authority, name) = (auth_session.authority(), body.name.as_str());
        let (id, is_new) = if body.reuse {
            directories::create_or_reuse(services, &authority, name, parent)?
        } else {
            (directories::create(services, &authority, name, parent)?, true)
        };
        Ok((listings::open_directory(services, &auth_session.user, id)?, is_new))
    });
    let (directory, is_new) = created.await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    json(status, &DirectoryBody::from_directory(&directory))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DirectoryChange)]
pub struct ChangeBody {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
}

fn parse_directory_id(text: &str) -> Result<DirectoryId> {
    DirectoryId::parse(text).ok_or(Error::NotFound)
}

/// Rename one of the user's own folders.
#[utoipa::path(patch, path = "/api/directories/{id}", tag = "Folders", params(("id" = String, Path, format = "uuid")),
    request_body = ChangeBody, responses((status = 200, body = DirectoryBody)))]
pub(super) async fn patch_directory(
    caller: ApiUser,
    path: web::Path<String>,
    Json(body): Json<ChangeBody>,
) -> HandlerResult {
    let (id, auth_session) = (parse_directory_id(&path)?, caller.auth_session.clone());
    let renamed = run_blocking(&caller.services, move |services| {
        directories::rename(services, &auth_session.authority(), id, &body.name)?;
        listings::open_directory(services, &auth_session.user, id)
    });
    ok(&DirectoryBody::from_directory(&renamed.await?))
}

/// Delete one of the user's own folders; its files are moved to the trash.
#[utoipa::path(delete, path = "/api/directories/{id}", tag = "Folders", params(("id" = String, Path, format = "uuid")),
    responses((status = 204)))]
pub(super) async fn delete_directory(caller: ApiUser, path: web::Path<String>) -> HandlerResult {
    let (id, auth_session) = (parse_directory_id(&path)?, caller.auth_session.clone());
    run_blocking(&caller.services, move |services| {
        directories::delete(services, &auth_session.authority(), id)
    })
    .await?;
    no_content()
}
