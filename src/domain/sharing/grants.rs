//! Sharing an album, folder or item with users and groups, and ending that.

use super::grantees::{find_own, grantee_name, kind_of, title_of};
use super::notifications::{self, Message};
use super::{access, library_grants, people, shared_albums};
use crate::db::Conn;
use crate::domain::audit;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::space_access;
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::authority::Authority;
use crate::model::{
    Event, Gives, Grant, GrantId, Grantee, GroupId, Level, NotificationKind, Subject, Time, User,
    UserId, now,
};
use crate::state::Services;
use crate::store;
use crate::{fill, msg};

/// Grants of one subject.
const MAX_GRANTS: usize = 200;
/// Longest note in characters.
const MAX_NOTE_CHARS: usize = 500;

/// What to share, with whom, and how.
#[derive(Debug, Clone)]
pub struct NewGrants {
    pub subject: Subject,
    pub usernames: Vec<String>,
    pub groups: Vec<GroupId>,
    pub level: Level,
    pub gives: Gives,
    pub note: String,
    pub ends_at: Option<Time>,
}

/// Changes to a grant; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct GrantChange {
    pub level: Option<Level>,
    pub gives: Option<Gives>,
    pub note: Option<String>,
    pub ends_at: Option<Option<Time>>,
}

/// Shares a subject with users and groups. Those who have it already get the new level.
///
/// # Errors
/// `NotFound` if the subject is not the user's; `Invalid` for unknown people or groups, too high a level, or an end in the
/// past.
pub fn create(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    new: &NewGrants,
) -> Result<Vec<GrantId>> {
    let (owner, subject) = (authority.user, new.subject);
    let note = clean_note("note", &new.note, MAX_NOTE_CHARS)?;
    ensure_level(subject, new.level)?;
    ensure_future(new.ends_at)?;
    let (ids, told) = services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let title = title_of(conn, owner, subject)?.ok_or(Error::NotFound)?;
        ensure_takes_files(conn, owner.id, subject, new.level)?;
        library_grants::ensure_library(owner, subject, new.level, new.gives)?;
        let grantees = find_grantees(conn, authority, new)?;
        let known = store::grants::list_of_subject(conn, owner.id, subject)?;
        let is_known = |key: &str| known.iter().any(|grant| grant.grantee_key == key);
        let added = grantees.iter().filter(|(grantee, _)| !is_known(&grantee.key())).count();
        if known.len() + added > MAX_GRANTS {
            let message = fill!("It can be shared with {count} at most.", count = MAX_GRANTS);
            return Err(Error::field("people", message));
        }

        let (at, mut ids, mut told) = (now(), Vec::new(), Vec::new());
        for (grantee, _) in &grantees {
            let key = grantee.key();
            let known = known.iter().find(|grant| grant.grantee_key == key).cloned();
            // A user who has left a space and is added again is invited again.
            let is_back = match (subject, grantee, &known) {
                (Subject::Library(_), Grantee::User(user), Some(known)) => {
                    space_access::has_left(conn, *user, known)?
                        && store::grants::delete_mark(conn, *user, known.id)? > 0
                }
                _ => false,
            };
            let is_new = known.is_none();
            let created_by = authority.person.id;
            let mut grant =
                known.unwrap_or_else(|| empty_grant((owner.id, created_by), subject, *grantee, at));
            (grant.level, grant.gives) = (new.level, new.gives);
            (grant.note, grant.ends_at, grant.updated_at) = (note.clone(), new.ends_at, at);
            if is_new {
                store::grants::insert(conn, &grant)?;
            } else {
                store::grants::update(conn, &grant)?;
            }
            if is_new || is_back {
                let message = Message {
                    kind: NotificationKind::Shared,
                    actor: authority.person,
                    about: grant.id.0.simple().to_string(),
                    title: &title,
                    href: format!("/shared/{}", grant.id),
                    times: 1,
                };
                for user in space_access::users_of(conn, &grant)? {
                    notifications::send(conn, user, &message)?;
                    told.push(user);
                }
            }
            ids.push(grant.id);
        }
        library_grants::ensure_managed(conn, owner.id, subject)?;
        for (_, name) in &grantees {
            let detail = detail_of(subject, new.level, new.gives);
            audit::append(conn, Event::Granted, actor, name, &detail)?;
        }
        Ok((ids, told))
    })?;
    notifications::delivered(services, &told);
    Ok(ids)
}

/// Whom to share with, and the names of these for the audit log.
fn find_grantees(
    conn: &mut Conn,
    authority: &Authority<'_>,
    new: &NewGrants,
) -> Result<Vec<(Grantee, String)>> {
    let mut grantees: Vec<(Grantee, String)> = Vec::new();
    if new.usernames.len() + new.groups.len() > MAX_GRANTS {
        let message = fill!("It can be shared with {count} at most.", count = MAX_GRANTS);
        return Err(Error::field("people", message));
    }
    let names = new.usernames.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    for name in names {
        match people::find(conn, name)? {
            Some(user) if user.id == authority.user.id => {
                return Err(Error::field("people", msg!("It is yours already.")));
            }
            Some(user) => grantees.push((Grantee::User(user.id), user.username)),
            None => {
                let message = fill!("There is no user “{name}”.", name = name);
                return Err(Error::field("people", message));
            }
        }
    }
    for id in &new.groups {
        let is_member = store::groups::find_member(conn, authority.person.id, *id)?.is_some();
        let group = store::groups::find(conn, *id)?.filter(|_| is_member);
        let group =
            group.ok_or_else(|| Error::field("groups", msg!("Choose one of your groups.")))?;
        grantees.push((Grantee::Group(group.id), group.name));
    }
    if grantees.is_empty() {
        return Err(Error::field("people", msg!("Choose whom to share it with.")));
    }
    grantees.sort();
    grantees.dedup_by_key(|(grantee, _)| *grantee);
    Ok(grantees)
}

pub(super) fn empty_grant(
    (owner, created_by): (UserId, UserId),
    subject: Subject,
    grantee: Grantee,
    at: Time,
) -> Grant {
    let (album_id, directory_id, item_id) = subject.ids();
    let (user_id, group_id) = match grantee {
        Grantee::User(id) => (Some(id), None),
        Grantee::Group(id) => (None, Some(id)),
    };
    Grant {
        id: GrantId::new(),
        owner_id: owner,
        created_by: Some(created_by),
        album_id,
        directory_id,
        item_id,
        user_id,
        group_id,
        subject_key: subject.key(),
        grantee_key: grantee.key(),
        level: Level::View,
        gives: Gives::Previews,
        note: String::new(),
        ends_at: None,
        created_at: at,
        updated_at: at,
    }
}

/// Changes a grant; it holds from the next request on.
///
/// # Errors
/// `NotFound`; `Invalid` for too high a level, too long a note, or an end in the past.
pub fn change(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: GrantId,
    change: &GrantChange,
) -> Result<Grant> {
    let note =
        change.note.as_deref().map(|text| clean_note("note", text, MAX_NOTE_CHARS)).transpose()?;
    ensure_future(change.ends_at.flatten())?;
    services.db.write(|conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let mut grant = find_own(conn, authority.user, id)?;
        let subject = grant.subject().ok_or(Error::NotFound)?;
        let is_membership = matches!(subject, Subject::Library(_)) && authority.user.is_space();
        if is_membership && (change.ends_at.flatten().is_some() || note.is_some()) {
            return Err(Error::field("level", msg!("Only the level of a member can be changed.")));
        }
        if let Some(level) = change.level {
            ensure_level(subject, level)?;
            ensure_takes_files(conn, grant.owner_id, subject, level)?;
            grant.level = level;
        }
        grant.gives = change.gives.unwrap_or(grant.gives);
        library_grants::ensure_library(authority.user, subject, grant.level, grant.gives)?;
        grant.ends_at = change.ends_at.unwrap_or(grant.ends_at);
        if let Some(note) = &note {
            grant.note.clone_from(note);
        }
        grant.updated_at = now();
        store::grants::update(conn, &grant)?;
        library_grants::ensure_managed(conn, grant.owner_id, subject)?;
        let name = grantee_name(conn, &grant)?;
        let detail = detail_of(subject, grant.level, grant.gives);
        audit::append(conn, Event::GrantChanged, actor, &name, &detail)?;
        Ok(grant)
    })
}

/// Ends a grant. What its users have added to the album goes with them.
///
/// # Errors
/// `NotFound`.
pub fn end(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: GrantId,
) -> Result<Grant> {
    let owner = authority.user;
    let (grant, told) = services.write_library(owner.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let grant = find_own(conn, owner, id)?;
        let told = end_row(conn, authority.person, owner, &grant)?;
        if let Some(subject) = grant.subject() {
            library_grants::ensure_managed(conn, owner.id, subject)?;
        }
        let name = grantee_name(conn, &grant)?;
        audit::append(conn, Event::GrantEnded, actor, &name, &kind_of(&grant))?;
        Ok((grant, told))
    })?;
    notifications::delivered(services, &told);
    Ok(grant)
}

/// Deletes a grant and what depends on it. Returns whom a notification was sent to.
fn end_row(conn: &mut Conn, actor: &User, owner: &User, grant: &Grant) -> Result<Vec<UserId>> {
    let users = space_access::users_of(conn, grant)?;
    let href = format!("/shared/{}", grant.id);
    let title = match grant.subject() {
        Some(subject) => title_of(conn, owner, subject)?.unwrap_or_default(),
        None => String::new(),
    };
    let (mut told, mut concerned) = (Vec::new(), Vec::new());
    for user in users {
        // Those who have not seen it yet or have left it need not know.
        let is_known = access::is_granted_to(conn, user, grant)?;
        let mark = store::grants::find_mark(conn, user, grant.id)?;
        // Libraries are entered at addresses of their own, which leaves no mark.
        let is_library = matches!(grant.subject(), Some(Subject::Library(_)));
        let was_seen = is_library || mark.as_ref().is_some_and(|mark| mark.seen_at.is_some());
        let has_left = mark.is_some_and(|mark| mark.left_at.is_some());
        store::notifications::delete_of_page(conn, user, &href)?;
        store::library_versions::update_next(conn, user)?;
        told.push(user);
        if is_known && was_seen && !has_left && user != actor.id {
            concerned.push(user);
        }
    }
    store::grants::delete(conn, owner.id, grant.id)?;
    for user in &told {
        library_grants::forget_library(conn, *user, owner, grant)?;
    }
    for user in concerned {
        // Another grant may go on.
        if library_grants::is_still_seen(conn, user, grant)? {
            continue;
        }
        let message = Message {
            kind: NotificationKind::AccessEnded,
            actor,
            about: grant.id.0.simple().to_string(),
            title: &title,
            href: String::new(),
            times: 1,
        };
        notifications::send(conn, user, &message)?;
    }
    if let Some(Subject::Album(album)) = grant.subject() {
        shared_albums::remove_unreachable(conn, owner.id, album)?;
    }
    Ok(told)
}

/// Deletes the grants that have ended by their date; part of housekeeping. They had no effect any more.
///
/// # Errors
/// Database errors.
pub(crate) fn end_expired(services: &Services, at: Time) -> Result<usize> {
    /// Grants of one round.
    const MAX_ENDED: i64 = 200;
    let ended = services.db.read(|conn| Ok(store::grants::list_ended(conn, at, MAX_ENDED)?))?;
    let mut count = 0;
    for grant in ended {
        let told = services.write_library(grant.owner_id, |conn| {
            // It may have been extended since it was listed.
            let grant = store::grants::find(conn, grant.id)?.filter(|grant| grant.has_ended(at));
            let owner =
                store::users::find(conn, grant.as_ref().map_or(UserId(0), |it| it.owner_id))?;
            match grant.zip(owner) {
                Some((grant, owner)) => Ok(Some(end_row(conn, &owner, &owner, &grant)?)),
                None => Ok(None),
            }
        })?;
        if let Some(told) = told {
            notifications::delivered(services, &told);
            count += 1;
        }
    }
    Ok(count)
}

/// What the audit log says about a grant; names of files are not in it.
fn detail_of(subject: Subject, level: Level, gives: Gives) -> String {
    format!("{}: {}, {}", subject.kind(), level.as_str(), gives.as_str())
}

/// A text of several lines without control characters.
pub(super) fn clean_note(field: &'static str, text: &str, most: usize) -> Result<String> {
    let text = text.trim().replace("\r\n", "\n");
    let is_valid = text.chars().count() <= most
        && !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    if is_valid {
        Ok(text)
    } else {
        let message = fill!("Use {count} characters at most.", count = most);
        Err(Error::field(field, message))
    }
}

fn ensure_level(subject: Subject, level: Level) -> Result<()> {
    if level <= subject.highest_level() {
        return Ok(());
    }
    let message = match subject {
        Subject::Item(_) => msg!("A single item can be viewed only."),
        Subject::Album(_) => msg!("Others can edit an album, but not manage it."),
        _ => msg!("Others can view a folder and add to it, but not edit it."),
    };
    Err(Error::field("level", message))
}

/// In a standard folder, the kind of a file decides where it goes, so that others cannot add to it.
fn ensure_takes_files(
    conn: &mut Conn,
    owner: UserId,
    subject: Subject,
    level: Level,
) -> Result<()> {
    if let (Subject::Directory(id), Level::Contribute) = (subject, level)
        && store::directories::find(conn, owner, id)?.is_some_and(|it| it.is_standard())
    {
        let message = msg!("Others can only view this folder. Share one that you have created.");
        return Err(Error::field("level", message));
    }
    Ok(())
}

pub(super) fn ensure_future(ends_at: Option<Time>) -> Result<()> {
    if ends_at.is_some_and(|ends| ends <= now()) {
        return Err(Error::field("ends", msg!("Choose a date in the future.")));
    }
    Ok(())
}
