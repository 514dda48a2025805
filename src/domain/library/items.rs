//! Items: view, open, mark as favorite, rename, move.

use super::edit_details::{self, DetailsChange};
use super::live_photos::{count_requested, find_owned_with_companions};
use super::selection::find_owned;
use super::{search, xmp_due};
use crate::db::Conn;
use crate::domain::file_moves::{self, MovePlan};
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, Result};
use crate::model::authority::Authority;
use crate::model::{Directory, DirectoryId, Item, ItemId, Placement, TimeZone, User, now};
use crate::state::Services;
use crate::storage::file_name::sort_key;
use crate::storage::{FileLocation, FileName};
use crate::store;
use crate::store::shelf_counts::CountDeltas;
use crate::{fill, msg};

/// # Errors
/// `NotFound` if there is none or it belongs to another user.
pub fn find(services: &Services, user: &User, id: ItemId) -> Result<Item> {
    services.db.read(|conn| store::items::find(conn, user.id, id)?.ok_or(Error::NotFound))
}

/// Those of `ids` that belong to the user, with what is kept with them.
///
/// # Errors
/// `NotFound` if none does.
pub fn list_with_companions(services: &Services, user: &User, ids: &[ItemId]) -> Result<Vec<Item>> {
    services.db.read(|conn| find_owned_with_companions(conn, user, ids))
}

/// Those of `ids` that belong to the user.
///
/// # Errors
/// `NotFound` if none does.
pub fn list_of(services: &Services, user: &User, ids: &[ItemId]) -> Result<Vec<Item>> {
    services.db.read(|conn| find_owned(conn, user, ids))
}

/// Marks items as favorites, or not. Returns how many changed.
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

/// Marks items as favorites, or not, in the caller's transaction. Returns how many changed.
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
            Error::field(
                "name",
                msg!("Give it a name of 255 characters at most, without / and \\."),
            )
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
            let (item, from) = find_in_library(conn, user, id)?;
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
                xmp_due::mark_moved(conn, user, &[item.id])?;
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
        .ok_or_else(|| Error::field("directory", msg!("Choose one of your folders.")))?;
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
            let items = find_owned_with_companions(conn, user, ids)?;

            let mut plans = Vec::new();
            for item in items {
                ensure_in_library(&item)?;

                // What is kept with a photo stays where it is if the directory only takes photos.
                let is_requested = ids.contains(&item.id);
                let target = match target_directory(conn, user, directory, &item) {
                    Err(Error::Invalid(_)) if !is_requested => continue,
                    target => target?,
                };
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
            xmp_due::mark_moved(conn, user, ids)?;
            store::directories::update_modified(conn, user.id, &changed, at)?;
            Ok(())
        },
    )?;

    Ok(count_requested(&done, ids))
}

/// Fails if the directory does not accept the item: Favorites, Recents and Trash accept none, other standard
/// directories accept one kind, and users' own accept all.
fn ensure_accepts_kind(target: &Directory, item: &Item) -> Result<()> {
    if target.is_view() {
        let name = &target.directory_name;
        return Err(Error::field(
            "directory",
            fill!("{name} only shows items that are kept elsewhere.", name = name),
        ));
    }

    if target.is_standard() && target.directory_path != item.kind.folder() {
        let (name, kind) = (&target.directory_name, item.kind.as_str());
        return Err(Error::field(
            "directory",
            fill!(
                "{name} does not take a {kind}. Choose {folder} or a folder of your own.",
                name = name,
                kind = kind,
                folder = item.kind.folder()
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

/// # Errors
/// `Conflict` for an item in the trash, or one that was received and not accepted yet.
fn ensure_in_library(item: &Item) -> Result<()> {
    let message = match item.placement {
        Placement::Library => return Ok(()),
        Placement::Trash => fill!("“{name}” is in the trash. Restore it first.", name = item.name),
        Placement::Received => {
            fill!("“{name}” is not in your library yet. Accept it first.", name = item.name)
        }
    };
    Err(Error::Conflict(message))
}

fn find_in_library(conn: &mut Conn, user: &User, id: ItemId) -> Result<(Item, FileLocation)> {
    let item = store::items::find(conn, user.id, id)?.ok_or(Error::NotFound)?;
    ensure_in_library(&item)?;
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
