//! An item's bytes as an answer: what `/media/{id}` and its twin in the API share.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::bytes::{Described, serve};
use super::route::{Answer, act};
use crate::domain::Services;
use crate::domain::items::{self, Opened};
use crate::domain::session_cache::Presence;
use crate::error::Error;
use crate::media::sniff::is_shown_inline;
use crate::model::item::ItemKind;
use crate::model::{Item, ItemId, Scan};

/// The id in a path; what is none is nothing.
///
/// # Errors
/// `NotFound`.
pub fn parse_id(text: &str) -> Result<ItemId, Error> {
    ItemId::parse(text).ok_or(Error::NotFound)
}

/// The bytes of an item, shown in place where that is safe and no download was asked for.
pub async fn content(
    services: &Data<Services>,
    presence: &Arc<Presence>,
    request: &HttpRequest,
    id: &str,
    is_download: bool,
) -> Answer {
    let opened = open(services, presence, id).await?;
    let is_inline = !is_download && is_shown_inline(&opened.item.mime);
    answer(request, opened, is_inline)
}

/// Whether a browser can draw the item, so that it is its own thumbnail.
#[must_use]
pub fn is_drawn(item: &Item) -> bool {
    item.kind == ItemKind::Photo && is_shown_inline(&item.mime) && !item.is_missing && item.scan != Scan::Pending
}

/// A picture a browser can draw is its own thumbnail; other things have none.
pub async fn thumbnail(
    services: &Data<Services>,
    presence: &Arc<Presence>,
    request: &HttpRequest,
    id: &str,
    size: Option<&str>,
) -> Answer {
    if !matches!(size.unwrap_or_default(), "" | "320" | "640" | "1280") {
        return Err(Error::field("size", "Thumbnails are 320, 640 or 1280 wide.").into());
    }
    let opened = open(services, presence, id).await?;
    if !is_drawn(&opened.item) {
        return Err(Error::NotFound.into());
    }
    answer(request, opened, true)
}

async fn open(services: &Data<Services>, presence: &Arc<Presence>, id: &str) -> Result<Opened, Error> {
    let (id, presence) = (parse_id(id)?, presence.clone());
    act(services, move |services| items::open(services, &presence.user, id)).await
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
