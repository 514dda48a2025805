//! `/api/uploads`: resumable uploads (tus 1.0.0).

use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::uploads::target::UploadTarget;
use crate::http::extract::api_user::ApiUser;
use crate::http::route::{HandlerResult, Route};
use crate::http::tus_upload::{self, TusVersion};
use crate::model::Level;
use crate::state::Services;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::options("/api/uploads", || web::route().to(show_options)),
        Route::post("/api/uploads", || web::route().to(create_upload)).in_space(Level::Contribute),
        Route::head("/api/uploads/{id}", || web::route().to(get_upload))
            .in_space(Level::Contribute),
        Route::patch("/api/uploads/{id}", || web::route().to(append_upload))
            .in_space(Level::Contribute),
        Route::delete("/api/uploads/{id}", || web::route().to(delete_upload))
            .in_space(Level::Contribute),
    ]
}

/// The bytes of a part.
#[derive(utoipa::ToSchema)]
#[schema(as = UploadPart, value_type = String, format = Binary)]
#[expect(dead_code, reason = "it is streamed; here it is described")]
pub struct PartBody(Vec<u8>);

/// Describe the supported extensions.
#[utoipa::path(options, path = "/api/uploads", tag = "Resumable uploads", security(()), responses((status = 204)))]
pub(super) async fn show_options(services: web::Data<Services>) -> HttpResponse {
    tus_upload::options(&services)
}

/// Create an upload. A body is its first part.
#[utoipa::path(post, path = "/api/uploads", tag = "Resumable uploads",
    params(
        ("Tus-Resumable" = String, Header, description = "`1.0.0`.", pattern = "^1\\.0\\.0$"),
        ("Upload-Length" = i64, Header, description = "Bytes in all.", minimum = 0),
        ("Upload-Metadata" = Option<String>, Header,
            description = "`filename`, `directory` (the id of a folder of one's own), `filetype`, `keep_duplicates`; values in Base64."),
    ),
    request_body(content = Option<PartBody>, content_type = "application/offset+octet-stream"),
    responses((status = 201)))]
pub(super) async fn create_upload(
    _: TusVersion,
    caller: ApiUser,
    request: HttpRequest,
    payload: web::Payload,
) -> HandlerResult {
    let target = UploadTarget::Own(caller.auth_session.clone());
    tus_upload::create(&caller.services, &target, "/api/uploads", &request, payload).await
}

/// Get the offset of an upload.
#[utoipa::path(head, path = "/api/uploads/{id}", tag = "Resumable uploads",
    params(("id" = String, Path, format = "uuid"), ("Tus-Resumable" = String, Header, pattern = "^1\\.0\\.0$")),
    responses((status = 200)))]
pub(super) async fn get_upload(
    _: TusVersion,
    caller: ApiUser,
    path: web::Path<String>,
) -> HandlerResult {
    let target = UploadTarget::Own(caller.auth_session.clone());
    tus_upload::show(&caller.services, &target, &path).await
}

/// Append a part at the current offset. What is acknowledged is durable.
#[utoipa::path(patch, path = "/api/uploads/{id}", tag = "Resumable uploads",
    params(
        ("id" = String, Path, format = "uuid"),
        ("Tus-Resumable" = String, Header, pattern = "^1\\.0\\.0$"),
        ("Upload-Offset" = i64, Header, description = "Where the part begins.", minimum = 0),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256`, a space, the digest in Base64."),
    ),
    request_body(content = PartBody, content_type = "application/offset+octet-stream"),
    responses((status = 204)))]
pub(super) async fn append_upload(
    _: TusVersion,
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<String>,
    payload: web::Payload,
) -> HandlerResult {
    let target = UploadTarget::Own(caller.auth_session.clone());
    tus_upload::append_part(&caller.services, &target, &path, &request, payload).await
}

/// Cancel an upload. Its bytes are deleted, unless it has become an item.
#[utoipa::path(delete, path = "/api/uploads/{id}", tag = "Resumable uploads",
    params(("id" = String, Path, format = "uuid"), ("Tus-Resumable" = String, Header, pattern = "^1\\.0\\.0$")),
    responses((status = 204)))]
pub(super) async fn delete_upload(
    _: TusVersion,
    caller: ApiUser,
    path: web::Path<String>,
) -> HandlerResult {
    let target = UploadTarget::Own(caller.auth_session.clone());
    tus_upload::delete(&caller.services, &target, &path).await
}
