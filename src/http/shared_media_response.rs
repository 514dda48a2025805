//! Bytes and previews of what is reached through a grant or link. Their tags tell nothing of the files.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::connections::Connection;
use super::media_response::{
    FULL_SIZE, content_response, opened_motion_response, original_response, page_response,
    parse_id, preview_response, preview_source, preview_tag, revalidated,
};
use super::response::file::Caching;
use super::route::HandlerResult;
use crate::domain::sharing::access::{self, Reached};
use crate::error::Error;
use crate::http::run_blocking::run_blocking;
use crate::model::Gives;
use crate::model::authority::{ShareInUse, ShareKey};
use crate::state::Services;

/// The item of a path that is reached through a grant or link, and its owner.
async fn reached(services: &Data<Services>, key: ShareKey, item: &str) -> Result<Reached, Error> {
    let item = parse_id(item)?;
    run_blocking(services, move |services| access::open_item(services, key, item)).await
}

/// Records what a response gives, so that it ends when that is not given any more.
fn record_use(request: &HttpRequest, reached: &Reached, least: Gives) {
    if let Some(connection) = request.conn_data::<Arc<Connection>>() {
        let item = Some((reached.item.id, least));
        connection.set_share(ShareInUse { key: reached.access.key, item });
    }
}

/// Responds with the bytes of an item that is reached through a grant or link, if these are given.
pub async fn shared_content_response(
    (services, key): (&Data<Services>, ShareKey),
    request: &HttpRequest,
    item: &str,
    is_download: bool,
) -> HandlerResult {
    let reached = reached(services, key, item).await?;
    reached.require_file(is_download)?;
    record_use(request, &reached, reached.least(is_download));
    if reached.access.keeps_location {
        return content_response(services, &reached.owner, request, reached.item.id, is_download)
            .await;
    }
    let source = run_blocking(services, move |services| reached.open(services)).await?;
    original_response(services, request, &source, (is_download, true))
}

/// Responds with the preview of an item that is reached through a grant or link.
pub async fn shared_thumbnail_response(
    (services, key): (&Data<Services>, ShareKey),
    request: &HttpRequest,
    item: &str,
    size: Option<&str>,
) -> HandlerResult {
    let reached = reached(services, key, item).await?;
    if size == Some(FULL_SIZE) {
        reached.require_file(true)?;
    }
    let source = preview_source(services, &reached.owner, reached.item.id, size).await?;
    // The tag of its preview does not tell which file it is.
    let tag = services.link_tokens.shared_tag(&preview_tag(&source));
    preview_response(request, &source, tag, None, Caching::Revalidate)
}

/// Responds with the video of a moving photo that is reached through a grant or link.
pub async fn shared_motion_response(
    (services, key): (&Data<Services>, ShareKey),
    request: &HttpRequest,
    item: &str,
) -> HandlerResult {
    let reached = reached(services, key, item).await?;
    reached.require_gives(Gives::Stream)?;
    record_use(request, &reached, Gives::Stream);
    let source = run_blocking(services, move |services| reached.open_motion(services)).await?;
    opened_motion_response(request, &source, Some(services))
}

/// Responds with a page of a PDF that is reached through a grant or link.
pub async fn shared_page_response(
    (services, key): (&Data<Services>, ShareKey),
    item: &str,
    page: &str,
) -> HandlerResult {
    let reached = reached(services, key, item).await?;
    reached.require_file(true)?;
    let page = page.parse().map_err(|_| Error::NotFound)?;
    revalidated(page_response(services, &reached.owner, (reached.item.id, page), None).await)
}
