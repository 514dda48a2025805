//! The trash: items stay in it until they are restored, deleted permanently, or expire.

use super::items::{item_location, with_name};
use super::live_photos::{self, count_requested, find_owned_with_companions};
use super::{create_directory, search, xmp_due};
use crate::domain::audit;
use crate::domain::file_moves::{self, MovePlan};
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::space_access;
use crate::error::{Error, Result};
use crate::model::Placement;
use crate::model::actor::Actor;
use crate::model::authority::Authority;
use crate::model::item_filter::ItemFilter;
use crate::model::{Event, Item, ItemId, Level, Shelf, Sort, Time, User, now};
use crate::state::Services;
use crate::storage::{FileLocation, FileName};
use crate::store;
use crate::store::shelf_counts::CountDeltas;
use crate::{fill, msg};

const TRASH_NAME: &str = "Trash";
/// Items deleted or restored in one transaction.
const BATCH_ITEMS: i64 = 500;

/// Moves items to the trash; those already there stay. Returns how many were moved.
///
/// # Errors
/// `NotFound` if none of them belongs to the user.
pub fn trash(services: &Services, authority: &Authority<'_>, ids: &[ItemId]) -> Result<usize> {
    let user = authority.user;
    let done = file_moves::move_files(
        services,
        user.id,
        |conn| {
            authorize(conn, authority.key(), Need::Active)?;
            let mut plans = Vec::new();
            let items = find_owned_with_companions(conn, user, ids)?;
            space_access::require_removal(conn, authority.key(), &items)?;
            for item in items.into_iter().filter(|item| item.placement != Placement::Trash) {
                let file_name = FileName::parse_or_unnamed(&item.name);
                // A name that is taken in the trash gets a number.
                plans.push(MovePlan {
                    subject: item.id.0,
                    from: item_location(conn, user, &item)?,
                    to: FileLocation::new(&user.folder, TRASH_NAME, file_name.as_str()),
                    wanted_name: file_name,
                    can_rename: true,
                });
            }
            Ok(plans)
        },
        |conn, batch| {
            let trash = store::directories::find_by_path(conn, user.id, TRASH_NAME)?
                .ok_or(Error::NotFound)?;
            let at = now();

            // Counters and dates change with the rows.
            let (mut deltas, mut changed) = (CountDeltas::default(), vec![trash.directory_id]);
            let mut trashed_items = Vec::new();
            for done in batch {
                let item = store::items::find(conn, user.id, ItemId(done.subject))?
                    .ok_or(Error::NotFound)?;
                let from = store::directories::find(conn, user.id, item.directory_id)?
                    .ok_or(Error::NotFound)?;
                changed.push(item.directory_id);
                deltas.subtract(&item);

                // The original directory is recorded, so that the item can be restored to it.
                let trashed = Item {
                    directory_id: trash.directory_id,
                    // Only the name on disk may get a number; the displayed name stays.
                    disk_name: done.name.as_str().to_owned(),
                    placement: Placement::Trash,
                    trashed_at: Some(at),
                    trashed_from: Some(from.directory_path),
                    updated_at: at,
                    ..item
                };

                deltas.add(&trashed);
                store::items::update_place(conn, &trashed)?;
                trashed_items.push(trashed);
            }

            deltas.write(conn, user.id)?;
            live_photos::refresh(conn, user.id, &trashed_items)?;
            store::directories::update_modified(conn, user.id, &changed, at)?;
            Ok(())
        },
    )?;

    Ok(count_requested(&done, ids))
}

/// A restored item's name, and whether it differs from the previous one.
pub struct RestoreCount {
    pub name: FileName,
    pub is_renamed: bool,
}

/// Restores items to where they were; missing directories are created again.
///
/// # Errors
/// `NotFound` if none of them belongs to the user, `Conflict` if none of them is in the trash.
pub fn restore(
    services: &Services,
    authority: &Authority<'_>,
    ids: &[ItemId],
) -> Result<Vec<RestoreCount>> {
    let user = authority.user;
    // In a `RefCell`, because the planning closure may run again after a conflict.
    let wanted_names = std::cell::RefCell::new(std::collections::HashMap::new());
    let done = file_moves::move_files(
        services,
        user.id,
        |conn| {
            authorize(conn, authority.key(), Need::Active)?;
            let mut plans = Vec::new();
            let items = find_owned_with_companions(conn, user, ids)?;
            space_access::require_removal(conn, authority.key(), &items)?;
            for item in items.into_iter().filter(|item| item.placement == Placement::Trash) {
                let path = home_directory(&item).to_owned();
                // The original directory may have been deleted.
                create_directory::ensure(services, conn, user, &path)?;
                let file_name = FileName::parse_or_unnamed(&item.name);
                wanted_names.borrow_mut().insert(item.id.0, file_name.clone());
                plans.push(MovePlan {
                    subject: item.id.0,
                    from: item_location(conn, user, &item)?,
                    to: FileLocation::new(&user.folder, &path, file_name.as_str()),
                    wanted_name: file_name,
                    can_rename: true,
                });
            }

            if plans.is_empty() {
                Err(Error::Conflict(msg!("That is not in the trash.").into()))
            } else {
                Ok(plans)
            }
        },
        |conn, batch| {
            let at = now();

            let (mut deltas, mut changed) = (CountDeltas::default(), Vec::new());
            let mut restored_items = Vec::new();
            let ids: Vec<ItemId> = batch.iter().map(|done| ItemId(done.subject)).collect();
            // What was received and not accepted goes on waiting.
            let waiting = store::received_files::list_waiting(conn, user.id, &ids)?;
            for done in batch {
                let item = store::items::find(conn, user.id, ItemId(done.subject))?
                    .ok_or(Error::NotFound)?;
                let home = store::directories::find_by_path(conn, user.id, home_directory(&item))?
                    .ok_or(Error::NotFound)?;
                changed.extend([item.directory_id, home.directory_id]);
                deltas.subtract(&item);

                // The item keeps the name that it got on disk.
                let restored = with_name(
                    Item {
                        directory_id: home.directory_id,
                        placement: if waiting.contains(&item.id) {
                            Placement::Received
                        } else {
                            Placement::Library
                        },
                        trashed_at: None,
                        trashed_from: None,
                        ..item
                    },
                    &done.name,
                );

                deltas.add(&restored);
                store::items::update_place(conn, &restored)?;
                search::reindex(conn, &restored)?;
                restored_items.push(restored);
            }

            deltas.write(conn, user.id)?;
            live_photos::refresh(conn, user.id, &restored_items)?;
            let restored: Vec<ItemId> = restored_items.iter().map(|item| item.id).collect();
            xmp_due::mark_moved(conn, user, &restored)?;
            store::directories::update_modified(conn, user.id, &changed, at)?;
            Ok(())
        },
    )?;

    let wanted_names = wanted_names.into_inner();
    Ok(done
        .into_iter()
        .filter(|done| ids.contains(&ItemId(done.subject)))
        .map(|done| RestoreCount {
            // The name differs if the wanted one was taken.
            is_renamed: wanted_names.get(&done.subject) != Some(&done.name),
            name: done.name,
        })
        .collect())
}

fn home_directory(item: &Item) -> &str {
    item.trashed_from.as_deref().unwrap_or_else(|| item.kind.folder())
}

/// Deletes items in the trash permanently. Returns how many.
///
/// # Errors
/// `NotFound` if none of them belongs to the user, `Conflict` for one that is not in the trash.
pub fn delete(
    services: &Services,
    actor: &Actor,
    authority: &Authority<'_>,
    ids: &[ItemId],
) -> Result<usize> {
    let user = authority.user;
    let done = file_moves::move_files(
        services,
        user.id,
        |conn| {
            authorize(conn, authority.key(), Need::Active)?;
            space_access::require_level(conn, authority.key(), Level::Manage)?;
            let mut plans = Vec::new();
            for item in find_owned_with_companions(conn, user, ids)? {
                if item.placement != Placement::Trash {
                    return Err(Error::Conflict(fill!(
                        "“{name}” is not in the trash. Put it there first.",
                        name = item.name
                    )));
                }

                // The file is first moved into the folder of incoming files, which the next start empties. Until the
                // rows are deleted, the move can be undone.
                let deleted = uuid::Uuid::now_v7().simple().to_string();
                plans.push(MovePlan {
                    subject: item.id.0,
                    from: item_location(conn, user, &item)?,
                    to: FileLocation::incoming(&deleted),
                    wanted_name: FileName::parse_or_unnamed(&deleted),
                    can_rename: false,
                });
            }

            Ok(plans)
        },
        |conn, batch| {
            let mut deltas = CountDeltas::default();

            let (mut bytes, mut deleted_items) = (0, Vec::new());
            for done in batch {
                let item = store::items::find(conn, user.id, ItemId(done.subject))?
                    .ok_or(Error::NotFound)?;
                deltas.subtract(&item);
                bytes += item.size;
                store::items::delete(conn, user.id, item.id)?;
                deleted_items.push(item);
            }

            deltas.write(conn, user.id)?;
            live_photos::refresh(conn, user.id, &deleted_items)?;

            // The bytes are free for other uploads now.
            store::users::update_subtract_used(conn, user.id, bytes)?;
            store::directories::update_modified_at(conn, user.id, TRASH_NAME, now())?;
            let description = format!("{} files, {bytes} bytes", batch.len());
            audit::append(conn, Event::Deleted, actor, user.account_name(), &description)
        },
    )?;

    for deleted in &done {
        services.preview_cache.remove(deleted.subject);
        // The rows are gone; the next start removes files that remain.
        if let Err(cause) =
            services.media_dir.remove_file(&FileLocation::incoming(deleted.name.as_str()))
        {
            tracing::warn!(item = %deleted.subject, "a deleted file could not be removed yet: {cause}");
        }
    }

    // Cached sessions contain the user's used bytes, which have changed.
    services.session_cache.invalidate_user(user.id);
    Ok(done.len())
}

/// Deletes everything in a user's trash; returns the number of items.
pub fn empty(services: &Services, actor: &Actor, authority: &Authority<'_>) -> Result<usize> {
    let user = authority.user;
    let mut deleted = 0;
    loop {
        let ids = ids_in_trash(services, user)?;
        if ids.is_empty() {
            return Ok(deleted);
        }
        deleted += delete(services, actor, authority, &ids)?;
    }
}

/// Restores everything in a user's trash.
pub fn restore_all(services: &Services, authority: &Authority<'_>) -> Result<usize> {
    let user = authority.user;
    let mut restored = 0;
    loop {
        let ids = ids_in_trash(services, user)?;
        if ids.is_empty() {
            return Ok(restored);
        }
        restored += restore(services, authority, &ids)?.len();
    }
}

fn ids_in_trash(services: &Services, user: &User) -> Result<Vec<ItemId>> {
    let filter = ItemFilter::shelf(Shelf::Trash);
    let items = services.db.read(|conn| {
        Ok(store::item_lists::list(conn, user.id, &filter, Sort::Trashed, None, BATCH_ITEMS)?)
    })?;
    Ok(items.into_iter().map(|item| item.id).collect())
}

/// Deletes what has been in any trash for longer than the configured days; returns the number of items.
pub fn purge(services: &Services, at: Time) -> Result<usize> {
    let before = at - time::Duration::days(services.settings.trash_days.into());
    let mut purged = 0;
    loop {
        let items =
            services.db.read(|conn| Ok(store::items::list_trashed_before(conn, before, 200)?))?;
        // One user per round, because a batch of moves belongs to one user.
        let Some(owner) = items.first().map(|item| item.user_id) else { return Ok(purged) };
        let ids: Vec<_> =
            items.iter().filter(|item| item.user_id == owner).map(|item| item.id).collect();
        let user =
            services.db.read(|conn| store::users::find(conn, owner)?.ok_or(Error::NotFound))?;
        purged += delete(services, &Actor::server(), &Authority::server(&user), &ids)?;
    }
}
