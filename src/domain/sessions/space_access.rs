//! What users may do in the libraries of others. Members of a space have grants on its library, of their own or as members of
//! groups; the library of a person can be viewed by those with whom it is shared.

use std::collections::BTreeMap;

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::authority::{SessionKey, SpaceNeed};
use crate::model::{
    Grant, Grantee, GroupId, Item, Level, Placement, Status, Subject, User, UserId, now,
};
use crate::msg;
use crate::store;

/// Whether a grant is for a user. The owner of something needs no grant, not even as a member of a group.
pub(crate) fn is_grantee(conn: &mut Conn, user: UserId, grant: &Grant) -> Result<bool> {
    if grant.owner_id == user || grant.has_ended(now()) {
        return Ok(false);
    }
    Ok(match grant.grantee() {
        Some(Grantee::User(grantee)) => grantee == user,
        Some(Grantee::Group(group)) => store::groups::find_member(conn, user, group)?.is_some(),
        None => false,
    })
}

/// The users whom a grant is for.
pub(crate) fn users_of(conn: &mut Conn, grant: &Grant) -> Result<Vec<UserId>> {
    let mut users = match grant.grantee() {
        Some(Grantee::User(user)) => vec![user],
        Some(Grantee::Group(group)) => store::groups::list_members(conn, group)?
            .into_iter()
            .map(|(member, _)| member.user_id)
            .collect(),
        None => Vec::new(),
    };
    users.retain(|user| *user != grant.owner_id);
    Ok(users)
}

/// The active people who are members of a space, with the strongest level of each.
pub(crate) fn list_people(conn: &mut Conn, space: UserId) -> Result<Vec<(User, Level)>> {
    let mut levels: BTreeMap<UserId, Level> = BTreeMap::new();
    for grant in store::grants::list_of_subject(conn, space, Subject::Library(space))? {
        if grant.has_ended(now()) {
            continue;
        }
        for user in users_of(conn, &grant)? {
            if !has_left(conn, user, &grant)? {
                let level = levels.entry(user).or_insert(grant.level);
                *level = grant.level.max(*level);
            }
        }
    }
    let ids: Vec<UserId> = levels.keys().copied().collect();
    let users = store::people::list_of(conn, &ids)?;
    let active = users.into_iter().filter(|user| user.status == Status::Active);
    Ok(active.filter_map(|user| levels.get(&user.id).copied().map(|level| (user, level))).collect())
}

/// Whether a user has left what a grant is for.
pub(crate) fn has_left(conn: &mut Conn, user: UserId, grant: &Grant) -> Result<bool> {
    let mark = store::grants::find_mark(conn, user, grant.id)?;
    Ok(mark.is_some_and(|mark| mark.left_at.is_some()))
}

/// Finds a space or another person, and what a user may do in their library, by the strongest of the user's grants.
///
/// # Errors
/// `NotFound` if there is nobody, or if the user has no grant.
pub(crate) fn find(conn: &mut Conn, user: UserId, space: UserId) -> Result<(User, Level)> {
    find_with(conn, user, space, |_, _| Ok(()))
}

fn find_with(
    conn: &mut Conn,
    user: UserId,
    space: UserId,
    before_group: impl Fn(&mut Conn, GroupId) -> Result<()>,
) -> Result<(User, Level)> {
    let space = store::users::find(conn, space)?;
    let space = space.filter(|it| it.status == Status::Active);
    let space = space.ok_or(Error::NotFound)?;
    let mut level = None;
    for grant in store::grants::list_of_library(conn, space.id, user)? {
        // Most members have one grant; the others need not be asked for.
        let is_stronger = level.is_none_or(|level| grant.level > level);
        if let Some(group) = grant.group_id.filter(|_| is_stronger) {
            before_group(conn, group)?;
        }
        if is_stronger && is_grantee(conn, user, &grant)? && !has_left(conn, user, &grant)? {
            level = Some(grant.level);
        }
    }
    let highest = if space.is_space() { Level::Manage } else { Level::View };
    level.map(|level| (space, level.min(highest))).ok_or(Error::NotFound)
}

/// Checks that a user may do something in a space.
///
/// # Errors
/// `NotFound` if the user is not a member any more, `Forbidden` if the level of the member is too low.
pub(crate) fn require(conn: &mut Conn, user: UserId, need: SpaceNeed) -> Result<()> {
    let (_, level) = find(conn, user, need.space)?;
    ensure_level(level, need.level)
}

/// Whether a user may do something in a library: as its owner, or by their level in a space.
pub(crate) fn may(conn: &mut Conn, user: UserId, owner: UserId, level: Level) -> Result<bool> {
    Ok(user == owner || find(conn, user, owner)?.1 >= level)
}

/// Checks that a session may do in the library what a level allows, where a route needs less than some of its uses. The
/// owner may do everything.
pub(crate) fn require_level(
    conn: &mut Conn,
    session: Option<SessionKey>,
    level: Level,
) -> Result<()> {
    let Some((user, need)) = session.and_then(|session| Some((session.user, session.space?)))
    else {
        return Ok(());
    };
    require(conn, user, SpaceNeed { level, ..need })
}

/// The level that a member needs to see what is in a place.
pub(crate) const fn level_of(placement: Placement) -> Level {
    match placement {
        Placement::Library => Level::View,
        Placement::Trash => Level::Edit,
        Placement::Received => Level::Manage,
    }
}

/// Checks that a user with a level in a space sees these items: in the trash, also what they have added themselves.
///
/// # Errors
/// `NotFound`.
pub(crate) fn ensure_visible(
    conn: &mut Conn,
    (user, level): (UserId, Level),
    items: &[Item],
) -> Result<()> {
    for item in items.iter().filter(|item| level < level_of(item.placement)) {
        let is_own = item.placement == Placement::Trash
            && store::item_senders::find(conn, item.id)? == Some(user);
        if !is_own {
            return Err(Error::NotFound);
        }
    }
    Ok(())
}

/// Checks that a session may move these items to the trash and back: members who do not edit a space, those that they have
/// added.
pub(crate) fn require_removal(
    conn: &mut Conn,
    session: Option<SessionKey>,
    items: &[Item],
) -> Result<()> {
    let Some((user, need)) = session.and_then(|session| Some((session.user, session.space?)))
    else {
        return Ok(());
    };
    let level = find(conn, user, need.space)?.1;
    ensure_visible(conn, (user, level), items)?;
    if level >= Level::Edit {
        return Ok(());
    }
    let ids: Vec<_> = items.iter().map(|item| item.id).collect();
    let senders = store::item_senders::list(conn, &ids)?;
    if ids.iter().all(|id| senders.contains(&(*id, user))) {
        Ok(())
    } else {
        Err(Error::Forbidden(msg!("You can remove only what you have added to this space.")))
    }
}

/// As [`require`], in a transaction that writes: the memberships of groups stay until its end. Grants change with the lock
/// of the library.
pub(super) fn require_and_lock(conn: &mut Conn, user: UserId, need: SpaceNeed) -> Result<()> {
    let lock = |conn: &mut Conn, group| {
        store::groups::update_lock(conn, group)?;
        Ok(())
    };
    let (_, level) = find_with(conn, user, need.space, lock)?;
    ensure_level(level, need.level)
}

/// # Errors
/// `Forbidden` if a level is lower than what is needed.
pub(crate) fn ensure_level(level: Level, needs: Level) -> Result<()> {
    if level >= needs {
        Ok(())
    } else {
        Err(Error::Forbidden(msg!(
            "You may not do this in this library. Those who manage it can allow it."
        )))
    }
}
