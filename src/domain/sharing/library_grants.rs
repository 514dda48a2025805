//! Rules of grants on whole libraries: those of spaces, and those of people.

use crate::db::Conn;
use crate::domain::sessions::space_access;
use crate::error::{Error, Result};
use crate::model::{Gives, Grant, Level, Status, Subject, User, UserId};
use crate::msg;
use crate::store;

/// Checks that somebody manages a space who is not there as a member of a group, and without an end.
///
/// # Errors
/// `Conflict`.
pub(super) fn ensure_managed(conn: &mut Conn, owner: UserId, subject: Subject) -> Result<()> {
    let Subject::Library(_) = subject else { return Ok(()) };
    if store::users::find(conn, owner)?.is_none_or(|owner| !owner.is_space()) {
        return Ok(());
    }
    for grant in store::grants::list_of_subject(conn, owner, subject)? {
        let is_manager = grant.level == Level::Manage && grant.ends_at.is_none();
        if let Some(user) = grant.user_id.filter(|_| is_manager)
            && !space_access::has_left(conn, user, &grant)?
            && store::users::find(conn, user)?.is_some_and(|user| user.status == Status::Active)
        {
            return Ok(());
        }
    }
    Err(Error::Conflict(msg!("A space needs a manager. Let somebody else manage it first.").into()))
}

/// Of a person's library, everything is shown and nothing can be changed; what is given cannot be limited to previews.
pub(super) fn ensure_library(
    owner: &User,
    subject: Subject,
    level: Level,
    gives: Gives,
) -> Result<()> {
    if !matches!(subject, Subject::Library(_)) {
        return Ok(());
    }
    if !owner.is_space() && level != Level::View {
        return Err(Error::field("level", msg!("Others can only view your library.")));
    }
    if gives != Gives::Originals {
        return Err(Error::field("gives", msg!("A library is shared with its files.")));
    }
    Ok(())
}

/// Deletes the notifications of a user about a library that a grant was for.
pub(super) fn forget_library(
    conn: &mut Conn,
    user: UserId,
    owner: &User,
    grant: &Grant,
) -> Result<()> {
    if matches!(grant.subject(), Some(Subject::Library(_))) {
        store::notifications::delete_of_page(conn, user, &owner.kind.library_path(owner.id))?;
    }
    Ok(())
}

/// Whether a user sees the library that a grant was for by another grant.
pub(super) fn is_still_seen(conn: &mut Conn, user: UserId, grant: &Grant) -> Result<bool> {
    if !matches!(grant.subject(), Some(Subject::Library(_))) {
        return Ok(false);
    }
    match space_access::find(conn, user, grant.owner_id) {
        Ok(_) => Ok(true),
        Err(Error::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}
