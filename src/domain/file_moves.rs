//! Moves files: a journal entry, a rename that never overwrites, then the rows. After a crash, start-up undoes renames
//! that no row records, so that disk and tables always agree.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::sync::MutexGuard;

use uuid::Uuid;

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::failpoints;
use crate::model::id::MoveId;
use crate::model::{UserId, now};
use crate::state::Services;
use crate::storage::{FileLocation, FileName};
use crate::store;
use crate::store::file_moves::FileMove;
use crate::{fill, msg};

/// The highest number of a name: `a (1).jpg`, `a (2).jpg`, …
const MAX_NUMBERED_NAMES: u32 = 1 << 24;
/// The highest number that is tried in sequence; higher ones are found by doubling.
const MAX_SEQUENTIAL_NUMBERS: u32 = 16;

/// A rename to be made.
pub(crate) struct MovePlan {
    /// The id of the item or directory.
    pub subject: Uuid,
    pub from: FileLocation,
    /// The target. If its name is taken and `can_rename` is set, the name gets a number.
    pub to: FileLocation,
    pub wanted_name: FileName,
    /// Whether a taken name becomes `name (1)`; otherwise it is a conflict.
    pub can_rename: bool,
}

/// A rename that was made.
pub(crate) struct CompletedMove {
    pub subject: Uuid,
    pub name: FileName,
    /// False if there was no file to rename.
    pub was_in_place: bool,
    journal: FileMove,
}

/// Plans, renames and applies a batch of moves of one user. Either all of the batch takes effect or none of it.
///
/// # Errors
/// Those of `plan` and `apply`; `Conflict` if an item is already being moved or a name is taken.
pub(crate) fn move_files(
    services: &Services,
    owner: UserId,
    plan: impl Fn(&mut Conn) -> Result<Vec<MovePlan>>,
    apply: impl Fn(&mut Conn, &[CompletedMove]) -> Result<()>,
) -> Result<Vec<CompletedMove>> {
    let turn = services.lock_moves(owner);
    move_files_locked(&turn, services, owner, plan, apply)
}

/// As [`move_files`], for a caller that holds the user's lock, which the otherwise unused first argument shows. Writes
/// a journal entry for each move, renames the files, and lets `apply` change the rows; if that fails, the renames are
/// undone.
pub(crate) fn move_files_locked(
    _: &MutexGuard<'_, ()>,
    services: &Services,
    owner: UserId,
    plan: impl Fn(&mut Conn) -> Result<Vec<MovePlan>>,
    apply: impl Fn(&mut Conn, &[CompletedMove]) -> Result<()>,
) -> Result<Vec<CompletedMove>> {
    // Moves that could not be undone earlier may still occupy names.
    recover_pending(services, owner)?;

    // Ownership and names are checked in the transaction that writes the journal.
    let mut batch = services.db.write(|conn| {
        let plans = plan(conn)?;
        let mut names = BatchNames::default();
        plans
            .iter()
            .map(|plan| write_journal(services, conn, owner, plan, &mut names))
            .collect::<Result<Vec<_>>>()
    })?;

    if batch.is_empty() {
        return Ok(batch);
    }
    // Fault tests kill the server at such named points; in release builds the call does nothing.
    failpoints::hit("journal committed");
    let renamed = rename_all(services, &mut batch);

    // Rows and journal change in one transaction.
    let applied = renamed.and_then(|()| {
        services.write_library(owner, |conn| {
            apply(conn, &batch)?;
            for done in &batch {
                // Another process removed the journal entry, and undoes the rename: nothing may be applied then.
                if store::file_moves::delete(conn, done.journal.id)? != 1 {
                    return Err(Error::Unavailable(msg!(
                        "Another server is at work on the same files."
                    )));
                }
            }
            Ok(())
        })
    });

    failpoints::hit("rows committed");

    // The rows are unchanged, so the files must go back.
    if applied.is_err() {
        roll_back(services, &batch);
    }
    applied.map(|()| batch)
}

/// Names that the moves of a batch so far have taken and vacated. A file can be replaced by moving the old one away and
/// the new one to its place in one batch.
#[derive(Default)]
struct BatchNames {
    taken: HashSet<(String, String)>,
    vacated: HashSet<(String, String)>,
}

/// Chooses a free target name for a planned move and writes its journal entry, from which an interrupted move is
/// undone.
fn write_journal(
    services: &Services,
    conn: &mut Conn,
    owner: UserId,
    plan: &MovePlan,
    names: &mut BatchNames,
) -> Result<CompletedMove> {
    let key = |place: &FileLocation| (place.directory_text(), place.name().to_owned());
    // A name is taken by another move of the batch, by a file, or by a row.
    let mut is_taken = |number: u32| -> Result<bool> {
        let name = plan.wanted_name.numbered(number);
        let to = plan.to.with_name(&name);
        // An item's own location is free for it; one that a row names is taken, even if its file is missing.
        Ok(to != plan.from
            && (names.taken.contains(&key(&to))
                || !names.vacated.contains(&key(&to))
                    && (services.media_dir.exists(&to)? || row_at(conn, owner, &to)?.is_some())))
    };

    // Number 0 stands for the unchanged name.
    let number = match plan.can_rename {
        true => free_number(&mut is_taken)?,
        false if is_taken(0)? => None,
        false => Some(0),
    };

    let Some(number) = number else {
        return Err(Error::Conflict(fill!(
            "“{wanted_name}” already exists.",
            wanted_name = plan.wanted_name
        )));
    };

    let name = plan.wanted_name.numbered(number);
    let to = plan.to.with_name(&name);
    names.taken.insert(key(&to));
    if to != plan.from {
        names.vacated.insert(key(&plan.from));
    }

    let journal = FileMove {
        id: MoveId::new(),
        user_id: owner,
        subject: MoveId(plan.subject),
        from: plan.from.clone(),
        to,
    };

    // The unique key rejects a second move of the same item.
    store::file_moves::insert(conn, &journal, now()).map_err(|cause| match Error::from(cause) {
        Error::Conflict(_) => {
            Error::Conflict(msg!("That is being moved right now. Try again in a moment.").into())
        }
        other => other,
    })?;
    // `rename_all` sets `was_in_place`; it stays false if the file is missing.
    Ok(CompletedMove { subject: plan.subject, name, was_in_place: false, journal })
}

/// Finds a free number: the lowest of the first few, otherwise by doubling and bisection, so that ten thousand files of
/// one name do not take ten thousand checks. `None` if doubling passes `MAX_NUMBERED_NAMES`.
fn free_number(is_taken: &mut impl FnMut(u32) -> Result<bool>) -> Result<Option<u32>> {
    for number in 0..=MAX_SEQUENTIAL_NUMBERS {
        if !is_taken(number)? {
            return Ok(Some(number));
        }
    }

    // Doubling finds a free number.
    let mut free = MAX_SEQUENTIAL_NUMBERS * 2;
    while is_taken(free)? {
        free *= 2;
        if free > MAX_NUMBERED_NAMES {
            return Ok(None);
        }
    }

    // Bisection finds a free number whose predecessor is taken, between the last two that were tried.
    let mut last_taken = free / 2;
    while free - last_taken > 1 {
        let middle = last_taken + (free - last_taken) / 2;
        if is_taken(middle)? {
            last_taken = middle;
        } else {
            free = middle;
        }
    }
    Ok(Some(free))
}

/// Renames the files of a batch on disk and syncs the affected directories. Sets `was_in_place` unless a file is
/// missing, which is not an error.
fn rename_all(services: &Services, batch: &mut [CompletedMove]) -> Result<()> {
    let mut changed: Vec<FileLocation> = Vec::new();
    for done in batch.iter_mut() {
        // The item only changes its row.
        if done.journal.from == done.journal.to {
            done.was_in_place = true;
            continue;
        }

        match rename(services, &done.journal) {
            Ok(()) => {
                done.was_in_place = true;
                changed.extend([done.journal.from.clone(), done.journal.to.clone()]);
            }
            // The file is missing, but the row can still change.
            Err(cause) if cause.kind() == ErrorKind::NotFound => {}
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {
                return Err(Error::Conflict(fill!(
                    "The name “{name}” was just taken. Try again.",
                    name = done.name
                )));
            }
            Err(cause) => return Err(cause.into()),
        }
        failpoints::hit("renamed");
    }

    // The renames must be durable before rows refer to the new locations.
    sync_directories(services, changed)?;
    failpoints::hit("directories durable");
    Ok(())
}

/// Syncs each changed directory once.
fn sync_directories(services: &Services, mut changed: Vec<FileLocation>) -> Result<()> {
    changed.sort_by_key(FileLocation::directory_text);
    changed.dedup_by_key(|place| place.directory_text());
    for place in &changed {
        services.media_dir.sync_directory_of(place)?;
    }
    Ok(())
}

/// Renames the file of a journal entry; a missing target directory is created. `NotFound` only if the file itself is
/// missing: the rows may be updated nevertheless.
fn rename(services: &Services, journal: &FileMove) -> std::io::Result<()> {
    match services.media_dir.rename(&journal.from, &journal.to) {
        Err(cause)
            if cause.kind() == ErrorKind::NotFound
                && services.media_dir.exists(&journal.from)? =>
        {
            services.media_dir.create_parents(&journal.to)?;
            services.media_dir.rename(&journal.from, &journal.to)
        }
        other => other,
    }
}

/// Undoes the renames of a failed batch. A rename that cannot be undone now is undone before the user's next move, or
/// at the next start.
fn roll_back(services: &Services, batch: &[CompletedMove]) {
    for done in batch.iter().rev() {
        let undone = if done.was_in_place { undo_rename(services, &done.journal) } else { Ok(()) };
        // The journal entry goes last: if the process is killed before, the next start undoes the rename.
        let journal_cleared = undone.and_then(|()| {
            services.db.write(|conn| Ok(store::file_moves::delete(conn, done.journal.id)?))
        });
        if let Err(error) = journal_cleared {
            tracing::error!(subject = %done.subject, "a move could not be undone yet: {error:?}");
            services.add_pending_move(done.journal.user_id);
        }
    }
}

/// Runs `work` while the item cannot be moved, neither by this process (lock) nor by another one (journal entry);
/// `None` if it is being moved.
pub(crate) fn with_item_locked<T>(
    services: &Services,
    owner: UserId,
    subject: Uuid,
    item_location: &FileLocation,
    work: impl FnOnce() -> Result<T>,
) -> Result<Option<T>> {
    let _moves_lock = services.lock_moves(owner);

    // A move to the same location: the journal allows one move per item, across processes.
    let (from, to) = (item_location.clone(), item_location.clone());
    let journal =
        FileMove { id: MoveId::new(), user_id: owner, subject: MoveId(subject), from, to };

    match services.db.write(|conn| Ok(store::file_moves::insert(conn, &journal, now())?)) {
        // The journal already has an entry for this item.
        Err(Error::Conflict(_)) => return Ok(None),
        other => other?,
    };

    let done = work();
    // The entry is removed even if `work` has failed, so that the item can be moved again.
    services.db.write(|conn| Ok(store::file_moves::delete(conn, journal.id)?))?;
    done.map(Some)
}

/// Undoes the user's failed moves. Holds the user's lock only while it runs.
pub(crate) fn lock_after_recovery(services: &Services, owner: UserId) -> Result<()> {
    let _turn = services.lock_moves(owner);
    recover_pending(services, owner)
}

/// Undoes what could not be undone when it failed, before anything else of that user moves.
fn recover_pending(services: &Services, owner: UserId) -> Result<()> {
    if services.has_pending_move(owner) {
        let unfinished = services.db.read(|conn| Ok(store::file_moves::list(conn)?))?;
        roll_back_journal(
            services,
            unfinished.into_iter().filter(|journal| journal.user_id == owner),
        )?;
        services.clear_pending_move(owner);
    }
    Ok(())
}

/// Undoes every move that no row records. Runs at start-up.
pub(crate) fn recover_all(services: &Services) -> Result<()> {
    let unfinished = services.db.read(|conn| Ok(store::file_moves::list(conn)?))?;
    roll_back_journal(services, unfinished.into_iter())
}

fn roll_back_journal(
    services: &Services,
    unfinished: impl Iterator<Item = FileMove>,
) -> Result<()> {
    for journal in unfinished {
        undo_rename(services, &journal)?;
        services.db.write(|conn| Ok(store::file_moves::delete(conn, journal.id)?))?;
        tracing::info!(subject = %journal.subject, "an interrupted move was undone");
    }
    Ok(())
}

/// Moves a file from the target of a journal entry back to its source. Does nothing if a row already names the target,
/// if the file is not at the target, or if the source is occupied.
fn undo_rename(services: &Services, journal: &FileMove) -> Result<()> {
    // Equal locations need no rename. A row that names the target shows that the move was committed.
    if journal.from == journal.to
        || services.db.read(|conn| is_row_of_file_at(conn, &journal.to, journal.user_id))?
    {
        return Ok(());
    }
    match services.media_dir.rename(&journal.to, &journal.from) {
        // Not renamed yet, already undone, or the source is occupied.
        Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists) => {
            Ok(())
        }
        Err(cause) => Err(cause.into()),
        Ok(()) => sync_directories(services, vec![journal.from.clone(), journal.to.clone()]),
    }
}

/// Whether a row names this location whose file is there. It is not if the file was moved away, by the same batch, to be
/// replaced; the entry of that move is undone after this one.
fn is_row_of_file_at(conn: &mut Conn, place: &FileLocation, owner: UserId) -> Result<bool> {
    let Some(subject) = row_at(conn, owner, place)? else { return Ok(false) };
    Ok(!store::file_moves::is_moving_from(conn, MoveId(subject), place)?)
}

/// The id of the item or directory whose row names this location.
fn row_at(conn: &mut Conn, owner: UserId, place: &FileLocation) -> Result<Option<Uuid>> {
    let directory = place.directory();
    let path = if directory.is_empty() {
        place.name().to_owned()
    } else {
        format!("{directory}/{}", place.name())
    };
    if let Some(found) = store::directories::find_by_path(conn, owner, &path)? {
        return Ok(Some(found.directory_id.0));
    }
    Ok(store::items::find_at(conn, owner, directory, place.name())?.map(|id| id.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_number_is_found_with_few_lookups_for_any_taken_names() {
        for taken in [0_u32, 1, 5, 16, 17, 40, 1000, 123_456] {
            let mut looks = 0;
            let free = free_number(&mut |number| {
                looks += 1;
                Ok(number < taken)
            });
            assert_eq!(free.unwrap(), Some(taken));
            assert!(looks < 70, "{looks} looks past {taken}");
        }
        assert_eq!(free_number(&mut |_| Ok(true)).unwrap(), None);
    }
}
