//! The members of spaces: people with grants on the library of a space, of their own or as members of groups.

use super::grantees::{self, NamedGrant};
use super::grants::{self, GrantChange, NewGrants, empty_grant};
use super::library_grants;
use super::notifications::{self, Message, name_of};
use super::people;
use crate::db::Conn;
use crate::domain::audit;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::space_access;
use crate::error::{Error, Result};
use crate::fill;
use crate::model::actor::Actor;
use crate::model::authority::Authority;
use crate::model::{
    Event, Gives, Grant, GrantId, GrantMark, Grantee, GroupId, Item, ItemId, Level,
    NotificationKind, Shelf, Subject, User, UserId, UserKind, now,
};
use crate::state::Services;
use crate::state::session_cache::{AuthSession, Membership};
use crate::store;

/// A space as one of its members sees it.
#[derive(Clone)]
pub struct JoinedSpace {
    pub space: User,
    pub level: Level,
    /// How many people are members.
    pub people: usize,
}

/// Lets the person of a session into a space or the library of another person, for a request that needs a level.
///
/// # Errors
/// `NotFound` if the person has no grant on it, or does not see the item that is named. Whether their level suffices is checked by [`ensure_level`].
pub fn enter(
    services: &Services,
    auth_session: &AuthSession,
    (owner, kind): (UserId, UserKind),
    needs: Level,
    item: Option<ItemId>,
) -> Result<AuthSession> {
    let person = auth_session.person().id;
    let (space, level) = services.db.read(|conn| {
        let (space, level) = space_access::find(conn, person, owner)?;
        if let Some(item) = item.filter(|_| level < Level::Manage)
            && let Some(item) = store::items::find(conn, owner, item)?
        {
            space_access::ensure_visible(conn, (person, level), &[item])?;
        }
        Ok((space, level))
    })?;
    if space.kind != kind {
        return Err(Error::NotFound);
    }
    Ok(auth_session.in_space(space, level, needs))
}

/// Checks that the person of a session sees the items of a selection.
///
/// # Errors
/// `NotFound`.
pub fn ensure_visible(
    services: &Services,
    auth_session: &AuthSession,
    items: &[Item],
) -> Result<()> {
    let Some(membership) = &auth_session.membership else { return Ok(()) };
    let viewer = (membership.person.id, membership.level);
    services.db.read(|conn| space_access::ensure_visible(conn, viewer, items))
}

/// Checks that the person of a session sees a shelf.
///
/// # Errors
/// `Forbidden`.
pub fn ensure_shelf(auth_session: &AuthSession, shelf: Shelf) -> Result<()> {
    match &auth_session.membership {
        Some(membership) => {
            let needs = space_access::level_of(shelf.placement());
            space_access::ensure_level(membership.level, needs)
        }
        None => Ok(()),
    }
}

/// Finds the owner of a library that a person may view.
///
/// # Errors
/// `NotFound`.
pub fn find(services: &Services, person: UserId, owner: UserId) -> Result<User> {
    services.db.read(|conn| Ok(space_access::find(conn, person, owner)?.0))
}

/// # Errors
/// `Forbidden` if a member may not do what a request needs.
pub fn ensure_level(membership: &Membership) -> Result<()> {
    space_access::ensure_level(membership.level, membership.needs)
}

/// The spaces that a person is a member of, by name.
///
/// # Errors
/// Database errors.
pub fn list_joined(services: &Services, person: &User) -> Result<Vec<JoinedSpace>> {
    services.db.read(|conn| {
        let groups: Vec<GroupId> =
            store::groups::list_of_user(conn, person.id)?.iter().map(|group| group.id).collect();
        let grants = store::grants::list_libraries_to(conn, person.id, &groups)?;
        let mut owners: Vec<UserId> = grants.iter().map(|grant| grant.owner_id).collect();
        owners.sort_unstable();
        owners.dedup();

        let mut joined = Vec::new();
        for owner in owners {
            match space_access::find(conn, person.id, owner) {
                // The library of a person is no space.
                Ok((space, _)) if !space.is_space() => {}
                Ok((space, level)) => {
                    let people = space_access::list_people(conn, space.id)?.len();
                    joined.push(JoinedSpace { space, level, people });
                }
                // The grant has ended, or the person has left.
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        joined.sort_by_cached_key(|it| (it.space.firstname.to_lowercase(), it.space.id));
        Ok(joined)
    })
}

/// The members of a space: people and groups with their grants, the oldest first.
///
/// # Errors
/// Database errors.
pub fn list(services: &Services, space: &User) -> Result<Vec<NamedGrant>> {
    Ok(grantees::list_of_subject(services, space, Subject::Library(space.id))?.1)
}

/// Makes people and groups members of a space, or gives members another level.
///
/// # Errors
/// Those of [`grants::create`].
pub fn add(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    usernames: Vec<String>,
    groups: Vec<GroupId>,
    level: Level,
) -> Result<Vec<GrantId>> {
    let new = NewGrants {
        subject: Subject::Library(authority.user.id),
        usernames,
        groups,
        level,
        gives: Gives::Originals,
        note: String::new(),
        ends_at: None,
    };
    grants::create(services, authority, actor, &new)
}

/// Gives a member another level.
///
/// # Errors
/// Those of [`grants::change`]; `NotFound` for a grant that is not one of a member.
pub fn change(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: GrantId,
    change: &GrantChange,
) -> Result<Grant> {
    ensure_member(services, authority.user, id)?;
    grants::change(services, authority, actor, id, change)
}

/// Removes a member. What they have added stays.
///
/// # Errors
/// As [`change`].
pub fn remove(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: GrantId,
) -> Result<Grant> {
    ensure_member(services, authority.user, id)?;
    grants::end(services, authority, actor, id)
}

/// What a grant is for never changes.
fn ensure_member(services: &Services, space: &User, id: GrantId) -> Result<()> {
    let grant = services.db.read(|conn| Ok(store::grants::find(conn, id)?))?;
    let is_of = |grant: &Grant| grant.subject() == Some(Subject::Library(space.id));
    grant.filter(is_of).map(drop).ok_or(Error::NotFound)
}

/// Makes a person the manager of a space, in the caller's transaction.
pub(crate) fn appoint(conn: &mut Conn, space: UserId, by: UserId, person: UserId) -> Result<()> {
    let (subject, grantee) = (Subject::Library(space), Grantee::User(person));
    let known = store::grants::list_of_subject(conn, space, subject)?;
    let known = known.into_iter().find(|grant| grant.user_id == Some(person));
    let mut grant = match known {
        Some(grant) => grant,
        None => {
            let grant = empty_grant((space, by), subject, grantee, now());
            store::grants::insert(conn, &grant)?;
            grant
        }
    };
    (grant.level, grant.gives, grant.ends_at) = (Level::Manage, Gives::Originals, None);
    grant.updated_at = now();
    store::grants::update(conn, &grant)?;
    store::grants::delete_mark(conn, person, grant.id)?;
    Ok(())
}

/// The person with this username.
///
/// # Errors
/// `Invalid`.
pub(crate) fn find_person(conn: &mut Conn, username: &str) -> Result<User> {
    let unknown = || fill!("There is no user “{name}”.", name = username.trim());
    people::find(conn, username)?.ok_or_else(|| Error::field("person", unknown()))
}

/// Leaves a space: only the person can come back to it, within 30 days.
///
/// # Errors
/// Those of the session; `Conflict` for the last manager.
pub fn leave(services: &Services, authority: &Authority<'_>, actor: &Actor) -> Result<()> {
    let (space, person, at) = (authority.user, authority.person.id, now());
    services.write_library(space.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let subject = Subject::Library(space.id);
        for grant in store::grants::list_of_subject(conn, space.id, subject)? {
            if space_access::is_grantee(conn, person, &grant)? {
                let (seen_at, left_at) = (Some(at), Some(at));
                let mark = GrantMark {
                    grant_id: grant.id,
                    user_id: person,
                    seen_at,
                    left_at,
                    in_timeline: false,
                };
                store::grants::replace_mark(conn, &mark)?;
                let href = format!("/shared/{}", grant.id);
                store::notifications::delete_of_page(conn, person, &href)?;
            }
        }
        library_grants::ensure_managed(conn, space.id, subject)?;
        let href = space.kind.library_path(space.id);
        store::notifications::delete_of_page(conn, person, &href)?;
        audit::append(conn, Event::GrantLeft, actor, &space.firstname, subject.kind())
    })?;
    services.invalidate_library(person);
    Ok(())
}

/// Tells the members of a space that it is deleted, in the caller's transaction. Returns them for [`show_end`].
pub(crate) fn tell_of_end(conn: &mut Conn, actor: &User, space: &User) -> Result<Vec<UserId>> {
    let title = name_of(space);
    let mut told = Vec::new();
    for (member, _) in space_access::list_people(conn, space.id)? {
        if member.id != actor.id {
            let message = Message {
                kind: NotificationKind::AccessEnded,
                actor,
                about: format!("l:{}", space.id),
                title: &title,
                href: String::new(),
                times: 1,
            };
            notifications::send(conn, member.id, &message)?;
        }
        told.push(member.id);
    }
    Ok(told)
}

/// Shows the former members of a space that it is gone.
pub(crate) fn show_end(services: &Services, told: &[UserId]) {
    notifications::delivered(services, told);
}

/// Tells the other members of a space that one of them has added files. Several times within an hour are one notification.
///
/// # Errors
/// Database errors.
pub fn tell_of_upload(services: &Services, auth_session: &AuthSession, count: usize) -> Result<()> {
    if auth_session.membership.is_none() || count == 0 {
        return Ok(());
    }
    let (space, person) = (&auth_session.user, auth_session.person());
    let hour = notifications::this_hour();
    let title = name_of(space);
    services.db.write(|conn| {
        let message = Message {
            kind: NotificationKind::ItemsAdded,
            actor: person,
            about: format!("l:{} {} {hour}", space.id, person.id),
            title: &title,
            href: "/recents".into(),
            times: i64::try_from(count).unwrap_or(i64::MAX),
        };
        notifications::send(conn, space.id, &message)
    })?;
    notifications::delivered(services, &[space.id]);
    Ok(())
}
