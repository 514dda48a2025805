//! `/api/media/upload`: multipart uploads.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::bodies::ItemBody;
use super::respond::json;
use crate::domain::library::listings;
use crate::error::Error;
use crate::http::extract::api_user::ApiUser;
use crate::http::multipart_upload::receive_files;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::Item;
use crate::state::ingest_queue::Ingested;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/api/media/upload", || web::route().to(upload_media))]
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
    // `None`: this is no browser form, so the body needs no CSRF token.
    let uploaded =
        receive_files(&caller.services, &caller.auth_session, None, &request, payload).await?;
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

    let auth_session = caller.auth_session.clone();

    // Bodies contain the names of directories.
    let items = run_blocking(&caller.services, move |services| {
        let items: Vec<Item> = stored.iter().map(|(item, _)| item.clone()).collect();
        let names = listings::directory_names(services, &auth_session.user, &items)?;
        Ok(stored
            .into_iter()
            .map(|(item, is_duplicate)| {
                let body = ItemBody::from_item(&item, &names, services.settings.base_path());
                if is_duplicate { body.into_duplicate() } else { body }
            })
            .collect())
    })
    .await?;

    let rejected = rejected
        .into_iter()
        .map(|(name, error)| RefusedBody {
            name,
            code: error.code().into(),
            message: error.to_string(),
        })
        .collect();
    json(StatusCode::CREATED, &UploadBody { items, refused: rejected })
}
