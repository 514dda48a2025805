//! Writes what owners say about photos and videos into an XMP file beside each, if the server is set up to. A file is an
//! item on no shelf. It is trashed, restored, moved and deleted with the item that it describes, and written again
//! after a change. A file that another program has written or changed is never replaced.

use std::cell::{Cell, RefCell};

use super::items::item_location;
use super::xmp_text;
use crate::db::Conn;
use crate::domain::file_moves::{self, MovePlan};
use crate::error::{Error, Result};
use crate::media::kind::Sniffed;
use crate::media::sniff::sniff;
use crate::model::item::{ItemKind, NewItem};
use crate::model::{
    Directory, Item, ItemId, Placement, PreviewState, ScanStatus, Shelf, TakenPrecision,
    TakenSource, User, WallClock, now,
};
use crate::msg;
use crate::state::Services;
use crate::storage::file_name::sort_key;
use crate::storage::{FileLocation, FileName, IncomingFile, ReceivedFile};
use crate::store;
use crate::store::shelf_counts::CountDeltas;
use crate::store::xmp_files::XmpFile;

/// When a file is tried again that could not be written, for example because the quota is used up.
const RETRY_DELAY_MS: i64 = 10 * 60_000;

/// Writes the next file that is due. False if there is none, or the server is not set up to write any.
///
/// # Errors
/// Database errors. A file that cannot be written is tried again later.
pub fn write_next(services: &Services) -> Result<bool> {
    if !services.settings.writes_xmp_files {
        return Ok(false);
    }
    let at = WallClock::from_utc(now()).0;
    let Some(due) = services.db.read(|conn| Ok(store::xmp_files::find_due(conn, at)?))? else {
        return Ok(false);
    };
    if let Err(error) = bring_up_to_date(services, &due) {
        tracing::warn!(item = %due.item, "an XMP file cannot be written yet: {error:?}");
        services
            .db
            .write(|conn| Ok(store::xmp_files::postpone(conn, &due, at + RETRY_DELAY_MS)?))?;
    }
    Ok(true)
}

/// What is to be done: the former file is removed, and a new one put into the directory.
struct Replacement {
    former: Option<Item>,
    directory: Directory,
    with: Option<(ItemId, FileName)>,
}

/// Writes, replaces or removes the file of an item.
fn bring_up_to_date(services: &Services, due: &XmpFile) -> Result<()> {
    let (owner, edits) = services.db.read(|conn| {
        let owner = store::users::find(conn, due.owner)?.ok_or(Error::NotFound)?;
        Ok((owner, store::item_annotations::find(conn, due.owner, due.item)?.edits))
    })?;
    let mut received = match xmp_text::write(&edits) {
        Some(text) => Some(receive(services, &text)?),
        None => None,
    };

    // Both closures may run again, so results are replaced.
    let work: RefCell<Option<Replacement>> = RefCell::default();
    let is_outdated = Cell::new(false);
    let done = file_moves::move_files(
        services,
        owner.id,
        |conn| {
            // The next round writes what has been said meanwhile.
            let current = store::xmp_files::find(conn, owner.id, due.item)?;
            is_outdated.set(current.is_none_or(|current| current != *due));
            if is_outdated.get() {
                return Ok(Vec::new());
            }
            *work.borrow_mut() = decide(services, conn, &owner, due, received.as_ref())?;
            plan(conn, &owner, work.borrow().as_ref(), received.as_ref())
        },
        |conn, _| record(conn, &owner, due, work.borrow().as_ref(), received.as_ref()),
    )?;

    if done.is_empty() {
        if !is_outdated.get() {
            services.db.write(|conn| {
                let current = store::xmp_files::find(conn, owner.id, due.item)?;
                if current == Some(*due) {
                    store::xmp_files::update_written(conn, owner.id, due.item, due.xmp_item)?;
                }
                Ok(())
            })?;
        }
        return Ok(());
    }

    if let Some(Replacement { former, with, .. }) = &*work.borrow() {
        if let (Some(received), Some(_)) = (received.as_mut(), with) {
            received.set_keep(true);
        }
        let former_name = former.as_ref().and_then(|former| {
            done.iter().find(|done| done.subject == former.id.0).map(|done| &done.name)
        });
        if let Some(name) = former_name {
            // The next start removes it otherwise.
            drop(services.media_dir.remove_file(&FileLocation::incoming(name.as_str())));
        }
    }
    services.session_cache.invalidate_user(owner.id);
    Ok(())
}

/// Writes the text to a durable file that is not in its place yet.
fn receive(services: &Services, text: &str) -> Result<ReceivedFile> {
    let mut incoming = IncomingFile::create(services.media_dir.clone())?;
    incoming.write(text.as_bytes())?;
    let mut received = incoming.finish();
    received.make_durable()?;
    Ok(received)
}

/// Decides from the current rows and files; `None` if the file is as it should be.
fn decide(
    services: &Services,
    conn: &mut Conn,
    owner: &User,
    due: &XmpFile,
    received: Option<&ReceivedFile>,
) -> Result<Option<Replacement>> {
    let item = store::items::find(conn, owner.id, due.item)?.ok_or(Error::NotFound)?;
    let directory =
        store::directories::find(conn, owner.id, item.directory_id)?.ok_or(Error::NotFound)?;
    let former = match due.xmp_item {
        // A file that was put into the trash on its own stays there.
        Some(id) => store::items::find(conn, owner.id, id)?
            .filter(|former| former.placement != Placement::Trash),
        None => None,
    };

    let text = format!("{}.xmp", item.name);
    // A name that is too long for the suffix has no file.
    let name = FileName::parse_typed(&text).filter(|name| name.as_str() == text);
    let Some((received, name)) = received.zip(name) else {
        return Ok(former.map(|former| Replacement {
            former: Some(former),
            directory,
            with: None,
        }));
    };

    if let Some(former) = &former {
        let is_same = former.sha256 == received.sha256
            && former.name == name.as_str()
            && former.directory_id == item.directory_id
            && !former.is_missing;
        if is_same {
            return Ok(None);
        }
    }

    // A file of that name which this server has not written belongs to another program.
    let place = FileLocation::new(&owner.folder, &directory.directory_path, name.as_str());
    let at_place = store::items::find_at(conn, owner.id, place.directory(), place.name())?;
    let is_own = at_place.is_some() && at_place == former.as_ref().map(|former| former.id);
    let is_foreign = !is_own && (at_place.is_some() || services.media_dir.exists(&place)?);
    let with = (!is_foreign).then(|| (ItemId::new(), name));
    Ok((former.is_some() || with.is_some()).then_some(Replacement { former, directory, with }))
}

/// The moves: first the former file away, then the new one to its place.
fn plan(
    conn: &mut Conn,
    owner: &User,
    work: Option<&Replacement>,
    received: Option<&ReceivedFile>,
) -> Result<Vec<MovePlan>> {
    let Some(Replacement { former, directory, with }) = work else { return Ok(Vec::new()) };
    let mut plans = Vec::new();
    if let Some(former) = former {
        let removed = uuid::Uuid::now_v7().simple().to_string();
        plans.push(MovePlan {
            subject: former.id.0,
            from: item_location(conn, owner, former)?,
            to: FileLocation::incoming(&removed),
            wanted_name: FileName::parse_or_unnamed(&removed),
            can_rename: false,
        });
    }
    if let (Some((id, name)), Some(received)) = (with, received) {
        plans.push(MovePlan {
            subject: id.0,
            from: received.location().clone(),
            to: FileLocation::new(&owner.folder, &directory.directory_path, name.as_str()),
            wanted_name: name.clone(),
            can_rename: false,
        });
    }
    Ok(plans)
}

/// Writes the rows of the removed and of the new file.
fn record(
    conn: &mut Conn,
    owner: &User,
    due: &XmpFile,
    work: Option<&Replacement>,
    received: Option<&ReceivedFile>,
) -> Result<()> {
    let Some(Replacement { former, directory, with }) = work else { return Ok(()) };
    // Another server may have written it since the plan.
    if store::xmp_files::find(conn, owner.id, due.item)? != Some(*due) {
        return Err(Error::Unavailable(msg!("Another server is at work on the same files.")));
    }
    let mut deltas = CountDeltas::default();
    let mut changed = vec![directory.directory_id];

    if let Some(former) = former {
        // Read again: it may have been trashed since the plan.
        let current = store::items::find(conn, owner.id, former.id)?.ok_or(Error::NotFound)?;
        changed.push(current.directory_id);
        deltas.subtract(&current);
        store::items::delete(conn, owner.id, current.id)?;
        store::users::update_subtract_used(conn, owner.id, current.size)?;
    }
    if let (Some((id, name)), Some(received)) = (with, received) {
        let new = new_item(owner, *id, directory, name, received)?;
        if store::users::update_add_used(conn, owner.id, new.size)? == 0 {
            return Err(Error::QuotaExceeded);
        }
        store::items::insert(conn, &new)?;
        deltas.add_new(&new);
    }

    deltas.write(conn, owner.id)?;
    store::directories::update_modified(conn, owner.id, &changed, now())?;
    let written = with.as_ref().map(|(id, _)| *id);
    store::xmp_files::update_written(conn, owner.id, due.item, written)?;
    Ok(())
}

fn new_item(
    owner: &User,
    id: ItemId,
    directory: &Directory,
    name: &FileName,
    received: &ReceivedFile,
) -> Result<NewItem> {
    let Sniffed { mime, .. } = sniff(&received.head, name.as_str());
    let at = now();
    Ok(NewItem {
        id,
        user_id: owner.id,
        directory_id: directory.directory_id,
        name: name.as_str().to_owned(),
        name_key: sort_key(name.as_str()),
        disk_name: name.as_str().to_owned(),
        kind: ItemKind::Document,
        shelf: Shelf::Motion,
        mime: mime.to_owned(),
        size: i64::try_from(received.size).map_err(Error::internal)?,
        sha256: received.sha256.clone(),
        favorite: false,
        is_missing: false,
        placement: Placement::Library,
        shown_at: WallClock::from_utc(at),
        taken_offset: Some(0),
        taken_source: TakenSource::Upload,
        taken_precision: TakenPrecision::Second,
        file_modified: None,
        preview: PreviewState::None,
        recent_at: at,
        // The server made it.
        scan: ScanStatus::Skipped,
        created_at: at,
        updated_at: at,
    })
}
