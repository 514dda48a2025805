//! Bytes of items that belong to others: below `/shared/{grant}/media` through a grant, and below `/albums/{album}/media`
//! in an album of the user that others have added to.

use actix_web::{HttpRequest, web};

use crate::error::Error;
use crate::http::extract::shared_item::Shared;
use crate::http::extract::user::CurrentUser;
use crate::http::media_response::{
    content_response, motion_response, owner_in_album, page_response, revalidated,
    thumbnail_response,
};
use crate::http::pages::library::content::{MediaQuery, PageQuery, ThumbnailQuery};
use crate::http::route::{HandlerResult, Route};
use crate::http::shared_media_response::{
    shared_content_response, shared_motion_response, shared_page_response,
    shared_thumbnail_response,
};
use crate::model::Level;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/shared/{grant}/media/{item}", || web::route().to(show_media)),
        Route::get("/shared/{grant}/media/{item}/thumbnail", || web::route().to(show_thumbnail)),
        Route::get("/shared/{grant}/media/{item}/motion", || web::route().to(show_motion)),
        Route::get("/shared/{grant}/media/{item}/pages/{page}", || web::route().to(show_page)),
        Route::get("/albums/{album}/media/{item}", || web::route().to(show_album_media))
            .in_space(Level::View),
        Route::get("/albums/{album}/media/{item}/thumbnail", || {
            web::route().to(show_album_thumbnail)
        })
        .in_space(Level::View),
        Route::get("/albums/{album}/media/{item}/motion", || web::route().to(show_album_motion))
            .in_space(Level::View),
        Route::get("/albums/{album}/media/{item}/pages/{page}", || {
            web::route().to(show_album_page)
        })
        .in_space(Level::View),
    ]
}

async fn show_media(
    shared: Shared<CurrentUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: web::Query<MediaQuery>,
) -> HandlerResult {
    let through = (&shared.caller.services, shared.access.key);
    shared_content_response(through, &request, &path.1, !query.download.is_empty()).await
}

async fn show_thumbnail(
    shared: Shared<CurrentUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: web::Query<ThumbnailQuery>,
) -> HandlerResult {
    let through = (&shared.caller.services, shared.access.key);
    shared_thumbnail_response(through, &request, &path.1, query.size.as_deref()).await
}

async fn show_motion(
    shared: Shared<CurrentUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let through = (&shared.caller.services, shared.access.key);
    shared_motion_response(through, &request, &path.1).await
}

async fn show_page(
    shared: Shared<CurrentUser>,
    path: web::Path<(String, String, String)>,
) -> HandlerResult {
    shared_page_response((&shared.caller.services, shared.access.key), &path.1, &path.2).await
}

async fn show_album_media(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: web::Query<MediaQuery>,
) -> HandlerResult {
    let (owner, id) = owner_in_album(&current, &path.0, &path.1).await?;
    let is_download = !query.download.is_empty();
    content_response(&current.services, &owner, &request, id, is_download).await
}

async fn show_album_thumbnail(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: web::Query<ThumbnailQuery>,
) -> HandlerResult {
    let (owner, id) = owner_in_album(&current, &path.0, &path.1).await?;
    let which = (query.size.as_deref(), None);
    revalidated(thumbnail_response(&current.services, &owner, &request, id, which).await)
}

async fn show_album_motion(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let (owner, id) = owner_in_album(&current, &path.0, &path.1).await?;
    motion_response(&current.services, &owner, &request, id).await
}

async fn show_album_page(
    current: CurrentUser,
    path: web::Path<(String, String, String)>,
    query: web::Query<PageQuery>,
) -> HandlerResult {
    let (owner, id) = owner_in_album(&current, &path.0, &path.1).await?;
    let page = path.2.parse().map_err(|_| Error::NotFound)?;
    let version = query.v.as_deref();
    revalidated(page_response(&current.services, &owner, (id, page), version).await)
}
