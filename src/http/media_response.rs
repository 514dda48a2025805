//! An item's bytes or preview as a response, for pages and the API.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::client_info::is_from_proxy;
use super::extract::shared_item::SharedCaller;
use super::response::file::{Caching, FileResponse, file_response};
use super::response::sendfile_body::MAX_SINGLE_PART;
use super::route::HandlerResult;
use crate::domain::library::{album_page, open_item};
use crate::domain::previews::{self, document};
use crate::error::Error;
use crate::http::run_blocking::{run_blocking, services_arc};
use crate::media::sniff::is_shown_inline;
use crate::model::item::ItemKind;
use crate::model::{AlbumId, Item, ItemId, PreviewState, ScanStatus, User};
use crate::msg;
use crate::state::Services;
use crate::state::open_file_cache::{FileSource, FileVariant};

/// Parses the id in a path.
///
/// # Errors
/// `NotFound`.
pub fn parse_id(text: &str) -> Result<ItemId, Error> {
    ItemId::parse(text).ok_or(Error::NotFound)
}

/// Responds with an item's bytes, inline if that is safe and no download was requested.
pub async fn content_response(
    services: &Data<Services>,
    owner: &User,
    request: &HttpRequest,
    id: ItemId,
    is_download: bool,
) -> HandlerResult {
    // A file that is already open needs no blocking call, so it is served without a switch to the blocking pool.
    let source = match find_open_file(services, owner, id, FileVariant::Original) {
        Some(source) => source,
        None => {
            let owner = owner.clone();
            run_blocking(services, move |services| open_item::open(services, &owner, id)).await?
        }
    };
    original_response(services, request, &source, (is_download, false))
}

/// Responds with the bytes of an open file. To others, its tag tells nothing.
pub(super) fn original_response(
    services: &Services,
    request: &HttpRequest,
    source: &FileSource,
    (is_download, is_shared): (bool, bool),
) -> HandlerResult {
    let item = &source.item;
    // Without a charset, browsers would guess the encoding of a text.
    let is_text = item.mime.starts_with("text/");
    let mime = if is_text { format!("{}; charset=utf-8", item.mime) } else { item.mime.clone() };

    // The hash of the content is its ETag.
    let content = FileResponse {
        name: &item.name,
        mime: &mime,
        etag: if is_shared {
            services.link_tokens.shared_tag(&format!("{} without place", item.sha256))
        } else {
            item.sha256.clone()
        },
        modified: (!is_shared).then(|| last_modified(item)),
        size: source.length,
        is_inline: !is_download && is_shown_inline(&item.mime),
        caching: Caching::Revalidate,
        x_accel_path: x_accel_path(services, request, source),
    };
    file_response(request, source, &content)
}

/// The URL of the video of a moving photo below `base`.
#[must_use]
pub fn motion_path(base: &str, item: &Item) -> Option<String> {
    let may_be_served = item.scan != ScanStatus::Pending && !item.is_missing;
    let is_moving = item.motion_item.is_some() || item.motion().is_some();
    (is_moving && may_be_served).then(|| format!("{base}/{}/motion", item.id))
}

/// The URL of a page of a PDF below `base`, without the number of the page.
#[must_use]
pub fn pages_path(base: &str, item: &Item) -> Option<String> {
    document::has_pages(item).then(|| format!("{base}/{}/pages", item.id))
}

/// Responds with a page of a PDF as an image. `version` is as in [`thumbnail_response`].
pub async fn page_response(
    services: &Data<Services>,
    owner: &User,
    (id, page): (ItemId, u32),
    version: Option<&str>,
) -> HandlerResult {
    let services = services_arc(services);
    let rendered = document::render_page(&services, owner, id, page, PREVIEW_TIMEOUT).await?;
    let (item, picture) = rendered;
    let caching = match version {
        Some(version) if version == preview_version(&item) => {
            "private, max-age=31536000, immutable"
        }
        _ => "private, no-cache",
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "image/webp"))
        .insert_header((header::CACHE_CONTROL, caching))
        .body(picture.bytes))
}

/// Responds with the video of a moving photo, whole or as a range.
pub async fn motion_response(
    services: &Data<Services>,
    owner: &User,
    request: &HttpRequest,
    id: ItemId,
) -> HandlerResult {
    let owner = owner.clone();
    let source =
        run_blocking(services, move |services| open_item::open_motion(services, &owner, id));
    let source = source.await?;
    opened_motion_response(request, &source, None)
}

/// Responds with the opened video of a moving photo. To others, its tag tells nothing.
pub(super) fn opened_motion_response(
    request: &HttpRequest,
    source: &FileSource,
    shared_by: Option<&Services>,
) -> HandlerResult {
    // A video of its own, or a part of the photo.
    let is_own = source.item.kind == ItemKind::Video;
    let content = FileResponse {
        name: "motion.mp4",
        mime: if is_own { &source.item.mime } else { "video/mp4" },
        etag: match shared_by {
            Some(services) => {
                services.link_tokens.shared_tag(&format!("{} motion", source.item.sha256))
            }
            None => format!("{}-motion", source.item.sha256),
        },
        modified: shared_by.is_none().then(|| last_modified(&source.item)),
        size: source.length,
        is_inline: true,
        caching: Caching::Revalidate,
        // It is only a part of a file.
        x_accel_path: None,
    };
    file_response(request, source, &content)
}

/// The path under which the proxy in front of the server finds a large file.
fn x_accel_path(services: &Services, request: &HttpRequest, source: &FileSource) -> Option<String> {
    let base = services.settings.x_accel.as_ref()?;
    let is_worth_it = source.length > MAX_SINGLE_PART && is_from_proxy(request, &services.settings);
    // The proxy would send the bytes as they are in the file.
    let is_worth_it = is_worth_it && source.fills.is_empty();
    let location = source.location.as_ref().filter(|_| is_worth_it)?;
    Some(format!("{base}{}", location.url_path()))
}

/// How long a request waits for a preview that is not ready.
const PREVIEW_TIMEOUT: Duration = Duration::from_secs(10);
/// Sides of the squares that previews fit into, in pixels.
pub const SIDES: [(&str, u32); 3] = [("320", 320), ("640", 640), ("1280", 1280)];

/// The size of a full-size view in a URL.
pub const FULL_SIZE: &str = "full";

/// The end of a preview's address below `base`, which changes with its content.
fn version_query(base: &str, item: &Item) -> String {
    version_below(base, item).map(|version| format!("&v={version}")).unwrap_or_default()
}

/// The version in addresses of previews below `base`; `None` for items of others: their previews are asked for again each
/// time, and their hashes are not told.
#[must_use]
pub fn version_below<'a>(base: &str, item: &'a Item) -> Option<&'a str> {
    let is_own = base == "/media" || base.ends_with("/api/media");
    is_own.then(|| preview_version(item))
}

/// The part of a preview's URL that changes with its content.
#[must_use]
pub fn preview_version(item: &Item) -> &str {
    item.sha256.get(..12).unwrap_or_default()
}

/// The URL of an item's full-size view below `base`; `None` if browsers show the file itself, or not even a preview.
#[must_use]
pub fn full_size_path(base: &str, item: &Item) -> Option<String> {
    previews::has_full_size(item)
        .then(|| format!("{base}/{}/thumbnail?size=full{}", item.id, version_query(base, item)))
}

/// The URL of an item's preview below `base`; `None` if there is none, or while the item waits for the scanner.
#[must_use]
pub fn preview_path(base: &str, item: &Item, side: u32) -> Option<String> {
    let is_there = matches!(item.preview, PreviewState::Ready | PreviewState::Waiting);
    let may_be_served = item.scan != ScanStatus::Pending;
    (is_there && may_be_served)
        .then(|| format!("{base}/{}/thumbnail?size={side}{}", item.id, version_query(base, item)))
}

/// Responds with an item's preview in one of the three sizes, 320 by default, or with its full-size view. Waits a limited
/// time for one that is not made yet. `version` is the part of the preview's URL that changes with its content.
pub async fn thumbnail_response(
    services: &Data<Services>,
    owner: &User,
    request: &HttpRequest,
    id: ItemId,
    (size, version): (Option<&str>, Option<&str>),
) -> HandlerResult {
    let source = preview_source(services, owner, id, size).await?;
    let item = &source.item;
    // The content at an address with the current version never changes.
    let caching = if version == Some(preview_version(item)) {
        Caching::Immutable
    } else {
        Caching::Revalidate
    };
    preview_response(request, &source, preview_tag(&source), Some(last_modified(item)), caching)
}

/// The hash of the original with the size of a preview.
pub(super) fn preview_tag(source: &FileSource) -> String {
    // Unknown dimensions count as 0.
    let (width, height) = source.pixels.unwrap_or_default();
    format!("{}-{width}x{height}-{}", source.item.sha256, source.length)
}

/// Opens a preview, and waits a limited time for one that is not made yet.
pub(super) async fn preview_source(
    services: &Data<Services>,
    owner: &User,
    id: ItemId,
    size: Option<&str>,
) -> Result<Arc<FileSource>, Error> {
    let requested = size.filter(|size| !size.is_empty()).unwrap_or("320");

    let side = SIDES.iter().find(|(word, _)| *word == requested).map(|(_, side)| *side);
    let variant = match side {
        Some(side) => FileVariant::Preview(side),
        None if requested == FULL_SIZE => FileVariant::FullSize,
        None => {
            let message = msg!("Thumbnails are 320, 640 or 1280 wide, or \"full\".");
            return Err(Error::field("size", message));
        }
    };
    if let Some(source) = find_open_file(services, owner, id, variant) {
        return Ok(source);
    }
    let services = services_arc(services);
    match side {
        Some(side) => previews::open_when_ready(&services, owner, id, side, PREVIEW_TIMEOUT).await,
        None => previews::open_full_size(&services, owner, id, PREVIEW_TIMEOUT).await,
    }
}

pub(super) fn preview_response(
    request: &HttpRequest,
    source: &FileSource,
    etag: String,
    modified: Option<SystemTime>,
    caching: Caching,
) -> HandlerResult {
    let content = FileResponse {
        name: "preview.webp",
        mime: "image/webp",
        etag,
        modified,
        size: source.length,
        is_inline: true,
        caching,
        // A preview is small compared with its original, so it is not worth letting the proxy send the file.
        x_accel_path: None,
    };
    file_response(request, source, &content)
}

/// The owner of an item that an album of the user shows.
pub async fn owner_in_album<C: SharedCaller>(
    caller: &C,
    album: &str,
    item: &str,
) -> Result<(User, ItemId), Error> {
    let album = AlbumId::parse(album).ok_or(Error::NotFound)?;
    let item = parse_id(item)?;
    let auth_session = caller.auth_session().clone();
    let (owner, item) = run_blocking(caller.services(), move |services| {
        album_page::find_item(services, &auth_session, album, item)
    })
    .await?;
    Ok((owner, item.id))
}

/// Access can end at any time, so browsers ask again each time.
pub fn revalidated(response: HandlerResult) -> HandlerResult {
    let mut response = response?;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

/// Returns the open file of an item, if it was opened for the current version of the library.
fn find_open_file(
    services: &Services,
    owner: &User,
    id: ItemId,
    variant: FileVariant,
) -> Option<Arc<FileSource>> {
    let library = services.library_cache.get_fresh(owner.id)?;
    services.open_file_cache.find(&library, id, variant)
}

fn last_modified(item: &Item) -> SystemTime {
    UNIX_EPOCH
        + Duration::from_secs(
            u64::try_from(item.created_at.assume_utc().unix_timestamp()).unwrap_or(0),
        )
}
