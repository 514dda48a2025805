//! Spaces: libraries that several people share. A space is an account that nobody logs in to; its members have grants on its
//! library (`domain::sharing::space_members`). What is uploaded to it belongs to it, and stays when its members go.

use super::create;
use super::remove;
use super::status_changes::space_with_admin_lock;
use crate::config::SpacePolicy;
use crate::domain::audit;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::space_access;
use crate::domain::sharing::space_members;
use crate::error::{Error, Result};
use crate::model::account_fields::parse_title;
use crate::model::actor::Actor;
use crate::model::authority::Authority;
use crate::model::{Event, Level, User, UserId, now};
use crate::state::Services;
use crate::store;
use crate::{fill, msg};

/// Longest name in characters, as in the table.
const MAX_NAME_CHARS: usize = 100;
/// Spaces of one server.
const MAX_SPACES: i64 = 1000;
/// Spaces of a person who is no admin and has created them.
const MAX_CREATED: usize = 20;
/// Spaces on one page of the list for admins.
const PAGE_SPACES: i64 = 100;

/// A space as admins see it: whose it is and how much it stores, but not what.
pub struct ListedSpace {
    pub space: User,
    /// How many people are members.
    pub people: usize,
    /// The usernames of those who manage it.
    pub managers: Vec<String>,
}

/// Whether a person may create spaces.
#[must_use]
pub fn may_create(services: &Services, person: &User) -> bool {
    person.is_admin() || services.settings.spaces == SpacePolicy::Everybody
}

/// Creates a space, which the person manages.
///
/// # Errors
/// `Forbidden` if only admins may, `Invalid` for a bad name, `Conflict` if there are too many.
pub fn create(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    name: &str,
) -> Result<UserId> {
    let (name, person) = (parse_title(name, MAX_NAME_CHARS)?, authority.person.id);
    let id = services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let creator = store::users::find(conn, person)?.ok_or(Error::NotFound)?;
        // The command line may always.
        if authority.key().is_some() && !may_create(services, &creator) {
            return Err(Error::Forbidden(msg!("Only admins can create spaces on this server.")));
        }
        let grants = store::grants::list_libraries_to(conn, person, &[])?;
        let created = grants.iter().filter(|grant| grant.created_by == Some(person)).count();
        if created >= MAX_CREATED && !creator.is_admin() {
            let message = fill!("You can create {count} spaces at most.", count = MAX_CREATED);
            return Err(Error::Conflict(message));
        }
        if store::spaces::count(conn)? >= MAX_SPACES {
            let message = fill!("There can be {count} spaces at most.", count = MAX_SPACES);
            return Err(Error::Conflict(message));
        }
        let id = create::create_space(services, conn, &name, now())?;
        space_members::appoint(conn, id, person, person)?;
        audit::append(conn, Event::SpaceCreated, actor, &name, "")?;
        Ok(id)
    })?;
    tracing::info!(user = person.0, space = id.0, "space created");
    Ok(id)
}

/// Renames a space.
///
/// # Errors
/// Those of the session, `Invalid` for a bad name.
pub fn rename(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    name: &str,
) -> Result<()> {
    let (name, space) = (parse_title(name, MAX_NAME_CHARS)?, authority.user);
    services.write_library(space.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        store::spaces::update_name(conn, space.id, &name, now())?;
        audit::append(conn, Event::SpaceChanged, actor, &name, &format!("was {}", space.firstname))
    })
}

/// Deletes a space. Its folder stays on disk.
///
/// # Errors
/// Those of the session.
pub fn delete(services: &Services, authority: &Authority<'_>, actor: &Actor) -> Result<()> {
    let space = authority.user;
    let (leftover, told) = services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let told = space_members::tell_of_end(conn, authority.person, space)?;
        let leftover = remove::delete_rows(conn, space.id)?;
        let detail = format!("the folder {} stays on disk", space.folder);
        audit::append(conn, Event::SpaceDeleted, actor, &space.firstname, &detail)?;
        Ok((leftover, told))
    })?;
    remove::finish(services, space, leftover)?;
    space_members::show_end(services, &told);
    Ok(())
}

/// Finds a space by its number, for the command line.
///
/// # Errors
/// `NotFound`.
pub fn find(services: &Services, id: UserId) -> Result<User> {
    let space = services.db.read(|conn| Ok(store::users::find(conn, id)?))?;
    space.filter(User::is_space).ok_or(Error::NotFound)
}

/// One page of all spaces, in the order in which they were created, and after which one the next page begins.
///
/// # Errors
/// Database errors.
pub fn list_all(services: &Services, after: UserId) -> Result<(Vec<ListedSpace>, Option<UserId>)> {
    services.db.read(|conn| {
        let mut spaces = store::spaces::list(conn, after, PAGE_SPACES + 1)?;
        let size = usize::try_from(PAGE_SPACES).unwrap_or(usize::MAX);
        let has_more = spaces.len() > size;
        spaces.truncate(size);
        let next = spaces.last().filter(|_| has_more).map(|space| space.id);
        let mut listed = Vec::new();
        for space in spaces {
            let people = space_access::list_people(conn, space.id)?;
            let managers = people.iter().filter(|(_, level)| *level == Level::Manage);
            listed.push(ListedSpace {
                managers: managers.map(|(user, _)| user.username.clone()).collect(),
                people: people.len(),
                space,
            });
        }
        Ok((listed, next))
    })
}

/// Sets how many bytes a space may store; 0 means no limit.
///
/// # Errors
/// `NotFound`; those of an admin's session.
pub fn set_quota(services: &Services, actor: &Actor, id: UserId, bytes: i64) -> Result<User> {
    let space = services.write_library(id, |conn| {
        let space = space_with_admin_lock(conn, actor, id)?;
        store::users::update_quota(conn, id, bytes, now())?;
        audit::append(conn, Event::QuotaSet, actor, &space.firstname, &format!("{bytes} bytes"))?;
        Ok(space)
    })?;
    tracing::info!(admin = actor.log_id(), space = id.0, bytes, "quota set");
    Ok(space)
}

/// Makes a person a manager of a space, for admins: its managers may be gone.
///
/// # Errors
/// `NotFound`; `Invalid` if there is no such person.
pub fn appoint_manager(
    services: &Services,
    actor: &Actor,
    id: UserId,
    username: &str,
) -> Result<User> {
    let person = services.write_library(id, |conn| {
        let space = space_with_admin_lock(conn, actor, id)?;
        let person = space_members::find_person(conn, username)?;
        space_members::appoint(conn, space.id, actor.id.unwrap_or(person.id), person.id)?;
        let detail = format!("{} manages it", person.username);
        audit::append(conn, Event::SpaceChanged, actor, &space.firstname, &detail)?;
        Ok(person)
    })?;
    tracing::info!(admin = actor.log_id(), space = id.0, "manager of a space appointed");
    Ok(person)
}
