//! Albums that several users fill: adding, removing, arranging, and what happens to items when their users lose access.

use std::collections::BTreeSet;

use super::access::{self, Access};
use super::notifications::{self, Message};
use crate::db::Conn;
use crate::domain::library::album_contents::{self, Added, Place};
use crate::domain::library::albums::{self, AlbumChange, find_own};
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::space_access;
use crate::error::Result;
use crate::model::authority::Authority;
use crate::model::{
    Album, AlbumId, Grant, GrantId, ItemId, Level, NotificationKind, Subject, User, UserId,
};
use crate::state::Services;
use crate::store;

/// Users who get a notification about one addition.
const MAX_TOLD: usize = 200;

/// An album: the user's own, or one that is shared with them.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    Own(AlbumId),
    /// The album of a grant, or one inside of it.
    Shared(GrantId, Option<AlbumId>),
}

/// Adds the user's items to an album, and tells the others who see it. Returns the album too.
///
/// # Errors
/// As [`album_contents::add`]; `Forbidden` if the user may only view the album.
pub fn add(
    services: &Services,
    authority: &Authority<'_>,
    target: Target,
    ids: &[ItemId],
) -> Result<(Album, Added)> {
    let user = authority.user;
    let (album, added, told) = match target {
        Target::Own(id) => services.write_library(user.id, |conn| {
            authorize(conn, authority.key(), Need::Active)?;
            let album = find_own(conn, user, id)?;
            let by = authority.person;
            let added = album_contents::add_rows(conn, &album, (user, by.id), ids)?;
            let told = tell(conn, by, &album, added)?;
            Ok((album, added, told))
        }),
        Target::Shared(id, inside) => {
            change_shared(services, authority, id, inside, Level::Contribute, |conn, _, album| {
                let added = album_contents::add_rows(conn, &album, (user, user.id), ids)?;
                let told = tell(conn, user, &album, added)?;
                Ok((album, added, told))
            })
        }
    }?;
    notifications::delivered(services, &told);
    Ok((album, added))
}

/// Removes items from a shared album: the user's own, even if they may only view it by now; with the right to edit it, any.
///
/// # Errors
/// `NotFound` if none of them is in it or may be removed.
pub fn remove(
    services: &Services,
    authority: &Authority<'_>,
    id: GrantId,
    inside: Option<AlbumId>,
    ids: &[ItemId],
) -> Result<usize> {
    let user = authority.user.id;
    change_shared(services, authority, id, inside, Level::View, |conn, access, album| {
        let may_edit = access.may(Level::Edit);
        album_contents::remove_rows(conn, &album, ids, |row| {
            may_edit || (row.user_id == user && row.added_by == user)
        })
    })
}

/// Changes name, description, order or cover of a shared album.
///
/// # Errors
/// As [`albums::change`]; `Forbidden` without the right to edit it.
pub fn change(
    services: &Services,
    authority: &Authority<'_>,
    id: GrantId,
    inside: Option<AlbumId>,
    change: &AlbumChange,
) -> Result<Album> {
    // Whether others comment on it is for its owner to decide.
    let change = AlbumChange { allows_comments: None, ..change.clone() };
    change_shared(services, authority, id, inside, Level::Edit, |conn, _, album| {
        albums::change_row(conn, album, &change)
    })
}

/// Moves an item of a shared album to another place.
///
/// # Errors
/// As [`album_contents::arrange`]; `Forbidden` without the right to edit it.
pub fn arrange(
    services: &Services,
    authority: &Authority<'_>,
    id: GrantId,
    inside: Option<AlbumId>,
    (item, place): (ItemId, Place),
) -> Result<()> {
    change_shared(services, authority, id, inside, Level::Edit, |conn, _, album| {
        album_contents::arrange_rows(conn, album, item, place)
    })
}

/// Runs a transaction that changes a shared album, in which the session and the access are checked.
pub(super) fn change_shared<T>(
    services: &Services,
    authority: &Authority<'_>,
    id: GrantId,
    inside: Option<AlbumId>,
    level: Level,
    work: impl Fn(&mut Conn, &Access, Album) -> Result<T>,
) -> Result<T> {
    let viewer = authority.user;
    // The owner of a grant never changes. The viewer's library is locked too, because their items are read.
    let owner = access::open_granted(services, viewer, id)?.owner;
    services.write_libraries(&BTreeSet::from([owner, viewer.id]), |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        // A membership must not end between this check and the commit.
        let grant = store::grants::find(conn, id)?;
        if let Some(group) = grant.and_then(|grant| grant.group_id) {
            store::groups::update_lock(conn, group)?;
        }
        let access = access::find_granted(conn, viewer.id, id)?;
        let album = access.album(conn, inside)?;
        access.require(level)?;
        work(conn, &access, album)
    })
}

/// Sends a notification about added items to everyone else who sees the album.
fn tell(conn: &mut Conn, actor: &User, album: &Album, added: Added) -> Result<Vec<UserId>> {
    if added.added == 0 {
        return Ok(Vec::new());
    }
    let times = i64::try_from(added.added).unwrap_or(i64::MAX);
    tell_users(conn, (actor, album), (NotificationKind::ItemsAdded, times), "", |_| true)
}

/// Sends a notification to others who see an album and are `wanted`. It leads to what is `below` the album. Several of a
/// kind by the same user within an hour are one.
pub(super) fn tell_users(
    conn: &mut Conn,
    (actor, album): (&User, &Album),
    (kind, times): (NotificationKind, i64),
    below: &str,
    wanted: impl Fn(UserId) -> bool,
) -> Result<Vec<UserId>> {
    let mut told: Vec<UserId> = Vec::new();
    let hour = notifications::this_hour();
    let mut message = Message {
        kind,
        actor,
        about: format!("{} {} {hour}", album.id.0.simple(), actor.id.0),
        title: &album.name,
        href: format!("/albums/{}{below}", album.id),
        times,
    };
    if album.user_id != actor.id && wanted(album.user_id) {
        notifications::send(conn, album.user_id, &message)?;
        told.push(album.user_id);
    }

    for grant in list_grants(conn, album)? {
        let is_inside = grant.subject() != Some(Subject::Album(album.id));
        message.href = format!("/shared/{}", grant.id);
        if is_inside || !below.is_empty() {
            message.href = format!("{}/albums/{}{below}", message.href, album.id);
        }
        for user in space_access::users_of(conn, &grant)? {
            let is_due =
                user != actor.id && !told.contains(&user) && told.len() < MAX_TOLD && wanted(user);
            if is_due && access::access_through(conn, user, &grant)?.is_some() {
                notifications::send(conn, user, &message)?;
                told.push(user);
            }
        }
    }
    Ok(told)
}

/// All grants of an album and of those that contain it.
fn list_grants(conn: &mut Conn, album: &Album) -> Result<Vec<Grant>> {
    let mut albums: Vec<AlbumId> =
        albums::ancestors(conn, album)?.iter().map(|above| above.id).collect();
    albums.push(album.id);
    Ok(store::grants::list_of_albums(conn, &albums)?)
}

/// Removes from an album and those in it what users have added who cannot reach it any more.
pub(super) fn remove_unreachable(conn: &mut Conn, owner: UserId, top: AlbumId) -> Result<()> {
    /// More users than an album can be shared with.
    const MAX_USERS: usize = 100_000;
    for id in albums::list_tree(conn, owner, top)? {
        let Some(album) = store::albums::find(conn, owner, id)? else { continue };
        let mut users = store::album_items::list_owners(conn, id, MAX_USERS)?;
        users.extend(store::album_items::list_hidden_owners(conn, id)?);
        for user in users.into_iter().collect::<BTreeSet<_>>() {
            if user != owner && !can_reach(conn, &album, user)? {
                album_contents::remove_added_by(conn, &album, user)?;
                store::library_versions::update_next(conn, owner)?;
            }
        }
    }
    Ok(())
}

/// Whether a user reaches an album through any grant of it or of one that contains it.
fn can_reach(conn: &mut Conn, album: &Album, user: UserId) -> Result<bool> {
    for grant in list_grants(conn, album)? {
        if access::is_kept_for(conn, user, &grant)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lets a user's items stay in an album and those in it: from then on only the album's owner can remove them.
pub(super) fn hand_over(conn: &mut Conn, owner: UserId, top: AlbumId, from: UserId) -> Result<()> {
    for album in albums::list_tree(conn, owner, top)? {
        store::album_items::update_added_by(conn, album, from, owner)?;
    }
    Ok(())
}
