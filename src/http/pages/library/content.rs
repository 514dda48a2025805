//! `/media/{id}`: an item's content, its thumbnail, and the video of a moving photo.

use actix_web::{HttpRequest, web};
use serde::Deserialize;

use crate::error::Error;
use crate::http::extract::user::CurrentUser;
use crate::http::media_response::{
    content_response, motion_response, page_response, parse_id, thumbnail_response,
};
use crate::http::route::{HandlerResult, Route};
use crate::model::Level;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/media/{id}", || web::route().to(show_media)).in_space(Level::View),
        Route::get("/media/{id}/thumbnail", || web::route().to(show_thumbnail))
            .in_space(Level::View),
        Route::get("/media/{id}/motion", || web::route().to(show_motion)).in_space(Level::View),
        Route::get("/media/{id}/pages/{page}", || web::route().to(show_page)).in_space(Level::View),
    ]
}

#[derive(Deserialize)]
pub(crate) struct MediaQuery {
    #[serde(default)]
    pub download: String,
}

/// Responds with an item's file; any text in the query parameter `download` makes the browser save it.
async fn show_media(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    query: web::Query<MediaQuery>,
) -> HandlerResult {
    content_response(
        &current.services,
        current.user(),
        &request,
        parse_id(&path)?,
        !query.download.is_empty(),
    )
    .await
}

#[derive(Deserialize)]
pub(crate) struct ThumbnailQuery {
    pub size: Option<String>,
    pub v: Option<String>,
}

/// Responds with an item's preview; the query parameter `v` is its version, which allows browsers to cache it
/// permanently if it is current.
async fn show_thumbnail(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    query: web::Query<ThumbnailQuery>,
) -> HandlerResult {
    thumbnail_response(
        &current.services,
        current.user(),
        &request,
        parse_id(&path)?,
        (query.size.as_deref(), query.v.as_deref()),
    )
    .await
}

async fn show_motion(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
) -> HandlerResult {
    motion_response(&current.services, current.user(), &request, parse_id(&path)?).await
}

#[derive(Deserialize)]
pub(crate) struct PageQuery {
    pub v: Option<String>,
}

/// Responds with a page of a PDF as an image.
async fn show_page(
    current: CurrentUser,
    path: web::Path<(String, String)>,
    query: web::Query<PageQuery>,
) -> HandlerResult {
    let (id, page) = path.into_inner();
    let page = page.parse().map_err(|_| Error::NotFound)?;
    let which = (parse_id(&id)?, page);
    page_response(&current.services, current.user(), which, query.v.as_deref()).await
}
