//! `/api/media/{id}/content`, `…/thumbnail` and `…/motion`: an item's bytes, its previews, and the video of a moving photo.

use actix_web::{HttpRequest, web};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::Query;
use crate::http::media_response;
use crate::http::route::{HandlerResult, Route};
use crate::model::Level;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/media/{id}/content", || web::route().to(get_content))
            .in_space(Level::View),
        Route::get("/api/media/{id}/thumbnail", || web::route().to(get_thumbnail))
            .in_space(Level::View),
        Route::get("/api/media/{id}/motion", || web::route().to(get_motion)).in_space(Level::View),
    ]
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ContentQuery {
    /// Any value: respond as a download.
    download: Option<String>,
}

impl ContentQuery {
    /// Any non-empty value of `download` requests a download.
    pub(super) fn is_download(&self) -> bool {
        self.download.as_ref().is_some_and(|value| !value.is_empty())
    }
}

/// Get an item's bytes, whole or as a range.
#[utoipa::path(get, path = "/api/media/{id}/content", tag = "Media",
    params(("id" = String, Path, format = "uuid"), ContentQuery),
    responses((status = 200, content_type = "*/*"), (status = 206, content_type = "*/*")))]
pub(super) async fn get_content(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<String>,
    Query(query): Query<ContentQuery>,
) -> HandlerResult {
    let is_download = query.is_download();
    media_response::content_response(
        &caller.services,
        caller.user(),
        &request,
        media_response::parse_id(&path)?,
        is_download,
    )
    .await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ThumbnailQuery {
    /// 320, 640 or 1280 pixels. `full` is the whole image, at most 8192 pixels, for formats that browsers do not show; it is
    /// made on request and 404 for others.
    #[param(inline)]
    size: Option<Size>,
    /// As in `thumbnail_url`; the response may then be cached permanently.
    v: Option<String>,
}

impl ThumbnailQuery {
    pub(super) fn side(&self) -> Option<&'static str> {
        self.size.as_ref().map(Size::side)
    }
}

#[derive(Deserialize, utoipa::ToSchema)]
pub enum Size {
    #[serde(rename = "320")]
    Small,
    #[serde(rename = "640")]
    Middle,
    #[serde(rename = "1280")]
    Large,
    #[serde(rename = "full")]
    Full,
}

impl Size {
    const fn side(&self) -> &'static str {
        match self {
            Self::Small => "320",
            Self::Middle => "640",
            Self::Large => "1280",
            Self::Full => "full",
        }
    }
}

/// Get an item's preview; 404 if there is none.
#[utoipa::path(get, path = "/api/media/{id}/thumbnail", tag = "Media",
    params(("id" = String, Path, format = "uuid"), ThumbnailQuery),
    responses((status = 200, content_type = "image/webp"), (status = 206, content_type = "image/webp")))]
pub(super) async fn get_thumbnail(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<String>,
    Query(query): Query<ThumbnailQuery>,
) -> HandlerResult {
    let size = query.side();
    media_response::thumbnail_response(
        &caller.services,
        caller.user(),
        &request,
        media_response::parse_id(&path)?,
        (size, query.v.as_deref()),
    )
    .await
}

/// Get the video of a moving photo, whole or as a range; 404 if the item is none.
#[utoipa::path(get, path = "/api/media/{id}/motion", tag = "Media",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, content_type = "video/mp4"), (status = 206, content_type = "video/mp4")))]
pub(super) async fn get_motion(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<String>,
) -> HandlerResult {
    let id = media_response::parse_id(&path)?;
    media_response::motion_response(&caller.services, caller.user(), &request, id).await
}
