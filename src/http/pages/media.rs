//! `/media/{id}`: an item's bytes, and its thumbnail.

use std::time::{Duration, UNIX_EPOCH};

use actix_web::{HttpRequest, web};
use serde::Deserialize;

use crate::domain::items::{self, Opened};
use crate::error::Error;
use crate::http::bytes::{Described, serve};
use crate::http::route::{Answer, Route, act};
use crate::http::visitor::SignedIn;
use crate::media::sniff::is_shown_inline;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/media/{id}", || web::route().to(show_media)),
        Route::get("/media/{id}/thumbnail", || web::route().to(show_thumbnail)),
    ]
}

#[derive(Deserialize)]
struct MediaQuery {
    #[serde(default)]
    download: String,
}

async fn show_media(at: SignedIn, request: HttpRequest, path: web::Path<String>, query: web::Query<MediaQuery>) -> Answer {
    let opened = open(&at, &path).await?;
    let is_inline = query.download.is_empty() && is_shown_inline(&opened.item.mime);
    answer(&request, opened, is_inline)
}

#[derive(Deserialize)]
struct ThumbnailQuery {
    #[serde(default)]
    size: String,
}

/// A picture a browser can draw is its own thumbnail; other things have none.
async fn show_thumbnail(
    at: SignedIn,
    request: HttpRequest,
    path: web::Path<String>,
    query: web::Query<ThumbnailQuery>,
) -> Answer {
    if !matches!(query.size.as_str(), "" | "320" | "640" | "1280") {
        return Err(Error::BadRequest("Thumbnails are 320, 640 or 1280 wide.".into()).into());
    }
    let opened = open(&at, &path).await?;
    if super::view::picture_of(&opened.item).is_none() {
        return Err(Error::NotFound.into());
    }
    answer(&request, opened, true)
}

async fn open(at: &SignedIn, path: &str) -> Result<Opened, Error> {
    let id = super::items::parse(path)?;
    let presence = at.presence.clone();
    act(&at.services, move |services| items::open(services, &presence.user, id)).await
}

fn answer(request: &HttpRequest, Opened { item, file }: Opened, is_inline: bool) -> Answer {
    let seconds = item.created_at.assume_utc().unix_timestamp();
    let text = item.mime.starts_with("text/");
    let mime = if text { format!("{}; charset=utf-8", item.mime) } else { item.mime.clone() };
    let about = Described {
        name: &item.name,
        mime: &mime,
        etag: item.sha256.clone(),
        modified: UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
        size: item.bytes(),
        is_inline,
    };
    serve(request, file, &about)
}
