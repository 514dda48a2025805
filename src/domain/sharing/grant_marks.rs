//! What users do with what is shared with them: open it, leave it, and come back.

use super::{access, library_grants, shared_albums};
use crate::domain::audit;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::authority::Authority;
use crate::model::{Event, GrantId, GrantMark, Subject, User, now};
use crate::state::Services;
use crate::store;

/// How long a user can come back to what they have left.
const RETURN_PERIOD: time::Duration = time::Duration::days(30);

/// Leaves what is shared with the user. Only they can come back to it, within 30 days. What they have added to the album
/// goes with them, or stays for its owner if `leaves_items` is set.
///
/// # Errors
/// `NotFound`.
pub fn leave(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: GrantId,
    leaves_items: bool,
) -> Result<()> {
    let user = authority.user;
    let owner = access::open_granted(services, user, id)?.owner;
    services.write_library(owner, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let access = access::find_granted(conn, user.id, id)?;
        let at = now();
        let mark = GrantMark {
            grant_id: id,
            user_id: user.id,
            seen_at: Some(at),
            left_at: Some(at),
            in_timeline: false,
        };
        store::grants::replace_mark(conn, &mark)?;
        store::notifications::delete_of_page(conn, user.id, &format!("/shared/{id}"))?;
        library_grants::ensure_managed(conn, owner, access.subject)?;
        let grant = store::grants::find(conn, id)?;
        let library = store::users::find(conn, owner)?;
        if let Some((library, grant)) = library.zip(grant) {
            library_grants::forget_library(conn, user.id, &library, &grant)?;
        }
        if let Subject::Album(album) = access.subject {
            if leaves_items {
                shared_albums::hand_over(conn, owner, album, user.id)?;
            }
            shared_albums::remove_unreachable(conn, owner, album)?;
        }
        let name = store::users::find(conn, owner)?.map(|owner| owner.account_name().to_owned());
        let name = name.unwrap_or_default();
        audit::append(conn, Event::GrantLeft, actor, &name, access.subject.kind())
    })?;
    services.invalidate_library(user.id);
    Ok(())
}

/// Comes back to what the user has left.
///
/// # Errors
/// `NotFound` if it has ended, was not left, or was left more than 30 days ago.
pub fn return_to(services: &Services, authority: &Authority<'_>, id: GrantId) -> Result<()> {
    let user = authority.user;
    services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let grant = store::grants::find(conn, id)?.ok_or(Error::NotFound)?;
        let mark = store::grants::find_mark(conn, user.id, id)?.ok_or(Error::NotFound)?;
        if !access::is_granted_to(conn, user.id, &grant)? || !may_return(&mark) {
            return Err(Error::NotFound);
        }
        store::grants::replace_mark(conn, &GrantMark { left_at: None, ..mark })?;
        Ok(())
    })
}

/// Whether a user can still come back to what they have left.
pub(super) fn may_return(mark: &GrantMark) -> bool {
    mark.left_at.is_some_and(|left| now() - left < RETURN_PERIOD)
}

/// Records that a user has seen what is shared with them.
///
/// # Errors
/// Database errors.
pub fn mark_seen(services: &Services, user: &User, id: GrantId) -> Result<()> {
    let seen = services.db.read(|conn| Ok(store::grants::find_mark(conn, user.id, id)?))?;
    if seen.is_some() {
        return Ok(());
    }
    services.db.write(|conn| {
        // It may have ended meanwhile.
        if access::find_granted(conn, user.id, id).is_ok() {
            let mark = GrantMark {
                grant_id: id,
                user_id: user.id,
                seen_at: Some(now()),
                left_at: None,
                in_timeline: false,
            };
            store::grants::replace_mark(conn, &mark)?;
        }
        Ok(())
    })
}
