//! Groups of users, such as a family or a choir, which things are shared with as a whole.

use super::notifications::{self, Message};
use super::{library_grants, people, shared_albums};
use crate::db::Conn;
use crate::domain::audit;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, Result};
use crate::model::account_fields::{bad_title, parse_title};
use crate::model::actor::Actor;
use crate::model::authority::Authority;
use crate::model::{
    Event, Group, GroupId, GroupMember, NotificationKind, Subject, User, UserId, now,
};
use crate::state::Services;
use crate::store;
use crate::text_fold::fold;
use crate::{fill, msg};

/// Members of one group.
const MAX_MEMBERS: i64 = 200;
/// Groups that one user has created.
const MAX_GROUPS: i64 = 100;
/// Groups that one user is in.
const MAX_MEMBERSHIPS: i64 = 200;
/// Longest name in characters, as in the table.
pub const MAX_NAME_CHARS: usize = 100;

/// A group as one of its members sees it.
pub struct GroupView {
    pub group: Group,
    pub members: Vec<(GroupMember, User)>,
    /// Whether the user who sees it can change it.
    pub is_manager: bool,
}

/// Creates a group, which the user manages.
///
/// # Errors
/// `Invalid` for a bad name, one that another group has, or too many groups.
pub fn create(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    name: &str,
) -> Result<GroupId> {
    let user = authority.user;
    let (name, name_key) = clean_name(name)?;
    services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        if store::groups::count_created_by(conn, user.id)? >= MAX_GROUPS {
            let message = fill!("You can create {count} groups at most.", count = MAX_GROUPS);
            return Err(Error::field("name", message));
        }
        ensure_free(conn, &name_key, None)?;
        let (id, at) = (GroupId::new(), now());
        let group = Group {
            id,
            name: name.clone(),
            name_key: name_key.clone(),
            created_by: Some(user.id),
            created_at: at,
        };
        store::groups::insert(conn, &group)?;
        let member =
            GroupMember { group_id: id, user_id: user.id, is_manager: true, joined_at: at };
        store::groups::insert_member(conn, &member)?;
        audit::append(conn, Event::GroupCreated, actor, &name, "")?;
        Ok(id)
    })
}

/// Renames a group.
///
/// # Errors
/// `NotFound` if the user is not in it, `Forbidden` if they do not manage it, `Invalid` for a bad name.
pub fn rename(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: GroupId,
    name: &str,
) -> Result<()> {
    let (name, name_key) = clean_name(name)?;
    services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        find_managed(conn, authority, id)?;
        ensure_free(conn, &name_key, Some(id))?;
        store::groups::update_name(conn, id, &name, &name_key)?;
        audit::append(conn, Event::GroupChanged, actor, &name, "renamed")
    })
}

/// Adds a user to a group. They see from then on what is shared with it.
///
/// # Errors
/// `NotFound`, `Forbidden` if the user does not manage it; `Invalid` for an unknown username or a full group.
pub fn add_member(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: GroupId,
    username: &str,
) -> Result<()> {
    let told = services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let group = find_managed(conn, authority, id)?;
        let Some(user) = people::find(conn, username)? else {
            let message = fill!("There is no user “{name}”.", name = username.trim());
            return Err(Error::field("person", message));
        };
        if store::groups::find_member(conn, user.id, id)?.is_some() {
            return Ok(None);
        }
        if store::groups::count_members(conn, id)? >= MAX_MEMBERS {
            let message = fill!("A group has at most {count} members.", count = MAX_MEMBERS);
            return Err(Error::field("person", message));
        }
        if store::groups::count_of_user(conn, user.id)? >= MAX_MEMBERSHIPS {
            return Err(Error::field("person", msg!("This user is in too many groups.")));
        }
        let member =
            GroupMember { group_id: id, user_id: user.id, is_manager: false, joined_at: now() };
        store::groups::insert_member(conn, &member)?;
        tell(conn, NotificationKind::AddedToGroup, authority.user, user.id, &group)?;
        let detail = format!("{} added", user.username);
        audit::append(conn, Event::GroupChanged, actor, &group.name, &detail)?;
        Ok(Some(user.id))
    })?;
    notifications::delivered(services, told.as_slice());
    Ok(())
}

/// Removes a member, or leaves the group. What they have added to albums that they reached only through it goes with them.
///
/// # Errors
/// `NotFound`, `Forbidden` if the user does not manage the group, `Conflict` for the last manager while others are in it.
pub fn remove_member(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: GroupId,
    member: UserId,
) -> Result<()> {
    let is_leaving = member == authority.user.id;
    let told = services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let group = if is_leaving {
            find_joined(conn, authority, id)?
        } else {
            find_managed(conn, authority, id)?
        };
        let row = store::groups::find_member(conn, member, id)?.ok_or(Error::NotFound)?;
        let name = store::users::find(conn, member)?.map(|user| user.username).unwrap_or_default();
        let is_last_manager = row.is_manager && store::groups::count_managers(conn, id)? == 1;
        let is_alone = store::groups::count_members(conn, id)? == 1;
        if is_last_manager && !is_alone {
            return Err(Error::Conflict(
                msg!("Make another member a manager first, or delete the group.").into(),
            ));
        }
        let mut told = Vec::new();
        forget_notifications(conn, id, member)?;
        if is_alone {
            end_of_group(conn, id)?;
        } else {
            store::groups::delete_member(conn, member, id)?;
            remove_unreachable(conn, id)?;
        }
        if !is_leaving {
            tell(conn, NotificationKind::RemovedFromGroup, authority.user, member, &group)?;
            told.push(member);
        }
        let detail = if is_leaving { format!("{name} left") } else { format!("{name} removed") };
        audit::append(conn, Event::GroupChanged, actor, &group.name, &detail)?;
        Ok(told)
    })?;
    notifications::delivered(services, &told);
    services.library_cache.invalidate_all();
    Ok(())
}

/// Makes a member a manager, or a manager an ordinary member.
///
/// # Errors
/// `NotFound`, `Forbidden` if the user does not manage the group, `Conflict` for its last manager.
pub fn set_manager(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: GroupId,
    member: UserId,
    is_manager: bool,
) -> Result<()> {
    services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let group = find_managed(conn, authority, id)?;
        let row = store::groups::find_member(conn, member, id)?.ok_or(Error::NotFound)?;
        if row.is_manager && !is_manager && store::groups::count_managers(conn, id)? == 1 {
            return Err(Error::Conflict(msg!("A group needs a manager.").into()));
        }
        store::groups::update_manager(conn, member, id, is_manager)?;
        let name = store::users::find(conn, member)?.map(|user| user.username).unwrap_or_default();
        let detail =
            format!("{name} {}", if is_manager { "manages it" } else { "does not manage it" });
        audit::append(conn, Event::GroupChanged, actor, &group.name, &detail)
    })
}

/// Deletes a group, and with it what was shared with it. Nothing of what was shared is deleted.
///
/// # Errors
/// `NotFound`, `Forbidden` if the user does not manage it.
pub fn delete(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: GroupId,
) -> Result<()> {
    services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let group = find_managed(conn, authority, id)?;
        end_of_group(conn, id)?;
        audit::append(conn, Event::GroupChanged, actor, &group.name, "deleted")
    })?;
    services.library_cache.invalidate_all();
    Ok(())
}

/// Deletes a member's notifications about a group and about what is shared with it.
fn forget_notifications(conn: &mut Conn, id: GroupId, member: UserId) -> Result<()> {
    store::notifications::delete_of_page(conn, member, &format!("/groups/{id}"))?;
    for grant in store::grants::list_to_group(conn, id, None, i64::MAX)? {
        store::notifications::delete_of_page(conn, member, &format!("/shared/{}", grant.id))?;
        if let Some(owner) = store::users::find(conn, grant.owner_id)? {
            library_grants::forget_library(conn, member, &owner, &grant)?;
        }
    }
    store::library_versions::update_next(conn, member)?;
    Ok(())
}

/// Deletes a group and its grants.
fn end_of_group(conn: &mut Conn, id: GroupId) -> Result<()> {
    for (member, _) in store::groups::list_members(conn, id)? {
        forget_notifications(conn, id, member.user_id)?;
    }
    let grants = all_grants(conn, id)?;
    store::groups::delete(conn, id)?;
    for (owner, album) in grants {
        shared_albums::remove_unreachable(conn, owner, album)?;
    }
    Ok(())
}

/// Removes from the albums that are shared with a group what users have added who cannot reach them any more.
fn remove_unreachable(conn: &mut Conn, id: GroupId) -> Result<()> {
    for (owner, album) in all_grants(conn, id)? {
        shared_albums::remove_unreachable(conn, owner, album)?;
    }
    Ok(())
}

/// The albums that are shared with a group, with their owners.
fn all_grants(conn: &mut Conn, id: GroupId) -> Result<Vec<(UserId, crate::model::AlbumId)>> {
    let grants = store::grants::list_to_group(conn, id, None, i64::MAX)?;
    let albums = grants.iter().filter_map(|grant| match grant.subject() {
        Some(Subject::Album(album)) => Some((grant.owner_id, album)),
        _ => None,
    });
    Ok(albums.collect())
}

/// Gives the groups that a user is about to leave without a manager to their oldest other member, and deletes those that
/// nobody else is in; in the transaction that removes the user.
pub(crate) fn forget_user(conn: &mut Conn, user: UserId) -> Result<()> {
    for group in store::groups::list_of_user(conn, user)? {
        store::groups::update_lock(conn, group.id)?;
        store::groups::delete_member(conn, user, group.id)?;
        if store::groups::count_managers(conn, group.id)? > 0 {
            continue;
        }
        match store::groups::find_oldest_member(conn, group.id)? {
            Some(oldest) => {
                store::groups::update_manager(conn, oldest.user_id, group.id, true)?;
            }
            None => {
                store::groups::delete(conn, group.id)?;
            }
        }
    }
    Ok(())
}

/// The groups that a user is in, by name, each with its number of members.
///
/// # Errors
/// Database errors.
pub fn list(services: &Services, user: &User) -> Result<Vec<(Group, i64)>> {
    services.db.read(|conn| {
        let mut counted = Vec::new();
        for group in store::groups::list_of_user(conn, user.id)? {
            let count = store::groups::count_members(conn, group.id)?;
            counted.push((group, count));
        }
        Ok(counted)
    })
}

/// A group with its members.
///
/// # Errors
/// `NotFound` if the user is not in it.
pub fn view(services: &Services, user: &User, id: GroupId) -> Result<GroupView> {
    services.db.read(|conn| {
        let member = store::groups::find_member(conn, user.id, id)?.ok_or(Error::NotFound)?;
        let group = store::groups::find(conn, id)?.ok_or(Error::NotFound)?;
        let members = store::groups::list_members(conn, id)?;
        Ok(GroupView { group, members, is_manager: member.is_manager })
    })
}

/// A group that the user is in, locked until the end of the transaction.
fn find_joined(conn: &mut Conn, authority: &Authority<'_>, id: GroupId) -> Result<Group> {
    store::groups::update_lock(conn, id)?;
    store::groups::find_member(conn, authority.user.id, id)?.ok_or(Error::NotFound)?;
    store::groups::find(conn, id)?.ok_or(Error::NotFound)
}

/// A group that the user manages, locked until the end of the transaction.
fn find_managed(conn: &mut Conn, authority: &Authority<'_>, id: GroupId) -> Result<Group> {
    let group = find_joined(conn, authority, id)?;
    let member = store::groups::find_member(conn, authority.user.id, id)?;
    if member.is_some_and(|member| member.is_manager) {
        Ok(group)
    } else {
        Err(Error::Forbidden(msg!("Only managers of a group can change it.")))
    }
}

fn tell(
    conn: &mut Conn,
    kind: NotificationKind,
    actor: &User,
    to: UserId,
    group: &Group,
) -> Result<()> {
    let href = match kind {
        NotificationKind::AddedToGroup => format!("/groups/{}", group.id),
        _ => String::new(),
    };
    let about = group.id.0.simple().to_string();
    notifications::send(
        conn,
        to,
        &Message { kind, actor, about, title: &group.name, href, times: 1 },
    )
}

fn ensure_free(conn: &mut Conn, name_key: &str, except: Option<GroupId>) -> Result<()> {
    match store::groups::find_by_name(conn, name_key)? {
        Some(other) if Some(other.id) != except => Err(name_is_taken()),
        _ => Ok(()),
    }
}

fn name_is_taken() -> Error {
    Error::field("name", msg!("There is a group of that name. Choose another name."))
}

fn clean_name(name: &str) -> Result<(String, String)> {
    let name = parse_title(name, MAX_NAME_CHARS)?;
    let key: String = fold(&name).take(MAX_NAME_CHARS).collect();
    if key.trim().is_empty() {
        return Err(bad_title(MAX_NAME_CHARS));
    }

    Ok((name, key))
}
