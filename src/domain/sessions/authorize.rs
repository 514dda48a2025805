//! Whether a session still has its right at the moment when a change is written.
//!
//! A request is authenticated when its head has arrived, and writes when its last byte has, which can be hours later. In
//! the meantime its session may have been ended, or its user suspended or demoted.

use super::space_access;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::authority::SessionKey;
use crate::model::now;
use crate::store;

/// What a change requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// An active user.
    Active,
    /// An active admin.
    Admin,
}

/// Checks the session in the transaction that writes. The server and the command line, which have none, may do anything.
///
/// # Errors
/// `Unauthenticated` if the session has ended, `NotActive` for a user who is not active any more, `NotFound` for a former
/// admin; those of [`space_access::require`].
pub(crate) fn authorize(conn: &mut Conn, session: Option<SessionKey>, need: Need) -> Result<()> {
    let Some(session) = session else { return Ok(()) };
    store::sessions::find(conn, session.user, session.id, now())?.ok_or(Error::Unauthenticated)?;
    let user = store::users::find(conn, session.user)?.ok_or(Error::Unauthenticated)?;
    if let Some(block) = user.status.block() {
        return Err(Error::NotActive(block));
    }
    if let Some(need) = session.space {
        space_access::require_and_lock(conn, session.user, need)?;
    }
    match need {
        // For a user who is not an admin, admin functions do not exist.
        Need::Admin if !user.is_admin() => Err(Error::NotFound),
        Need::Active | Need::Admin => Ok(()),
    }
}
