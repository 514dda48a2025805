//! Opens the files of items.

use std::fs::File;
use std::sync::Arc;

use super::items::item_location;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::media::location;
use crate::model::{Item, ItemId, ScanStatus, User};
use crate::msg;
use crate::state::Services;
use crate::state::open_file_cache::{FileSource, FileVariant, Lookup};
use crate::storage::FileLocation;
use crate::store;

/// Opens an item's content. A file that is missing or has another length is marked and never served.
///
/// # Errors
/// `NotFound`, `FileMissing`, `BeingChecked` until the malware scanner has found it clean.
pub fn open(services: &Services, user: &User, id: ItemId) -> Result<Arc<FileSource>> {
    let look =
        |conn: &mut Conn| store::items::find_with_path(conn, user.id, id)?.ok_or(Error::NotFound);

    // A file in the cache needs no query for its row and is not opened again; only the library version and the file
    // metadata are checked.
    let (library, (item, path)) =
        match services.find_open_or(user.id, id, FileVariant::Original, look)? {
            Lookup::Open(source) => return Ok(source),
            Lookup::Closed(library, row) => (library, row),
        };

    if item.scan == ScanStatus::Pending {
        return Err(Error::BeingChecked);
    }
    let file_location = FileLocation::new(&user.folder, &path, &item.disk_name);
    let opened = services
        .media_dir
        .open_file(&file_location)
        .and_then(|file| Ok((file.metadata()?.len(), file)));

    // The length is compared each time; the bytes only by `check`.
    let is_whole =
        !item.is_damaged && matches!(&opened, Ok((length, _)) if *length == item.bytes());

    // Equal values are a contradiction: the file is intact but marked as missing, or not intact and not marked. The row
    // is corrected.
    if is_whole == item.is_missing {
        services.write_library(user.id, |conn| {
            Ok(store::items::update_missing(conn, user.id, id, !is_whole)?)
        })?;
    }

    match opened {
        Ok((length, file)) if is_whole => {
            // The content begins at offset 0 of the file.
            let source = Arc::new(FileSource {
                location: Some(file_location),
                ..FileSource::new(item, file, 0, length)
            });
            services.open_file_cache.insert(&library, FileVariant::Original, &source);
            Ok(source)
        }
        Ok(_) => Err(Error::FileMissing),
        Err(cause) => {
            tracing::warn!(item = %id, "a file cannot be opened: {cause}");
            Err(Error::FileMissing)
        }
    }
}

/// The content of an open file without where it was taken.
///
/// # Errors
/// `Forbidden` if it may say so in a way that cannot be replaced, errors of reading.
pub fn without_location(source: Arc<FileSource>, mime: &str) -> Result<Arc<FileSource>> {
    let fills = location::find(&source.file, source.offset, source.length, mime)?;
    match fills {
        Some(fills) if fills.is_empty() => Ok(source),
        Some(fills) => Ok(Arc::new(source.with_fills(fills))),
        None => Err(Error::Forbidden(msg!(
            "This file may say where it was taken, and cannot be given without that."
        ))),
    }
}

/// Opens the video of a moving photo.
///
/// # Errors
/// As [`open`]; `NotFound` if the item is no moving photo.
pub fn open_motion(services: &Services, user: &User, id: ItemId) -> Result<Arc<FileSource>> {
    let photo = open(services, user, id)?;
    if let Some(video) = photo.item.motion_item {
        return open(services, user, video);
    }
    let (offset, length) = photo.item.motion().ok_or(Error::NotFound)?;
    Ok(Arc::new(photo.part(offset, length)))
}

/// Opens an item's file at its current location, and waits for a move in progress if it is not at the one that its row
/// names. Returns `None` if the item does not exist or its file cannot be opened; nothing is marked as missing.
pub(crate) fn open_after_pending_moves(
    services: &Services,
    owner: &User,
    id: ItemId,
) -> Result<Option<File>> {
    let current_location = || {
        services.db.read(|conn| {
            let item = store::items::find(conn, owner.id, id)?;
            item.map(|item| item_location(conn, owner, &item)).transpose()
        })
    };
    let Some(first) = current_location()? else { return Ok(None) };
    if let Ok(file) = services.media_dir.open_file(&first) {
        return Ok(Some(file));
    }
    // The file may be moving: wait for that and look up its location again.
    let _moves_lock = services.lock_moves(owner.id);
    Ok(current_location()?.and_then(|again| services.media_dir.open_file(&again).ok()))
}

/// Whether an item's file exists with the expected length.
pub(crate) fn is_whole(
    services: &Services,
    conn: &mut Conn,
    user: &User,
    item: &Item,
) -> Result<bool> {
    let place = item_location(conn, user, item)?;
    let length = services.media_dir.open_file(&place).and_then(|file| Ok(file.metadata()?.len()));
    Ok(length.is_ok_and(|length| length == item.bytes()))
}
