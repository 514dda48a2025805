//! Uploads of other users into a shared folder. The files belong to the folder's owner and count towards their quota.

use super::notifications::{self, Message};
use super::{access, file_requests};
use crate::db::Conn;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, Result};
use crate::model::authority::FileSender;
use crate::model::{Directory, DirectoryId, GrantId, Level, NotificationKind, User, UserId};
use crate::msg;
use crate::state::Services;
use crate::store;

/// Where files go that are sent through a grant.
#[derive(Clone)]
pub struct SharedTarget {
    pub grant: GrantId,
    /// Whose the files will be.
    pub owner: User,
    pub directory: Directory,
}

/// Finds the folder that a user may add files to, inside the subject of a grant.
///
/// # Errors
/// `NotFound`, `Forbidden` if the user may only view it.
pub fn find_target(
    services: &Services,
    viewer: &User,
    grant: GrantId,
    directory: DirectoryId,
) -> Result<SharedTarget> {
    services.db.read(|conn| {
        let access = access::find_granted(conn, viewer.id, grant)?;
        let directory = access.directory(conn, Some(directory))?;
        access.require(Level::Contribute)?;
        let owner = store::users::find(conn, access.owner)?.ok_or(Error::NotFound)?;
        Ok(SharedTarget { grant, owner, directory })
    })
}

/// Checks in the transaction that stores a file that its sender may still add to the folder.
///
/// # Errors
/// Those of [`authorize`]; `NotFound` for a grant that has ended, `Forbidden` for one that only shows, `LinkEnded`.
pub(crate) fn authorize_sender(
    conn: &mut Conn,
    sender: &FileSender,
    directory: Option<DirectoryId>,
) -> Result<()> {
    match sender {
        FileSender::Server => Ok(()),
        FileSender::Owner(session) => authorize(conn, Some(*session), Need::Active),
        FileSender::Grantee(session, grant) => {
            authorize(conn, Some(*session), Need::Active)?;
            ensure_may_add(conn, session.user, *grant, directory)
        }
        FileSender::Visitor { link, generation, .. } => {
            file_requests::find_open(conn, *link, *generation).map(drop)
        }
    }
}

fn ensure_may_add(
    conn: &mut Conn,
    sender: UserId,
    grant: GrantId,
    directory: Option<DirectoryId>,
) -> Result<()> {
    let access = access::find_granted(conn, sender, grant)?;
    access.require(Level::Contribute)?;
    let directory = access.directory(conn, directory)?;
    // In a standard folder, the kind of a file decides where it goes, which may be elsewhere.
    if directory.is_standard() {
        return Err(Error::Forbidden(msg!("Files cannot be added to this folder.")));
    }
    Ok(())
}

/// Tells the owner of a folder that files were added to it. Several times within an hour are one notification.
pub(crate) fn tell_owner(
    services: &Services,
    sender: &User,
    target: &SharedTarget,
    count: usize,
) -> Result<()> {
    let hour = notifications::this_hour();
    let id = target.directory.directory_id;
    services.db.write(|conn| {
        let message = Message {
            kind: NotificationKind::ItemsAdded,
            actor: sender,
            about: format!("{} {hour}", id.0.simple()),
            title: target.directory.label(),
            href: format!("/directories/{id}"),
            times: i64::try_from(count).unwrap_or(i64::MAX),
        };
        notifications::send(conn, target.owner.id, &message)
    })?;
    notifications::delivered(services, &[target.owner.id]);
    Ok(())
}
