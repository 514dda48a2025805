//! Bytes of what a share link shows, and archives of it.

use actix_web::http::header::CONTENT_RANGE;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, web};

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::domain::sharing::share_link_visits;
use crate::error::Error;
use crate::http::extract::form::Form;
use crate::http::extract::share_link::{LinkAddress, LinkVisit};
use crate::http::media_response::FULL_SIZE;
use crate::http::pages::library::content::{MediaQuery, ThumbnailQuery};
use crate::http::pages::library::item_actions::SelectedItems;
use crate::http::pages::sharing::shared_archives::{
    stream_album, stream_directory, stream_selection,
};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::shared_media_response::{
    shared_content_response, shared_motion_response, shared_page_response,
    shared_thumbnail_response,
};
use crate::model::{AlbumId, DirectoryId, Subject};
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/s/{token}/media/{item}", || web::route().to(show_media)),
        Route::get("/s/{token}/media/{item}/thumbnail", || web::route().to(show_thumbnail)),
        Route::get("/s/{token}/media/{item}/motion", || web::route().to(show_motion)),
        Route::get("/s/{token}/media/{item}/pages/{page}", || web::route().to(show_page)),
        Route::post("/s/{token}/download", || web::route().to(submit_download)),
        Route::post("/s/{token}/download-all", || web::route().to(submit_download_all)),
    ]
}

async fn show_media(
    LinkVisit(visit): LinkVisit,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: web::Query<MediaQuery>,
) -> HandlerResult {
    let is_download = !query.download.is_empty();
    let through = (&visit.services, visit.key());
    let response = shared_content_response(through, &request, &path.1, is_download).await?;
    // A download is counted once, whatever parts of it are asked for.
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let is_beginning = match response.status() {
        StatusCode::OK => true,
        StatusCode::PARTIAL_CONTENT => range.is_some_and(|range| range.starts_with("bytes 0-")),
        _ => false,
    };
    if is_download && is_beginning && request.method() == Method::GET {
        count_download(&visit).await?;
    }
    Ok(response)
}

async fn show_thumbnail(
    LinkVisit(visit): LinkVisit,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: web::Query<ThumbnailQuery>,
) -> HandlerResult {
    let through = (&visit.services, visit.key());
    let is_full = query.size.as_deref() == Some(FULL_SIZE);
    let _turn = if is_full { Some(visitor_turn(&visit).await?) } else { None };
    shared_thumbnail_response(through, &request, &path.1, query.size.as_deref()).await
}

async fn show_motion(
    LinkVisit(visit): LinkVisit,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    shared_motion_response((&visit.services, visit.key()), &request, &path.1).await
}

async fn show_page(
    LinkVisit(visit): LinkVisit,
    path: web::Path<(String, String, String)>,
) -> HandlerResult {
    let _turn = visitor_turn(&visit).await?;
    shared_page_response((&visit.services, visit.key()), &path.1, &path.2).await
}

/// The turn of a visitor to have something rendered: one at a time, so that users wait for one visitor at most.
async fn visitor_turn(visit: &LinkAddress) -> Result<OwnedSemaphorePermit, Error> {
    /// How long a visitor waits.
    const TIMEOUT: Duration = Duration::from_secs(10);
    let waited =
        tokio::time::timeout(TIMEOUT, visit.services.visitor_render_slots.clone().acquire_owned());
    let turn = waited.await.ok().and_then(Result::ok);
    turn.ok_or(Error::Unavailable(msg!("Too many previews are being made at once.")))
}

/// Streams selected items as a zip archive.
async fn submit_download(
    LinkVisit(visit): LinkVisit,
    Form(form): Form<SelectedItems>,
) -> HandlerResult {
    let slot = visit.archive_slot()?;
    let response = stream_selection(&visit.services, slot, visit.key(), form.ids()?).await?;
    count_download(&visit).await?;
    Ok(response)
}

/// What is to be downloaded; nothing for everything that the link shows.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct DownloadAllForm {
    #[serde(default)]
    album: String,
    #[serde(default)]
    directory: String,
}

/// Streams an album or folder as a zip archive.
async fn submit_download_all(
    LinkVisit(visit): LinkVisit,
    Form(form): Form<DownloadAllForm>,
) -> HandlerResult {
    let (services, key) = (&visit.services, visit.key());
    let slot = visit.archive_slot()?;
    let response = match visit.open.access.subject {
        Subject::Album(top) => {
            let inside = (!form.album.is_empty()).then(|| AlbumId::parse(&form.album));
            let album = inside.unwrap_or(Some(top)).ok_or(Error::NotFound)?;
            stream_album(services, slot, key, album).await
        }
        Subject::Directory(top) => {
            let inside = (!form.directory.is_empty()).then(|| DirectoryId::parse(&form.directory));
            let directory = inside.unwrap_or(Some(top)).ok_or(Error::NotFound)?;
            stream_directory(services, slot, key, directory).await
        }
        Subject::Item(item) => stream_selection(services, slot, key, vec![item]).await,
        Subject::Library(_) => Err(Error::NotFound.into()),
    }?;
    count_download(&visit).await?;
    Ok(response)
}

async fn count_download(visit: &LinkAddress) -> Result<(), Error> {
    let id = visit.open.link.id;
    run_blocking(&visit.services, move |services| share_link_visits::count_download(services, id))
        .await
}
