//! Uploading: bytes in with constant memory, hashed on the way, durable before anyone hears of them.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use super::items::{self, theirs};
use super::moving::{self, Plan};
use super::{Services, folders};
use crate::db::{Conn, blocking};
use crate::error::{Error, Result};
use crate::media::name::search_key;
use crate::media::{FileName, Incoming, Place, Received, sniff};
use crate::model::item::NewItem;
use crate::model::{Directory, DirectoryId, Item, ItemId, ReportId, Scan, User, now};
use crate::store;
use crate::store::counts::Deltas;

/// Bytes gathered before they are hashed and written in one go.
const CHUNK: usize = 512 * 1024;
/// A sender that is silent for so long has gone.
pub const SILENCE: Duration = Duration::from_mins(1);

/// What became of one file.
#[derive(Debug)]
pub enum Outcome {
    Stored(Box<Item>),
    /// The same bytes are here already, as this item.
    Duplicate(Box<Item>),
}

/// Refuses what cannot fit before any of it is read.
///
/// # Errors
/// `QuotaExceeded`, `TooLarge`.
pub fn refuse_oversize(services: &Services, user: &User, announced: u64) -> Result<()> {
    let limit = services.settings.max_upload;
    // Boundaries and other fields of the form come on top.
    let files = announced.saturating_sub(64 * 1024);
    if files > limit {
        return Err(Error::TooLarge { limit });
    }
    if user.room().is_some_and(|room| files > room) {
        return Err(Error::QuotaExceeded);
    }
    Ok(())
}

/// Takes one file in: writes and hashes one chunk while the next one arrives; fsynced when it returns.
///
/// # Errors
/// `TooLarge`, `QuotaExceeded`, `DiskFull`; `BadRequest` when the sender stops half-way. Nothing is left then.
pub async fn receive<S, E>(services: &Arc<Services>, room: Option<u64>, mut bytes: S) -> Result<Received>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let limit = services.settings.max_upload;
    let tree = services.tree.clone();
    let mut incoming = Some(blocking(move || Ok(Incoming::create(tree)?)).await?);
    let mut writing: Option<tokio::task::JoinHandle<std::io::Result<Incoming>>> = None;
    let mut gathered = BytesMut::new();
    let mut size: u64 = 0;
    loop {
        let next = tokio::time::timeout(SILENCE, bytes.next())
            .await
            .map_err(|_| Error::BadRequest("The upload stopped half-way. Nothing of it was kept.".into()))?;
        let is_over = next.is_none();
        if let Some(chunk) = next {
            let chunk =
                chunk.map_err(|cause| Error::BadRequest(format!("The upload broke off: {cause}. Nothing of it was kept.")))?;
            size += chunk.len() as u64;
            if size > limit {
                return Err(Error::TooLarge { limit });
            }
            if room.is_some_and(|room| size > room) {
                return Err(Error::QuotaExceeded);
            }
            gathered.extend_from_slice(&chunk);
        }
        if gathered.len() >= CHUNK || (is_over && !gathered.is_empty()) {
            let mut file = match writing.take() {
                Some(task) => task.await.map_err(Error::internal)??,
                None => incoming.take().ok_or_else(|| Error::internal("two writers"))?,
            };
            let chunk = std::mem::replace(&mut gathered, BytesMut::with_capacity(CHUNK + 64 * 1024));
            writing = Some(tokio::task::spawn_blocking(move || file.write(&chunk).map(|()| file)));
        }
        if is_over {
            break;
        }
    }
    let file = match writing {
        Some(task) => task.await.map_err(Error::internal)??,
        None => incoming.take().ok_or_else(|| Error::internal("no writer"))?,
    };
    blocking(move || Ok(file.finish()?)).await
}

/// Puts a received file into its owner's library: `directory` is one of their own, or any standard
/// one, which means the one for what the file is. The same bytes are kept once.
///
/// # Errors
/// `Invalid` for a directory that is not theirs, `QuotaExceeded`. The file is gone then.
pub fn store(
    services: &Services,
    user: &User,
    mut received: Received,
    name: &str,
    directory: Option<DirectoryId>,
) -> Result<Outcome> {
    let name = FileName::parse(name).unwrap_or_else(FileName::unnamed);
    let found = sniff(&received.head, name.as_str());
    let kind = crate::model::item::ItemKind::from(found.kind);
    let size = i64::try_from(received.size).map_err(Error::internal)?;
    let id = ItemId::new();
    let duplicate = std::cell::RefCell::new(None);
    let target = |conn: &mut Conn| -> Result<Directory> {
        let chosen = match directory {
            Some(id) => store::directories::find(conn, user.id, id)?
                .ok_or_else(|| Error::field("directory", "Choose one of your folders."))?,
            None => return folders::ensure(services, conn, user, kind.folder()),
        };
        if chosen.is_standard() { folders::ensure(services, conn, user, kind.folder()) } else { Ok(chosen) }
    };
    moving::relocate(
        services,
        user.id,
        |conn| {
            while let Some(same) = store::items::find_same_bytes(conn, user.id, &received.sha256, size)? {
                if items::is_whole(services, conn, user, &same)? {
                    *duplicate.borrow_mut() = Some(same);
                    return Ok(Vec::new());
                }
                store::items::update_missing(conn, user.id, same.id, true)?;
            }
            let to = Place::new(&user.folder, &target(conn)?.directory_path, name.as_str());
            Ok(vec![Plan { subject: id.0, from: received.place().clone(), to, wanted: name.clone(), may_number: true }])
        },
        |conn, batch| {
            for done in batch {
                if !done.was_there {
                    return Err(Error::internal("a received file vanished before it was stored"));
                }
                let directory = target(conn)?;
                let at = now();
                let stored = done.name.as_str();
                let new = NewItem {
                    id,
                    user_id: user.id,
                    directory_id: directory.directory_id,
                    name: stored.to_owned(),
                    name_key: search_key(stored),
                    disk_name: stored.to_owned(),
                    kind,
                    shelf: kind.shelf(),
                    mime: found.mime.to_owned(),
                    size,
                    sha256: received.sha256.clone(),
                    favorite: false,
                    is_missing: false,
                    in_trash: false,
                    taken_at: at,
                    recent_at: at,
                    scan: Scan::Skipped,
                    created_at: at,
                    updated_at: at,
                };
                if store::users::update_add_used(conn, user.id, size)? == 0 {
                    return Err(Error::QuotaExceeded);
                }
                store::items::insert(conn, &new)?;
                let mut deltas = Deltas::default();
                theirs(conn, user, &[id])?.iter().for_each(|item| deltas.add(item));
                deltas.write(conn, user.id)?;
                store::directories::update_modified(conn, user.id, &[directory.directory_id], at)?;
            }
            Ok(())
        },
    )?;
    if let Some(same) = duplicate.into_inner() {
        return Ok(Outcome::Duplicate(Box::new(same)));
    }
    received.keep();
    services.sessions.forget(user.id);
    let item = services.db.read(|conn| store::items::find(conn, user.id, id)?.ok_or(Error::NotFound))?;
    Ok(Outcome::Stored(Box::new(item)))
}

/// Moves files that were just stored into the directory their upload names, by the rules of [`store()`].
///
/// # Errors
/// `Invalid` for a directory that is not theirs.
pub fn into_directory(services: &Services, user: &User, ids: &[ItemId], directory: DirectoryId) -> Result<()> {
    let chosen = services.db.read(|conn| Ok(store::directories::find(conn, user.id, directory)?))?;
    let chosen = chosen.ok_or_else(|| Error::field("directory", "Choose one of your folders."))?;
    if !chosen.is_standard() && !ids.is_empty() {
        items::move_to(services, user, ids, directory)?;
    }
    Ok(())
}

/// Keeps what became of an upload form for its result page.
///
/// # Errors
/// The database's.
pub fn keep_report(services: &Services, user: &User, rows_json: &str) -> Result<ReportId> {
    let id = ReportId::new();
    services.db.write(|conn| Ok(store::reports::insert(conn, user.id, id, rows_json, now())?))?;
    Ok(id)
}

/// # Errors
/// `NotFound` for a report that is not theirs or over a day old.
pub fn find_report(services: &Services, user: &User, id: ReportId) -> Result<String> {
    services.db.read(|conn| store::reports::find(conn, user.id, id)?.ok_or(Error::NotFound))
}
