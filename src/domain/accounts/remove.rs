//! Removes accounts: one by the command line, and those that were rejected long ago.

use super::status_changes::{ensure_another_admin, with_admin_lock};
use crate::db::Conn;
use crate::domain::audit;
use crate::domain::library::album_contents;
use crate::domain::sharing::groups;
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::{Event, Status, Time, User, UserId};
use crate::state::Services;
use crate::storage::FileLocation;
use crate::store;

/// How long rejected requests are kept.
const REJECTED_RETENTION: time::Duration = time::Duration::days(30);

/// Removes the requests that were rejected long ago; returns how many. Accounts with a folder, such as imported ones, stay.
pub fn remove_old_rejected(services: &Services, at: Time) -> Result<usize> {
    let before = at - REJECTED_RETENTION;
    let rejected =
        services.db.read(|conn| Ok(store::users::list_rejected_before(conn, before)?))?;
    let mut removed = 0;
    for id in rejected {
        // An admin may have approved it since it was listed.
        let is_request = |user: &User| user.status == Status::Rejected && user.folder.is_empty();
        match remove_if(services, &Actor::server(), id, is_request) {
            Ok(_) => removed += 1,
            Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(removed)
}

/// Removes an account and all of its rows. The user's folder stays on disk.
///
/// # Errors
/// `Conflict` for the last admin.
pub fn remove(services: &Services, actor: &Actor, id: UserId) -> Result<User> {
    remove_if(services, actor, id, |_| true)
}

/// Removes an account if `is_meant` holds in the transaction that removes it; otherwise fails with `NotFound`.
fn remove_if(
    services: &Services,
    actor: &Actor,
    id: UserId,
    is_meant: impl Fn(&User) -> bool,
) -> Result<User> {
    let (user, leftover_files) = services.db.write(|conn| {
        // Serializes changes to admins, so that two admins cannot remove each other, and checks that the actor still is
        // one.
        let user = with_admin_lock(conn, actor, id)?;
        if !is_meant(&user) {
            return Err(Error::NotFound);
        }
        ensure_another_admin(services, conn, &user)?;

        let leftover_files = delete_rows(conn, id)?;
        let detail = if user.folder.is_empty() {
            "a request without a folder".to_owned()
        } else {
            format!("the folder {} stays on disk", user.folder)
        };
        audit::append(conn, Event::AccountRemoved, actor, &user.username, &detail)?;
        Ok((user, leftover_files))
    })?;

    finish(services, &user, leftover_files)?;
    Ok(user)
}

/// Deletes a user or space and all rows that refer to it, in the caller's transaction. Returns the files that belong to no
/// one afterwards, for [`finish`].
pub(super) fn delete_rows(conn: &mut Conn, id: UserId) -> Result<Vec<FileLocation>> {
    // Quarantined files and unfinished uploads lie outside of the user's folder.
    let quarantined = store::findings::list_quarantined_of(conn, id)?
        .into_iter()
        .map(|id| FileLocation::quarantined(id.0));

    // The limit is higher than the number of unfinished uploads that a user can have.
    let unfinished = store::uploads::list_unfinished(conn, id, 10_000)?;
    let unfinished = unfinished.into_iter().map(|upload| FileLocation::upload(upload.id.0));
    let leftover_files: Vec<FileLocation> = quarantined.chain(unfinished).collect();

    album_contents::forget_user(conn, id)?;
    groups::forget_user(conn, id)?;

    // Rows that refer to the user, then the user.
    store::items::delete_all(conn, id)?;
    store::directories::delete_all(conn, id)?;
    store::users::delete(conn, id)?;
    Ok(leftover_files)
}

/// Removes the files that no row refers to any more, and clears what is in memory.
pub(super) fn finish(services: &Services, user: &User, leftover: Vec<FileLocation>) -> Result<()> {
    for location in leftover {
        services.media_dir.remove_file(&location)?;
    }
    services.session_cache.invalidate_user(user.id);
    services.invalidate_library(user.id);
    // Albums of others do not show the user's items any more.
    services.library_cache.invalidate_all();
    tracing::info!(user = user.id.0, folder = user.folder, "account removed");
    Ok(())
}
