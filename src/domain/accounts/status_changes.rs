//! Decisions about an account: approve, reject, suspend, reactivate.

use super::{create, first_run};
use crate::db::Conn;
use crate::domain::audit;
use crate::domain::library::album_contents;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::lifecycle;
use crate::error::{Error, Result};
use crate::language::t;
use crate::model::actor::Actor;
use crate::model::{Event, Status, User, UserId, UserKind, now};
use crate::state::Services;
use crate::store;
use crate::{fill, msg};

/// A change of an account's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Reject,
    Suspend,
    Reactivate,
}

impl Decision {
    const fn from(self) -> &'static [Status] {
        match self {
            Self::Approve => &[Status::Pending, Status::Rejected],
            Self::Reject => &[Status::Pending],
            Self::Suspend => &[Status::Active],
            Self::Reactivate => &[Status::Suspended],
        }
    }

    const fn to(self) -> Status {
        match self {
            Self::Approve | Self::Reactivate => Status::Active,
            Self::Reject => Status::Rejected,
            Self::Suspend => Status::Suspended,
        }
    }

    const fn event(self) -> Event {
        match self {
            Self::Approve => Event::Approved,
            Self::Reject => Event::Rejected,
            Self::Suspend => Event::Suspended,
            Self::Reactivate => Event::Reactivated,
        }
    }

    /// The word for a completed decision.
    #[must_use]
    pub const fn past_participle(self) -> &'static str {
        match self {
            Self::Approve => msg!("approved"),
            Self::Reject => msg!("rejected"),
            Self::Suspend => msg!("suspended"),
            Self::Reactivate => msg!("reactivated"),
        }
    }
}

/// Approves, rejects, suspends or reactivates an account by an admin's decision. The sessions of a suspended user
/// remain, but from the next request on they show only the status page.
///
/// # Errors
/// `Conflict` if the account's state does not allow it, or for the last admin or the actor's own account.
pub fn decide(services: &Services, actor: &Actor, id: UserId, decision: Decision) -> Result<User> {
    let (user, is_first_admin) = services.db.write(|conn| {
        let at = now();
        // Serializes changes to admins, so that two admins cannot suspend each other.
        let user = with_admin_lock(conn, actor, id)?;
        // Of all decisions, only a suspension can take away an active admin.
        if decision == Decision::Suspend {
            ensure_not_self(actor, id, msg!("You cannot suspend yourself."))?;
            ensure_another_admin(services, conn, &user)?;
        }

        // Zero rows: the account does not have a status from which this decision is possible.
        if store::users::update_status(conn, id, decision.from(), decision.to(), at)? == 0 {
            let state = t(user.status.as_str());
            return Err(Error::Conflict(fill!(
                "{username} is {state} and cannot be {past_participle}.",
                state = state,
                username = user.username,
                past_participle = t(decision.past_participle())
            )));
        }

        // A suspended or rejected account may still have sessions, which must not become valid again.
        if decision == Decision::Reactivate || user.status == Status::Rejected {
            lifecycle::end_all(conn, id)?;
        }

        if decision.to() == Status::Active {
            create::activate(services, conn, &user, at)?;
        }

        if matches!(decision, Decision::Suspend | Decision::Reactivate) {
            album_contents::follow_status(conn, id)?;
        }

        // For good: whoever took over the account may have created them.
        if decision == Decision::Suspend {
            store::share_links::update_all_ended(conn, id, at)?;
        }

        // If this activates the first admin of the server, the setup code is removed below.
        let is_first_admin = decision.to() == Status::Active
            && user.is_admin()
            && store::site::update_claim_first_admin(conn)?;

        audit::append(conn, decision.event(), actor, &user.username, "")?;
        Ok((user, is_first_admin))
    })?;

    services.session_cache.invalidate_user(id);
    // Albums of others show or hide what is in them of this user.
    services.library_cache.invalidate_all();
    if is_first_admin {
        first_run::finish(services)?;
    }
    tracing::info!(admin = actor.log_id(), user = id.0, "{}", decision.past_participle());
    Ok(user)
}

/// Applies a decision to several accounts, each in a transaction of its own. Returns how many were decided, and how many
/// another admin has decided on in the meantime.
///
/// # Errors
/// Those that do not concern one account only.
pub fn decide_all(
    services: &Services,
    actor: &Actor,
    ids: &[UserId],
    decision: Decision,
) -> Result<(i64, i64)> {
    let (mut decided, mut passed_over) = (0, 0);

    for id in ids {
        match decide(services, actor, *id, decision) {
            Ok(_) => decided += 1,
            Err(Error::Conflict(_)) => passed_over += 1,
            Err(Error::NotFound) => {
                // A former admin gets `NotFound` for every account, which must end the loop instead of being counted.
                services.db.read(|conn| authorize(conn, actor.session(), Need::Admin))?;
                passed_over += 1;
            }
            Err(error) => return Err(error),
        }
    }

    Ok((decided, passed_over))
}

/// Takes the lock that serializes changes of admins, checks that the actor still is one, and reads a person.
pub(super) fn with_admin_lock(conn: &mut Conn, actor: &Actor, id: UserId) -> Result<User> {
    find_with_admin_lock(conn, actor, id, UserKind::Person)
}

/// As [`with_admin_lock`], for a space.
pub(super) fn space_with_admin_lock(conn: &mut Conn, actor: &Actor, id: UserId) -> Result<User> {
    find_with_admin_lock(conn, actor, id, UserKind::Space)
}

fn find_with_admin_lock(
    conn: &mut Conn,
    actor: &Actor,
    id: UserId,
    kind: UserKind,
) -> Result<User> {
    store::site::update_lock_admins(conn)?;
    authorize(conn, actor.session(), Need::Admin)?;
    store::users::find(conn, id)?.filter(|user| user.kind == kind).ok_or(Error::NotFound)
}

pub(super) fn ensure_not_self(actor: &Actor, id: UserId, why: &str) -> Result<()> {
    if actor.id == Some(id) { Err(Error::Conflict(why.into())) } else { Ok(()) }
}

/// Returns `Conflict` if the user is the last active admin. An admin whose entry was removed from the users file cannot
/// sign in and is not counted.
pub(super) fn ensure_another_admin(
    services: &Services,
    conn: &mut Conn,
    user: &User,
) -> Result<()> {
    let is_active_admin = user.is_admin() && user.status == Status::Active;
    if !is_active_admin {
        return Ok(());
    }
    let others =
        store::users::list_active_admins(conn)?.into_iter().filter(|admin| admin.id != user.id);
    let mut others = others.filter(|admin| services.users_file.may_stay_logged_in(admin));
    if others.next().is_some() { Ok(()) } else { Err(Error::Conflict(LAST_ADMIN.into())) }
}

pub(super) const LAST_ADMIN: &str = msg!("You can't remove the last admin.");
