//! What users who see an album say about it and its items: comments, hearts, and the list of all that happened.

use std::collections::{BTreeSet, HashMap};

use super::access;
use super::grants::clean_note;
use super::notifications::{self, name_of};
use super::shared_albums::{Target, change_shared, tell_users};
use crate::db::Conn;
use crate::domain::library::album_page;
use crate::domain::library::albums::find_own;
use crate::domain::library::reader::LibraryReader;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::space_access;
use crate::error::{Error, Result};
use crate::model::authority::Authority;
use crate::model::{
    Album, AlbumComment, AlbumHeart, CommentId, Item, ItemId, Level, NotificationKind, Status,
    Time, User, UserId, now,
};
use crate::state::Services;
use crate::state::session_cache::AuthSession;
use crate::store;
use crate::{fill, msg};

/// Longest comment in characters, as in the table.
pub const MAX_COMMENT_CHARS: usize = 1000;
/// Comments of one user on one album and its items.
const MAX_COMMENTS: i64 = 1000;
/// Comments shown with an item, the newest ones.
const SHOWN_COMMENTS: i64 = 200;
/// Entries on one page of the activity.
const PAGE_ENTRIES: usize = 50;

/// A comment, for display.
#[derive(Debug, Clone)]
pub struct Comment {
    pub id: CommentId,
    pub author: String,
    pub text: String,
    pub at: Time,
    /// Whether the viewer may remove it: as its author, or with the right to edit the album.
    pub may_remove: bool,
}

/// What users say about an item of an album.
#[derive(Debug, Clone)]
pub struct ItemComments {
    /// The names of the other users who like it.
    pub liked_by: Vec<String>,
    /// Whether the viewer likes it.
    pub is_liked: bool,
    /// The oldest first.
    pub comments: Vec<Comment>,
    /// Whether there are older ones.
    pub has_older: bool,
}

/// Something that happened in an album.
#[derive(Debug, Clone)]
pub struct Entry {
    pub at: Time,
    pub author: String,
    pub is_own: bool,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    /// So many items were added at once.
    Added(i64),
    /// A comment, on an item of the album or on the album.
    Commented(Comment, Option<Item>),
    Liked(Item),
}

/// One page of what happened in an album, the newest first.
pub struct Activity {
    pub album: Album,
    pub entries: Vec<Entry>,
    /// Before when the next page begins.
    pub next: Option<Time>,
}

/// Finds an album, and whether the viewer may remove comments of others.
fn find_album(conn: &mut Conn, viewer: &AuthSession, target: Target) -> Result<(Album, bool)> {
    match target {
        // What the users of an album say is not for those who see the whole library of its owner.
        Target::Own(_) if viewer.is_partner() => Err(Error::NotFound),
        Target::Own(id) => Ok((find_own(conn, &viewer.user, id)?, viewer.may(Level::Edit))),
        Target::Shared(grant, inside) => {
            let access = access::find_granted(conn, viewer.user.id, grant)?;
            Ok((access.album(conn, inside)?, access.may(Level::Edit)))
        }
    }
}

/// Runs a transaction that writes what a user says about an album, in which the session and the access are checked.
fn change<T>(
    services: &Services,
    authority: &Authority<'_>,
    target: Target,
    work: impl Fn(&mut Conn, Album, bool) -> Result<T>,
) -> Result<T> {
    let user = authority.user;
    match target {
        Target::Own(id) => services.write_library(user.id, |conn| {
            authorize(conn, authority.key(), Need::Active)?;
            if authority.person.id != user.id && !user.is_space() {
                return Err(Error::NotFound);
            }
            let album = find_own(conn, user, id)?;
            let may_edit = space_access::may(conn, authority.person.id, user.id, Level::Edit)?;
            work(conn, album, may_edit)
        }),
        Target::Shared(id, inside) => {
            change_shared(services, authority, id, inside, Level::View, |conn, access, album| {
                work(conn, album, access.may(Level::Edit))
            })
        }
    }
}

fn ensure_allowed(album: &Album) -> Result<()> {
    if album.allows_comments {
        Ok(())
    } else {
        Err(Error::Forbidden(msg!("Comments are switched off for this album.")))
    }
}

/// Comments on an album or one of its items, and tells its owner, the owner of the item, and those who commented before.
///
/// # Errors
/// `NotFound` if the user does not see the album or it does not show the item, `Forbidden` if comments are switched off,
/// `Invalid` for a bad text or too many comments.
pub fn add(
    services: &Services,
    authority: &Authority<'_>,
    target: Target,
    item: Option<ItemId>,
    text: &str,
) -> Result<Comment> {
    let user = authority.person;
    // What cannot be displayed is left out, and the rest kept.
    let is_shown = |sign: &char| !sign.is_control() || matches!(sign, '\n' | '\t');
    let text: String = text.replace("\r\n", "\n").chars().filter(is_shown).collect();
    let text = clean_note("text", &text, MAX_COMMENT_CHARS)?;
    if text.is_empty() {
        return Err(Error::field("text", msg!("Write something first.")));
    }
    let (comment, told) = change(services, authority, target, |conn, album, _| {
        ensure_allowed(&album)?;
        let mut wanted = BTreeSet::from([album.user_id]);
        if let Some(item) = item {
            wanted.insert(album_page::find_shown(conn, album.id, item)?.0.id);
            let before = store::album_comments::list_of_item(conn, album.id, item, SHOWN_COMMENTS)?;
            wanted.extend(before.iter().map(|(comment, _)| comment.user_id));
        }
        if store::album_comments::count_of_user(conn, album.id, user.id)? >= MAX_COMMENTS {
            let message =
                fill!("You can write {count} comments on an album at most.", count = MAX_COMMENTS);
            return Err(Error::field("text", message));
        }
        let comment = AlbumComment {
            id: CommentId::new(),
            album_id: album.id,
            item_id: item,
            user_id: user.id,
            text: text.clone(),
            created_at: now(),
        };
        store::album_comments::insert(conn, &comment)?;
        let kind = (NotificationKind::Commented, 1);
        let is_wanted = |user| wanted.contains(&user);
        let told = tell_users(conn, (user, &album), kind, "/activity", is_wanted)?;
        Ok((comment, told))
    })?;
    notifications::delivered(services, &told);
    Ok(shown(comment, user, user.id, true))
}

/// Removes a comment: the user's own, or with the right to edit the album, any.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn remove(
    services: &Services,
    authority: &Authority<'_>,
    target: Target,
    id: CommentId,
) -> Result<()> {
    let user = authority.person.id;
    change(services, authority, target, |conn, album, may_edit| {
        let comment = store::album_comments::find(conn, album.id, id)?.ok_or(Error::NotFound)?;
        if comment.user_id != user && !may_edit {
            return Err(Error::Forbidden(msg!(
                "Only its author or the owner of the album can remove it."
            )));
        }
        store::album_comments::delete(conn, album.id, id)?;
        Ok(())
    })
}

/// Marks that the user likes an item of an album, and tells its owner; or that they do not.
///
/// # Errors
/// As [`add`].
pub fn set_liked(
    services: &Services,
    authority: &Authority<'_>,
    target: Target,
    item: ItemId,
    is_liked: bool,
) -> Result<()> {
    let user = authority.person;
    let told = change(services, authority, target, |conn, album, _| {
        ensure_allowed(&album)?;
        let (owner, item) = album_page::find_shown(conn, album.id, item)?;
        let is_known =
            store::album_comments::find_heart(conn, album.id, item.id, user.id)?.is_some();
        if is_known == is_liked {
            return Ok(Vec::new());
        }
        if !is_liked {
            store::album_comments::delete_heart(conn, album.id, item.id, user.id)?;
            return Ok(Vec::new());
        }
        let heart = AlbumHeart {
            album_id: album.id,
            item_id: item.id,
            user_id: user.id,
            created_at: now(),
        };
        store::album_comments::insert_heart(conn, &heart)?;
        let kind = (NotificationKind::Liked, 1);
        tell_users(conn, (user, &album), kind, "/activity", |told| told == owner.id)
    })?;
    notifications::delivered(services, &told);
    Ok(())
}

/// Whether anything is said about an album.
///
/// # Errors
/// Database errors.
pub fn has_any(reader: &mut LibraryReader<'_>, album: &Album) -> Result<bool> {
    Ok(album.allows_comments && store::album_comments::has_any(reader.conn, album.id)?)
}

/// What users say about an item of an album; nothing if comments are switched off.
///
/// # Errors
/// `NotFound` if the viewer does not see the album.
pub fn of_item(
    services: &Services,
    auth_session: &AuthSession,
    target: Target,
    item: ItemId,
) -> Result<Option<ItemComments>> {
    let viewer = auth_session.person();
    services.db.read(|conn| {
        if auth_session.is_partner() {
            return Ok(None);
        }
        let (album, may_edit) = find_album(conn, auth_session, target)?;
        if !album.allows_comments || find_item(conn, &album, item)?.is_none() {
            return Ok(None);
        }
        let hearts = store::album_comments::list_hearts(conn, album.id, item)?;
        let others = hearts.iter().filter(|user| user.id != viewer.id && is_active(user));
        let mut rows = store::album_comments::list_of_item(conn, album.id, item, SHOWN_COMMENTS)?;
        let has_older = rows.len() >= usize::try_from(SHOWN_COMMENTS).unwrap_or(usize::MAX);
        rows.reverse();
        let comments = rows.into_iter().filter(|(_, author)| is_active(author));
        Ok(Some(ItemComments {
            liked_by: others.map(name_of).collect(),
            is_liked: hearts.iter().any(|user| user.id == viewer.id),
            comments: comments
                .map(|(comment, author)| shown(comment, &author, viewer.id, may_edit))
                .collect(),
            has_older,
        }))
    })
}

/// What a suspended user has said is not shown until they are back, as their items are not.
fn is_active(user: &User) -> bool {
    user.status == Status::Active
}

fn shown(comment: AlbumComment, author: &User, viewer: UserId, may_edit: bool) -> Comment {
    Comment {
        id: comment.id,
        author: name_of(author),
        may_remove: may_edit || comment.user_id == viewer,
        text: comment.text,
        at: comment.created_at,
    }
}

/// A row of one of the three tables.
enum Row {
    Added(i64),
    Commented(AlbumComment),
    Liked(ItemId),
}

/// One page of what happened in an album before a time; without it, the newest.
///
/// # Errors
/// `NotFound` if the viewer does not see the album.
pub fn activity(
    services: &Services,
    auth_session: &AuthSession,
    target: Target,
    before: Option<Time>,
) -> Result<Activity> {
    let viewer = auth_session.person();
    services.db.read(|conn| {
        let (album, may_edit) = find_album(conn, auth_session, target)?;
        let mut rows = rows_before(conn, &album, before)?;
        let has_more = rows.len() > PAGE_ENTRIES;
        // What happened at the same time stays on one page, because the next one begins before a time.
        let last = rows.get(PAGE_ENTRIES.min(rows.len()).saturating_sub(1)).map(|(at, ..)| *at);
        rows.retain(|(at, ..)| last.is_none_or(|last| *at >= last));

        let mut people: HashMap<UserId, Option<User>> = HashMap::new();
        let mut entries = Vec::new();
        for (at, user, row) in rows {
            if let std::collections::hash_map::Entry::Vacant(slot) = people.entry(user) {
                slot.insert(store::users::find(conn, user)?.filter(is_active));
            }
            let Some(Some(author)) = people.get(&user) else { continue };
            let author_name = name_of(author);
            let what = match row {
                Row::Added(count) => What::Added(count),
                Row::Liked(item) => match find_item(conn, &album, item)? {
                    Some(item) => What::Liked(item),
                    None => continue,
                },
                Row::Commented(comment) => {
                    let item = match comment.item_id {
                        Some(item) => find_item(conn, &album, item)?,
                        None => None,
                    };
                    // What is said about an item is hidden with it.
                    if comment.item_id.is_some() && item.is_none() {
                        continue;
                    }
                    What::Commented(shown(comment, author, viewer.id, may_edit), item)
                }
            };
            entries.push(Entry { at, author: author_name, is_own: user == viewer.id, what });
        }
        Ok(Activity { album, entries, next: last.filter(|_| has_more) })
    })
}

/// Rows of all three tables before a time, the newest first, with their users: enough for a page and to see whether there
/// is another.
fn rows_before(
    conn: &mut Conn,
    album: &Album,
    before: Option<Time>,
) -> Result<Vec<(Time, UserId, Row)>> {
    // A day later, because servers of one database may have clocks that differ.
    let before = before.unwrap_or_else(|| now() + time::Duration::days(1));
    let limit = i64::try_from(PAGE_ENTRIES + 1).unwrap_or(i64::MAX);
    let id = album.id;
    let added = store::album_comments::list_additions_before(conn, id, before, limit)?;
    let mut rows: Vec<_> =
        added.into_iter().map(|(at, user, count)| (at, user, Row::Added(count))).collect();
    if album.allows_comments {
        let comments = store::album_comments::list_before(conn, id, before, limit)?;
        rows.extend(comments.into_iter().map(|it| (it.created_at, it.user_id, Row::Commented(it))));
        let hearts = store::album_comments::list_hearts_before(conn, id, before, limit)?;
        rows.extend(
            hearts.into_iter().map(|it| (it.created_at, it.user_id, Row::Liked(it.item_id))),
        );
    }
    rows.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    Ok(rows)
}

fn find_item(conn: &mut Conn, album: &Album, item: ItemId) -> Result<Option<Item>> {
    match album_page::find_shown(conn, album.id, item) {
        Ok((_, item)) => Ok(Some(item)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
