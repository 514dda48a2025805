//! Findings: what owners see of their quarantined files, and what admins decide about them.

use super::audit;
use super::ingest::{self, already_decided_error};
use crate::domain::library::reader::LibraryReader;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::authority::Authority;
use crate::model::finding::{Finding, FindingState};
use crate::model::{Event, FindingId, ScanStatus, User, UserId, now};
use crate::msg;
use crate::state::Services;
use crate::state::ingest_queue::IngestRequest;
use crate::storage::{FileLocation, ReceivedFile};
use crate::store;

/// The newest findings of all users, each with its owner's username.
pub fn list_findings(services: &Services) -> Result<Vec<(Finding, String)>> {
    services.db.read(|conn| Ok(store::findings::list(conn, 500)?))
}

/// How many files are in quarantine.
///
/// # Errors
/// Database errors.
pub fn count_open(reader: &mut LibraryReader<'_>) -> Result<i64> {
    Ok(store::findings::count_quarantined(reader.conn)?)
}

/// Findings that a user has not acknowledged.
pub fn list_unseen(reader: &mut LibraryReader<'_>, user: &User) -> Result<Vec<Finding>> {
    Ok(store::findings::list_unseen(reader.conn, user.id, 20)?)
}

/// Records that the owner has read the notice.
///
/// # Errors
/// `NotFound` for a finding of another user.
pub fn mark_seen(services: &Services, authority: &Authority<'_>, id: FindingId) -> Result<()> {
    let user = authority.user;
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        crate::db::ensure_one_row(store::findings::update_seen(conn, user.id, id)?)
    })
}

/// Deletes a quarantined file permanently and records an admin's decision in its finding, the row about a file in which
/// the malware scanner found something.
///
/// # Errors
/// `NotFound`; `Conflict` if it was already decided.
pub fn delete(services: &Services, actor: &Actor, id: FindingId) -> Result<()> {
    let finding =
        services.db.read(|conn| store::findings::find(conn, id)?.ok_or(Error::NotFound))?;
    let owner = find_owner(services, finding.user_id)?;

    services.write_library(finding.user_id, |conn| {
        authorize(conn, actor.session(), Need::Admin)?;
        match store::findings::update_decided(conn, id, FindingState::Deleted, now(), actor.name())?
        {
            0 => Err(already_decided_error()),
            _ => audit::append(
                conn,
                Event::FindingDeleted,
                actor,
                owner.account_name(),
                &finding.signature,
            ),
        }
    })?;

    // The row says that it is deleted; a file that remains is found by a check.
    Ok(services.media_dir.remove_file(&FileLocation::quarantined(id.0))?)
}

/// Returns a quarantined file to its owner as a false alarm and marks it clean.
///
/// # Errors
/// `NotFound`; `Conflict` if it was already decided or the file has changed; `QuotaExceeded`.
pub fn release(services: &Services, actor: &Actor, id: FindingId) -> Result<()> {
    let finding =
        services.db.read(|conn| store::findings::find(conn, id)?.ok_or(Error::NotFound))?;
    if finding.state != FindingState::Quarantined {
        return Err(already_decided_error());
    }
    let owner = find_owner(services, finding.user_id)?;

    let location = FileLocation::quarantined(id.0);
    let received =
        ReceivedFile::open_existing(services.media_dir.clone(), location).map_err(|cause| {
            match cause.kind() {
                std::io::ErrorKind::NotFound => Error::FileMissing,
                _ => cause.into(),
            }
        })?;

    // The admin decided about the bytes that were found, and no others become clean.
    if received.sha256 != finding.sha256 {
        return Err(Error::Conflict(msg!("The file was changed in quarantine.").into()));
    }

    let directory = services.db.read(|conn| {
        Ok(store::directories::find_by_path(conn, owner.id, &finding.directory_path)?)
    })?;

    // If the directory no longer exists, the file goes to the standard directory for its kind.
    let request = IngestRequest {
        directory: directory.map(|directory| directory.directory_id),
        // The owner gets this file back even if the library has the same bytes already.
        keep_duplicates: true,
        // The finding is marked as released in the transaction that inserts the item.
        released: Some((id, actor.clone())),
        ..IngestRequest::new(received, finding.name, ScanStatus::Clean)
    };

    ingest::store(services, &owner, request)?;
    Ok(())
}

pub(super) fn find_owner(services: &Services, id: UserId) -> Result<User> {
    services.db.read(|conn| store::users::find(conn, id)?.ok_or(Error::NotFound))
}
