//! Archives of what is reached through a grant or link. Access is checked for each file, because they take long to send.

use std::sync::Arc;

use actix_web::web::Data;

use crate::domain::library::directory_contents;
use crate::domain::sharing::{access, shared_content};
use crate::error::{Error, Result};
use crate::http::pages::library::download_zip::stream_archive;
use crate::http::route::HandlerResult;
use crate::http::run_blocking::run_blocking;
use crate::model::authority::ShareKey;
use crate::model::{AlbumId, DirectoryId, ItemId};
use crate::state::Services;
use crate::state::open_file_cache::FileSource;
use crate::storage::FileName;

/// Opens the file of an item for an archive.
fn open_for_archive(services: &Services, key: ShareKey, item: ItemId) -> Result<Arc<FileSource>> {
    let reached = access::open_item(services, key, item)?;
    reached.require_file(true)?;
    reached.open(services)
}

/// Streams the items of an album as a zip archive with its name.
pub(crate) async fn stream_album(
    services: &Data<Services>,
    slot: impl Send + 'static,
    key: ShareKey,
    album: AlbumId,
) -> HandlerResult {
    let found = run_blocking(services, move |services| {
        shared_content::find_album_to_download(services, key, album)
    })
    .await?;
    let name = format!("{}.zip", FileName::parse_or_unnamed(&found.name));
    stream_archive(services, slot, &name, move |services, archive| {
        archive.add_all(
            "",
            |after| shared_content::list_album_items(services, key, album, after),
            |item| open_for_archive(services, key, item.id),
        )
    })
}

/// Streams a folder, with the folders below it, as a zip archive with its name.
pub(crate) async fn stream_directory(
    services: &Data<Services>,
    slot: impl Send + 'static,
    key: ShareKey,
    directory: DirectoryId,
) -> HandlerResult {
    let (owner, tree) = run_blocking(services, move |services| {
        let owner = shared_content::find_directory_to_download(services, key, directory)?;
        let tree = directory_contents::list_tree(services, &owner, directory)?;
        Ok((owner, tree))
    })
    .await?;
    let root = tree.first().ok_or(Error::NotFound)?;
    let name = format!("{}.zip", root.label());
    stream_archive(services, slot, &name, move |services, archive| {
        archive.add_tree(
            &tree,
            |directory, after| {
                access::open(services, key)?;
                directory_contents::list_items(services, &owner, directory, after)
            },
            |item| open_for_archive(services, key, item.id),
        )
    })
}

/// Streams selected items as a zip archive.
pub(crate) async fn stream_selection(
    services: &Data<Services>,
    slot: impl Send + 'static,
    key: ShareKey,
    ids: Vec<ItemId>,
) -> HandlerResult {
    let chosen = run_blocking(services, move |services| {
        shared_content::list_to_download(services, key, &ids)
    })
    .await?;
    stream_archive(services, slot, "Nexus.zip", move |services, archive| {
        for item in &chosen {
            archive.add(item, "", || open_for_archive(services, key, item.id))?;
        }
        Ok(())
    })
}
