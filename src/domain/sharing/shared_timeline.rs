//! Photos of spaces and of the libraries of others among one's own.

use crate::domain::library::reader::LibraryReader;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::space_access;
use crate::error::{Error, Result};
use crate::model::authority::Authority;
use crate::model::{GrantMark, User, now};
use crate::state::Services;
use crate::state::session_cache::AuthSession;
use crate::store;

/// Shows the photos of a space, or of the library of another person, among those of the person who views it, or not.
///
/// # Errors
/// Those of the session.
pub fn set_in_timeline(
    services: &Services,
    authority: &Authority<'_>,
    is_shown: bool,
) -> Result<()> {
    let (owner, person) = (authority.user.id, authority.person.id);
    services.write_library(person, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        for grant in store::grants::list_of_library(conn, owner, person)? {
            if space_access::is_grantee(conn, person, &grant)? {
                let known = store::grants::find_mark(conn, person, grant.id)?;
                let (seen_at, left_at) = (Some(now()), known.and_then(|mark| mark.left_at));
                let mark = GrantMark {
                    grant_id: grant.id,
                    user_id: person,
                    seen_at,
                    left_at,
                    in_timeline: is_shown && left_at.is_none(),
                };
                store::grants::replace_mark(conn, &mark)?;
            }
        }
        let shows_any =
            store::grants::list_marks(conn, person)?.iter().any(|mark| mark.in_timeline);
        store::people::update_shows_others(conn, person, shows_any)?;
        Ok(())
    })?;
    services.session_cache.invalidate_user(person);
    Ok(())
}

/// The spaces and people whose photos are shown among those of a person.
///
/// # Errors
/// Database errors.
pub fn list_in_timeline(reader: &mut LibraryReader<'_>, person: &User) -> Result<Vec<User>> {
    if !person.shows_others {
        return Ok(Vec::new());
    }
    let conn = &mut *reader.conn;
    let mut shown: Vec<User> = Vec::new();
    for mark in store::grants::list_marks(conn, person.id)? {
        if !mark.in_timeline {
            continue;
        }
        let Some(grant) = store::grants::find(conn, mark.grant_id)? else { continue };
        match space_access::find(conn, person.id, grant.owner_id) {
            Ok((owner, _)) if shown.iter().all(|other| other.id != owner.id) => shown.push(owner),
            Ok(_) | Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(shown)
}

/// Whether the photos of a library are shown among those of the person who views it.
///
/// # Errors
/// Database errors.
pub fn is_in_timeline(reader: &mut LibraryReader<'_>, auth_session: &AuthSession) -> Result<bool> {
    let shown = list_in_timeline(reader, auth_session.person())?;
    Ok(shown.iter().any(|owner| owner.id == auth_session.user.id))
}
