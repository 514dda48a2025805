//! Bytes of items that belong to others: below `/api/shared/{grant}/media` through a grant, and below
//! `/api/albums/{album}/media` in an album of the user that others have added to; and copies of them.

use actix_web::{HttpRequest, web};

use super::album_items::{AddedBody, AlbumSelectionBody};
use super::albums::parse_ids;
use super::content::{ContentQuery, ThumbnailQuery};
use super::respond::ok;
use crate::domain::uploads::keep_copies;
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::{Json, Query};
use crate::http::extract::shared_item::Shared;
use crate::http::media_response::{
    content_response, motion_response, owner_in_album, revalidated, thumbnail_response,
};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::shared_media_response::{
    shared_content_response, shared_motion_response, shared_thumbnail_response,
};
use crate::model::Level;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/shared/{grant}/keep", || web::route().to(keep_shared)),
        Route::get("/api/shared/{grant}/media/{item}/content", || {
            web::route().to(get_shared_content)
        }),
        Route::get("/api/shared/{grant}/media/{item}/thumbnail", || {
            web::route().to(get_shared_thumbnail)
        }),
        Route::get("/api/shared/{grant}/media/{item}/motion", || {
            web::route().to(get_shared_motion)
        }),
        Route::get("/api/albums/{album}/media/{item}/content", || {
            web::route().to(get_album_content)
        })
        .in_space(Level::View),
        Route::get("/api/albums/{album}/media/{item}/thumbnail", || {
            web::route().to(get_album_thumbnail)
        })
        .in_space(Level::View),
        Route::get("/api/albums/{album}/media/{item}/motion", || web::route().to(get_album_motion))
            .in_space(Level::View),
    ]
}

/// Get the bytes of an item that another user shares, whole or as a range. 403 if only previews are shared.
#[utoipa::path(get, path = "/api/shared/{grant}/media/{item}/content", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), ("item" = String, Path, format = "uuid"), ContentQuery),
    responses((status = 200, content_type = "*/*"), (status = 206, content_type = "*/*")))]
pub(super) async fn get_shared_content(
    shared: Shared<ApiUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    Query(query): Query<ContentQuery>,
) -> HandlerResult {
    let through = (&shared.caller.services, shared.access.key);
    shared_content_response(through, &request, &path.1, query.is_download()).await
}

/// Get the preview of an item that another user shares; 404 if there is none.
#[utoipa::path(get, path = "/api/shared/{grant}/media/{item}/thumbnail", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), ("item" = String, Path, format = "uuid"), ThumbnailQuery),
    responses((status = 200, content_type = "image/webp"), (status = 206, content_type = "image/webp")))]
pub(super) async fn get_shared_thumbnail(
    shared: Shared<ApiUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    Query(query): Query<ThumbnailQuery>,
) -> HandlerResult {
    let through = (&shared.caller.services, shared.access.key);
    shared_thumbnail_response(through, &request, &path.1, query.side()).await
}

/// Get the video of a moving photo that another user shares.
#[utoipa::path(get, path = "/api/shared/{grant}/media/{item}/motion", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), ("item" = String, Path, format = "uuid")),
    responses((status = 200, content_type = "video/mp4"), (status = 206, content_type = "video/mp4")))]
pub(super) async fn get_shared_motion(
    shared: Shared<ApiUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let through = (&shared.caller.services, shared.access.key);
    shared_motion_response(through, &request, &path.1).await
}

/// Get the bytes of an item of an album that anybody has added to it.
#[utoipa::path(get, path = "/api/albums/{album}/media/{item}/content", tag = "Albums",
    params(("album" = String, Path, format = "uuid"), ("item" = String, Path, format = "uuid"), ContentQuery),
    responses((status = 200, content_type = "*/*"), (status = 206, content_type = "*/*")))]
pub(super) async fn get_album_content(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    Query(query): Query<ContentQuery>,
) -> HandlerResult {
    let (owner, id) = owner_in_album(&caller, &path.0, &path.1).await?;
    content_response(&caller.services, &owner, &request, id, query.is_download()).await
}

/// Get the preview of an item of an album that anybody has added to it.
#[utoipa::path(get, path = "/api/albums/{album}/media/{item}/thumbnail", tag = "Albums",
    params(("album" = String, Path, format = "uuid"), ("item" = String, Path, format = "uuid"), ThumbnailQuery),
    responses((status = 200, content_type = "image/webp"), (status = 206, content_type = "image/webp")))]
pub(super) async fn get_album_thumbnail(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    Query(query): Query<ThumbnailQuery>,
) -> HandlerResult {
    let (owner, id) = owner_in_album(&caller, &path.0, &path.1).await?;
    let which = (query.side(), None);
    revalidated(thumbnail_response(&caller.services, &owner, &request, id, which).await)
}

/// Get the video of a moving photo of an album that anybody has added to it.
#[utoipa::path(get, path = "/api/albums/{album}/media/{item}/motion", tag = "Albums",
    params(("album" = String, Path, format = "uuid"), ("item" = String, Path, format = "uuid")),
    responses((status = 200, content_type = "video/mp4"), (status = 206, content_type = "video/mp4")))]
pub(super) async fn get_album_motion(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let (owner, id) = owner_in_album(&caller, &path.0, &path.1).await?;
    motion_response(&caller.services, &owner, &request, id).await
}

/// Store copies of shared items in the user's own library; needs originals. They count towards the user's quota.
#[utoipa::path(post, path = "/api/shared/{grant}/keep", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid")), request_body = AlbumSelectionBody,
    responses((status = 200, body = AddedBody)))]
pub(super) async fn keep_shared(
    shared: Shared<ApiUser>,
    Json(body): Json<AlbumSelectionBody>,
) -> HandlerResult {
    let (id, caller) = (shared.grant, shared.caller);
    let (auth_session, ids) = (caller.auth_session.clone(), parse_ids(&body.ids)?);
    let kept = run_blocking(&caller.services, move |services| {
        keep_copies::keep(services, &auth_session.authority(), id, &ids)
    })
    .await?;
    ok(&AddedBody { added: kept.added, already_there: kept.already_there, left_out: kept.left_out })
}
