//! `/api/media/upload`: multipart uploads.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::bodies::ItemBody;
use super::respond::json;
use crate::domain::library::listings;
use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::shared_uploads;
use crate::domain::uploads::target::UploadTarget;
use crate::error::Error;
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::shared_item::Shared;
use crate::http::multipart_upload::receive_files;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{DirectoryId, Item, Level};
use crate::state::ingest_queue::Ingested;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/media/upload", || web::route().to(upload_media))
            .in_space(Level::Contribute),
        Route::post("/api/shared/{grant}/directories/{directory}/upload", || {
            web::route().to(upload_shared)
        }),
    ]
}

/// Files and where to store them.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is read part by part; here it is described")]
pub struct UploadForm {
    /// One or more files.
    #[schema(value_type = Vec<String>, format = Binary, min_items = 1)]
    file: Vec<Vec<u8>>,
    /// The user's own folder; by default the standard one for the kind of each file.
    #[schema(format = "uuid", required = false)]
    directory: String,
    /// `true`: store files even if they exist already. Must precede the files.
    #[schema(required = false)]
    keep_duplicates: bool,
    /// When the next file was last changed: milliseconds since 1970. It says when a photo was taken that does not say so
    /// itself.
    #[schema(required = false)]
    last_modified: i64,
}

/// The outcome of an upload.
#[derive(Serialize, ToSchema)]
pub struct UploadBody {
    /// Stored files, in the order they were sent.
    items: Vec<ItemBody>,
    /// Files that were rejected while others were stored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    refused: Vec<RefusedBody>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RefusedFile)]
pub struct RefusedBody {
    name: String,
    code: String,
    message: String,
}

/// Upload files. 201 once all of them are durable. Identical files are stored once.
#[utoipa::path(post, path = "/api/media/upload", tag = "Media",
    request_body(content = UploadForm, content_type = "multipart/form-data"), responses((status = 201, body = UploadBody)))]
pub(super) async fn upload_media(
    caller: ApiUser,
    request: HttpRequest,
    payload: web::Payload,
) -> HandlerResult {
    let target = UploadTarget::Own(caller.auth_session.clone());
    // `None`: this is no browser form, so the body needs no CSRF token.
    let uploaded = receive_files(&caller.services, target, None, &request, payload).await?;
    let mut stored: Vec<(Item, bool)> = Vec::new();

    let mut rejected = Vec::new();

    // The order of files is the order of the form.
    for file in uploaded {
        match file.outcome {
            Ok(Ingested::Stored(item)) => stored.push((*item, false)),
            Ok(Ingested::Duplicate(item)) => stored.push((*item, true)),
            Err(error) => rejected.push((file.name, error)),
        }
    }

    // If nothing was stored, the error of the first file is the response.
    if stored.is_empty() {
        let error = rejected.into_iter().next().map(|(_, error)| error);
        return Err(error
            .unwrap_or_else(|| Error::field("file", "Send at least one file."))
            .into());
    }

    let (auth_session, api) = (caller.auth_session.clone(), caller.api_path());

    // Bodies contain the names of directories.
    let items = run_blocking(&caller.services, move |services| {
        let items: Vec<Item> = stored.iter().map(|(item, _)| item.clone()).collect();
        let names = listings::directory_names(services, &auth_session.user, &items)?;
        Ok(stored
            .into_iter()
            .map(|(item, is_duplicate)| {
                let body = ItemBody::from_item(&item, &names, &api);
                if is_duplicate { body.into_duplicate() } else { body }
            })
            .collect())
    })
    .await?;

    json(StatusCode::CREATED, &UploadBody { items, refused: refused(rejected) })
}

fn refused(rejected: Vec<(String, Error)>) -> Vec<RefusedBody> {
    let body = |(name, error): (String, Error)| RefusedBody {
        name,
        code: error.code().into(),
        message: error.to_string(),
    };
    rejected.into_iter().map(body).collect()
}

/// Files for a folder of another user.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is read part by part; here it is described")]
pub struct SharedUploadForm {
    /// One or more files.
    #[schema(value_type = Vec<String>, format = Binary, min_items = 1)]
    file: Vec<Vec<u8>>,
    /// When the next file was last changed: milliseconds since 1970.
    #[schema(required = false)]
    last_modified: i64,
}

/// Upload files to a shared folder, or one inside of it; needs the level `contribute`. They belong to its owner.
#[utoipa::path(post, path = "/api/shared/{grant}/directories/{directory}/upload", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), ("directory" = String, Path, format = "uuid")),
    request_body(content = SharedUploadForm, content_type = "multipart/form-data"), responses((status = 201, body = UploadBody)))]
pub(super) async fn upload_shared(
    shared: Shared<ApiUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> HandlerResult {
    let (id, caller) = (shared.grant, shared.caller);
    let directory = DirectoryId::parse(&path.1).ok_or(Error::NotFound)?;
    let auth_session = caller.auth_session.clone();
    let target = run_blocking(&caller.services, move |services| {
        shared_uploads::find_target(services, &auth_session.user, id, directory)
    })
    .await?;
    let owner = name_of(&target.owner);
    let services = &caller.services;
    let target = UploadTarget::Shared(caller.auth_session.clone(), Box::new(target));
    let uploaded = receive_files(services, target, None, &request, payload).await?;
    let media = format!("{}/api/shared/{id}/media", services.settings.base_path());
    let (mut items, mut rejected) = (Vec::new(), Vec::new());
    for file in uploaded {
        match file.outcome {
            Ok(Ingested::Stored(item) | Ingested::Duplicate(item)) => {
                items.push(ItemBody::from_other(&item, owner.clone(), &media));
            }
            Err(error) => rejected.push((file.name, error)),
        }
    }
    if items.is_empty() {
        let error = rejected.into_iter().next().map(|(_, error)| error);
        return Err(error
            .unwrap_or_else(|| Error::field("file", "Send at least one file."))
            .into());
    }
    json(StatusCode::CREATED, &UploadBody { items, refused: refused(rejected) })
}
