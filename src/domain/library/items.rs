//! Items: view, open, mark as favourite, rename, move.

use std::fs::File;
use std::sync::Arc;

use super::edit_details::{self, DetailsChange};
use super::search;
use super::selection::find_owned;
use crate::db::Conn;
use crate::domain::file_moves::{self, MovePlan};
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, Result};
use crate::model::authority::Authority;
use crate::model::{Directory, DirectoryId, Item, ItemId, ScanStatus, TimeZone, User, now};
use crate::state::Services;
use crate::state::open_file_cache::{FileSource, FileVariant, Lookup};
use crate::storage::file_name::sort_key;
use crate::storage::{FileLocation, FileName};
use crate::store;
use crate::store::shelf_counts::CountDeltas;

/// # Errors
/// `NotFound` if there is none or it belongs to another user.
pub fn find(services: &Services, user: &User, id: ItemId) -> Result<Item> {
    services.db.read(|conn| store::items::find(conn, user.id, id)?.ok_or(Error::NotFound))
}

/// Those of `ids` that belong to the user.
///
/// # Errors
/// `NotFound` if none does.
pub fn list_of(services: &Services, user: &User, ids: &[ItemId]) -> Result<Vec<Item>> {
    services.db.read(|conn| find_owned(conn, user, ids))
}

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

/// Marks items as favourites, or not. Returns how many changed.
///
/// # Errors
/// `NotFound` if none of them belongs to the user.
pub fn set_favorite(
    services: &Services,
    authority: &Authority<'_>,
    ids: &[ItemId],
    is_favorite: bool,
) -> Result<usize> {
    let user = authority.user;
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let items = find_owned(conn, user, ids)?;
        set_favorite_rows(conn, user, items, is_favorite)
    })
}

/// Marks items as favourites, or not, in the caller's transaction. Returns how many changed.
fn set_favorite_rows(
    conn: &mut Conn,
    user: &User,
    items: Vec<Item>,
    is_favorite: bool,
) -> Result<usize> {
    let at = now();
    let mut deltas = CountDeltas::default();

    let mut changed = 0;
    for item in items {
        if store::items::update_favorite(conn, user.id, item.id, is_favorite, at)? == 1 {
            // The counters lose the item in its old state and gain it in its new one.
            deltas.subtract(&item);
            deltas.add(&Item { favorite: is_favorite, ..item });
            changed += 1;
        }
    }

    if changed > 0 {
        deltas.write(conn, user.id)?;
        store::directories::update_modified_at(conn, user.id, "Favorites", at)?;
    }
    Ok(changed)
}

/// Changes to one item; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct ItemChange {
    pub name: Option<String>,
    pub favorite: Option<bool>,
    pub directory: Option<DirectoryId>,
    pub details: DetailsChange,
}

/// Renames, moves and marks one item: all of the changes or none. A taken name gets a number.
///
/// # Errors
/// `Invalid` for a bad name or an unsuitable directory, `NotFound`,
/// `Conflict` for renaming or moving in the trash.
pub fn change(
    services: &Services,
    authority: &Authority<'_>,
    id: ItemId,
    change: &ItemChange,
) -> Result<Item> {
    let user = authority.user;
    let wanted_name = match &change.name {
        Some(name) => Some(FileName::parse_typed(name).ok_or_else(|| {
            Error::field("name", "Give it a name of 255 characters at most, without / and \\.")
        })?),
        None => None,
    };

    let (details, zone) = (change.details.clone().validated()?, services.time_zone(user));
    // Without a file to move, no journal is needed.
    if wanted_name.is_none() && change.directory.is_none() {
        return services.write_library(user.id, |conn| {
            authorize(conn, authority.key(), Need::Active)?;
            let item = store::items::find(conn, user.id, id)?.ok_or(Error::NotFound)?;
            change_rows(conn, user, &zone, &item, change.favorite, &details)?;
            store::items::find(conn, user.id, id)?.ok_or(Error::NotFound)
        });
    }

    let target =
        |conn: &mut Conn, item: &Item| match change.directory.filter(|id| *id != item.directory_id)
        {
            Some(id) => target_directory(conn, user, id, item).map(Some),
            None => Ok(None),
        };

    // Renaming and moving are one rename on disk.
    file_moves::move_files(
        services,
        user.id,
        |conn| {
            authorize(conn, authority.key(), Need::Active)?;
            let (item, from) = ensure_not_trashed(conn, user, id)?;
            // Without a new name, the item keeps its own.
            let wanted_name =
                wanted_name.clone().unwrap_or_else(|| FileName::parse_or_unnamed(&item.name));
            let to = match target(conn, &item)? {
                Some(target) => {
                    FileLocation::new(&user.folder, &target.directory_path, wanted_name.as_str())
                }
                // The directory stays; the name is taken from `wanted_name`.
                None => from.clone(),
            };
            Ok(vec![MovePlan { subject: item.id.0, from, to, wanted_name, can_rename: true }])
        },
        |conn, batch| {
            for done in batch {
                let before = store::items::find(conn, user.id, ItemId(done.subject))?
                    .ok_or(Error::NotFound)?;
                let directory_id = target(conn, &before)?
                    .map_or(before.directory_id, |target| target.directory_id);
                let changed = [before.directory_id, directory_id];
                let item = with_name(Item { directory_id, ..before }, &done.name);
                store::items::update_place(conn, &item)?;
                // The search index contains the name.
                search::reindex(conn, &item)?;

                // In the same transaction as the move.
                change_rows(conn, user, &zone, &item, change.favorite, &details)?;
                store::directories::update_modified(conn, user.id, &changed, item.updated_at)?;
            }
            Ok(())
        },
    )?;
    find(services, user, id)
}

/// Marks an item and changes its details, in the caller's transaction.
fn change_rows(
    conn: &mut Conn,
    user: &User,
    zone: &TimeZone,
    item: &Item,
    favorite: Option<bool>,
    details: &DetailsChange,
) -> Result<()> {
    if let Some(is_favorite) = favorite {
        set_favorite_rows(conn, user, vec![item.clone()], is_favorite)?;
    }
    if details.is_empty() {
        return Ok(());
    }
    // Read again, because the mark has changed the row and its counters.
    let item = store::items::find(conn, user.id, item.id)?.ok_or(Error::NotFound)?;
    edit_details::apply(conn, user, zone, &[item], details)
}

/// The user's directory, if it accepts the item.
fn target_directory(
    conn: &mut Conn,
    user: &User,
    id: DirectoryId,
    item: &Item,
) -> Result<Directory> {
    let target = store::directories::find(conn, user.id, id)?
        .ok_or_else(|| Error::field("directory", "Choose one of your folders."))?;
    ensure_accepts_kind(&target, item)?;
    Ok(target)
}

/// Moves items into a user's directory, or the standard one for their kind. Returns how many moved.
///
/// # Errors
/// `Invalid` for an unsuitable directory; `Conflict` for an item in the trash or one that is being moved; `NotFound`.
pub fn move_items(
    services: &Services,
    authority: &Authority<'_>,
    ids: &[ItemId],
    directory: DirectoryId,
) -> Result<usize> {
    let user = authority.user;
    let done = file_moves::move_files(
        services,
        user.id,
        |conn| {
            authorize(conn, authority.key(), Need::Active)?;
            // Check ownership first, so that the directory's error reveals nothing about items of others.
            let items = find_owned(conn, user, ids)?;

            let mut plans = Vec::new();
            for item in items {
                if item.in_trash {
                    return Err(Error::Conflict(format!(
                        "“{}” is in the trash. Restore it first.",
                        item.name
                    )));
                }

                let target = target_directory(conn, user, directory, &item)?;
                if item.directory_id == target.directory_id {
                    // The item is in that directory already.
                    continue;
                }
                let from = item_location(conn, user, &item)?;
                let to = FileLocation::new(&user.folder, &target.directory_path, &item.name);
                let wanted_name = FileName::parse_or_unnamed(&item.name);
                plans.push(MovePlan {
                    subject: item.id.0,
                    from,
                    to,
                    wanted_name,
                    can_rename: true,
                });
            }
            Ok(plans)
        },
        // Rows, search index and the dates of all affected directories change together.
        |conn, batch| {
            let mut changed = vec![directory];
            let at = now();
            for done in batch {
                let item = store::items::find(conn, user.id, ItemId(done.subject))?
                    .ok_or(Error::NotFound)?;
                changed.push(item.directory_id);
                let item = with_name(Item { directory_id: directory, ..item }, &done.name);
                store::items::update_place(conn, &item)?;
                search::reindex(conn, &item)?;
            }
            store::directories::update_modified(conn, user.id, &changed, at)?;
            Ok(())
        },
    )?;

    Ok(done.len())
}

/// Fails if the directory does not accept the item: Favorites, Recents and Trash accept none, other standard
/// directories accept one kind, and users' own accept all.
fn ensure_accepts_kind(target: &Directory, item: &Item) -> Result<()> {
    if target.is_view() {
        let name = &target.directory_name;
        return Err(Error::field(
            "directory",
            format!("{name} only shows things that are kept elsewhere."),
        ));
    }

    if target.is_standard() && target.directory_path != item.kind.folder() {
        let (name, kind) = (&target.directory_name, item.kind.as_str());
        return Err(Error::field(
            "directory",
            format!(
                "{name} does not take a {kind}. Choose {} or a folder of your own.",
                item.kind.folder()
            ),
        ));
    }
    Ok(())
}

/// The location of an item's file.
pub(crate) fn item_location(conn: &mut Conn, user: &User, item: &Item) -> Result<FileLocation> {
    let directory =
        store::directories::find(conn, user.id, item.directory_id)?.ok_or(Error::NotFound)?;
    Ok(FileLocation::new(&user.folder, &directory.directory_path, &item.disk_name))
}

fn ensure_not_trashed(conn: &mut Conn, user: &User, id: ItemId) -> Result<(Item, FileLocation)> {
    let item = store::items::find(conn, user.id, id)?.ok_or(Error::NotFound)?;
    if item.in_trash {
        return Err(Error::Conflict("It is in the trash. Restore it first.".into()));
    }
    let place = item_location(conn, user, &item)?;
    Ok((item, place))
}

/// Returns the item with another name, both displayed and on disk.
pub(crate) fn with_name(item: Item, name: &FileName) -> Item {
    Item {
        name: name.as_str().to_owned(),
        name_key: sort_key(name.as_str()),
        disk_name: name.as_str().to_owned(),
        updated_at: now(),
        ..item
    }
}
