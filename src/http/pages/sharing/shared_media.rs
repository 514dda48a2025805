//! Bytes of items that belong to others: below `/shared/{grant}/media` through a grant, and below `/albums/{album}/media`
//! in an album of the user that others have added to.

use actix_web::{HttpRequest, web};

use crate::domain::library::album_page;
use crate::error::{Error, Result};
use crate::http::extract::shared_item::Shared;
use crate::http::extract::user::CurrentUser;
use crate::http::media_response::{
    FULL_SIZE, content_response, motion_response, page_response, parse_id, reached, revalidated,
    thumbnail_response,
};
use crate::http::pages::library::content::{MediaQuery, PageQuery, ThumbnailQuery};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{AlbumId, Gives, ItemId, User};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/shared/{grant}/media/{item}", || web::route().to(show_media)),
        Route::get("/shared/{grant}/media/{item}/thumbnail", || web::route().to(show_thumbnail)),
        Route::get("/shared/{grant}/media/{item}/motion", || web::route().to(show_motion)),
        Route::get("/shared/{grant}/media/{item}/pages/{page}", || web::route().to(show_page)),
        Route::get("/albums/{album}/media/{item}", || web::route().to(show_album_media)),
        Route::get("/albums/{album}/media/{item}/thumbnail", || {
            web::route().to(show_album_thumbnail)
        }),
        Route::get("/albums/{album}/media/{item}/motion", || web::route().to(show_album_motion)),
        Route::get("/albums/{album}/media/{item}/pages/{page}", || {
            web::route().to(show_album_page)
        }),
    ]
}

/// The owner of an item that an album of the user shows.
async fn owner_in_album(current: &CurrentUser, album: &str, item: &str) -> Result<(User, ItemId)> {
    let album = AlbumId::parse(album).ok_or(Error::NotFound)?;
    let item = parse_id(item)?;
    let auth_session = current.auth_session.clone();
    let (owner, item) = run_blocking(&current.services, move |services| {
        album_page::find_item(services, &auth_session.user, album, item)
    })
    .await?;
    Ok((owner, item.id))
}

async fn show_media(
    shared: Shared<CurrentUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: web::Query<MediaQuery>,
) -> HandlerResult {
    let reached = reached(&shared, &path.1).await?;
    let is_download = !query.download.is_empty();
    reached.require_file(is_download)?;
    let services = &shared.caller.services;
    content_response(services, &reached.owner, &request, reached.item.id, is_download).await
}

async fn show_thumbnail(
    shared: Shared<CurrentUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: web::Query<ThumbnailQuery>,
) -> HandlerResult {
    let reached = reached(&shared, &path.1).await?;
    if query.size.as_deref() == Some(FULL_SIZE) {
        reached.require_file(true)?;
    }
    let (services, which) = (&shared.caller.services, (query.size.as_deref(), None));
    let (owner, id) = (&reached.owner, reached.item.id);
    revalidated(thumbnail_response(services, owner, &request, id, which).await)
}

async fn show_motion(
    shared: Shared<CurrentUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let reached = reached(&shared, &path.1).await?;
    reached.access.require_gives(Gives::Stream)?;
    motion_response(&shared.caller.services, &reached.owner, &request, reached.item.id).await
}

async fn show_page(
    shared: Shared<CurrentUser>,
    path: web::Path<(String, String, String)>,
) -> HandlerResult {
    let reached = reached(&shared, &path.1).await?;
    reached.require_file(true)?;
    let page = path.2.parse().map_err(|_| Error::NotFound)?;
    let which = (reached.item.id, page);
    revalidated(page_response(&shared.caller.services, &reached.owner, which, None).await)
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
