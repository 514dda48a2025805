//! Lists of what is shared: with a user, by a user, and what a user has left.

use super::access::{self, is_granted_to};
use super::grant_marks;
use super::grantees::NamedGrant;
use super::grantees::{grantee_name, title_of};
use crate::db::Conn;
use crate::domain::library::album_covers::with_covers;
use crate::error::{Error, Result};
use crate::model::{Album, Directory, Grant, GrantId, GrantMark, Item, Level, Subject, User};
use crate::state::Services;
use crate::store;

/// Grants on one page.
const PAGE_GRANTS: i64 = 60;

/// What is shared, for display.
pub enum SharedSubject {
    Album {
        album: Album,
        /// The item on its cover.
        cover: Option<Box<Item>>,
    },
    Directory(Directory),
    Item(Box<Item>),
    /// The library of a space or a person.
    Library {
        title: String,
        is_space: bool,
    },
}

impl SharedSubject {
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::Album { album, .. } => &album.name,
            Self::Directory(directory) => directory.label(),
            Self::Item(item) => &item.name,
            Self::Library { title, .. } => title,
        }
    }

    /// The item whose preview stands for it.
    #[must_use]
    pub fn cover(&self) -> Option<&Item> {
        match self {
            Self::Album { cover, .. } => cover.as_deref(),
            Self::Directory(_) | Self::Library { .. } => None,
            Self::Item(item) => Some(item),
        }
    }
}

/// Something that is shared with a user.
pub struct SharedWithMe {
    pub grant: Grant,
    pub owner: User,
    pub subject: SharedSubject,
    pub is_new: bool,
}

/// Something that a user shares.
pub struct SharedByMe {
    pub grant: NamedGrant,
    pub subject: SharedSubject,
}

/// Which grants of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithMe {
    Current,
    /// Those that the user has left and can come back to.
    Left,
}

/// One page of what is shared with a user, the newest first, and where the next page begins.
///
/// # Errors
/// Database errors.
pub fn with_me(
    services: &Services,
    user: &User,
    which: WithMe,
    before: Option<GrantId>,
) -> Result<(Vec<SharedWithMe>, Option<GrantId>)> {
    services.db.read(|conn| {
        let (candidates, next) = list_candidates(conn, user, before)?;
        let marks = store::grants::list_marks(conn, user.id)?;
        let mut shared = Vec::new();
        for grant in candidates {
            let mark = marks.iter().find(|mark| mark.grant_id == grant.id);
            let has_left = mark.is_some_and(|mark| mark.left_at.is_some());
            let is_wanted = match which {
                WithMe::Current => !has_left,
                WithMe::Left => mark.is_some_and(grant_marks::may_return),
            };
            if is_wanted && let Some(entry) = with_me_entry(conn, user, grant, mark)? {
                shared.push(entry);
            }
        }
        Ok((shared, next))
    })
}

/// One thing that is shared with a user.
///
/// # Errors
/// `NotFound`.
pub fn find(services: &Services, user: &User, id: GrantId) -> Result<SharedWithMe> {
    services.db.read(|conn| {
        access::find_granted(conn, user.id, id)?;
        let grant = store::grants::find(conn, id)?.ok_or(Error::NotFound)?;
        let mark = store::grants::find_mark(conn, user.id, id)?;
        with_me_entry(conn, user, grant, mark.as_ref())?.ok_or(Error::NotFound)
    })
}

/// The newest grants to a user and to the groups they are in, whether they are in effect or not.
fn list_candidates(
    conn: &mut Conn,
    user: &User,
    before: Option<GrantId>,
) -> Result<(Vec<Grant>, Option<GrantId>)> {
    let limit = PAGE_GRANTS + 1;
    let mut grants = store::grants::list_to_user(conn, user.id, before, limit)?;
    for group in store::groups::list_of_user(conn, user.id)? {
        grants.extend(store::grants::list_to_group(conn, group.id, before, limit)?);
    }
    grants.sort_by_key(|grant| std::cmp::Reverse(grant.id));
    let size = usize::try_from(PAGE_GRANTS).unwrap_or(usize::MAX);
    let has_more = grants.len() > size;
    grants.truncate(size);
    let next = grants.last().filter(|_| has_more).map(|grant| grant.id);
    Ok((grants, next))
}

fn with_me_entry(
    conn: &mut Conn,
    user: &User,
    grant: Grant,
    mark: Option<&GrantMark>,
) -> Result<Option<SharedWithMe>> {
    if !is_granted_to(conn, user.id, &grant)? {
        return Ok(None);
    }
    let owner = store::users::find(conn, grant.owner_id)?.ok_or(Error::NotFound)?;
    let is_new = mark.is_none_or(|mark| mark.seen_at.is_none());
    let subject = find_subject(conn, &grant)?;
    Ok(subject.map(|subject| SharedWithMe { grant, owner, subject, is_new }))
}

/// One page of what a user shares, the newest first, and where the next page begins.
///
/// # Errors
/// Database errors.
pub fn by_me(
    services: &Services,
    user: &User,
    before: Option<GrantId>,
) -> Result<(Vec<SharedByMe>, Option<GrantId>)> {
    services.db.read(|conn| {
        let mut grants = store::grants::list_of_owner(conn, user.id, before, PAGE_GRANTS + 1)?;
        let size = usize::try_from(PAGE_GRANTS).unwrap_or(usize::MAX);
        let has_more = grants.len() > size;
        grants.truncate(size);
        let next = grants.last().filter(|_| has_more).map(|grant| grant.id);
        let mut shared = Vec::new();
        for grant in grants {
            // The members of a space are not on the list of what it shares.
            let subject = find_subject(conn, &grant)?;
            let Some(subject) =
                subject.filter(|it| !matches!(it, SharedSubject::Library { is_space: true, .. }))
            else {
                continue;
            };
            let grantee = grantee_name(conn, &grant)?;
            shared.push(SharedByMe { grant: NamedGrant { grant, grantee }, subject });
        }
        Ok((shared, next))
    })
}

/// An album of somebody else that a user may add to.
pub struct AlbumToAddTo {
    pub grant: GrantId,
    pub album: Album,
    pub owner: User,
}

/// The albums that are shared with a user who may add to them; for the choice of an album.
///
/// # Errors
/// Database errors.
pub fn albums_to_add_to(services: &Services, user: &User) -> Result<Vec<AlbumToAddTo>> {
    let (shared, _) = with_me(services, user, WithMe::Current, None)?;
    let albums = shared.into_iter().filter(|it| it.grant.level >= Level::Contribute);
    Ok(albums
        .filter_map(|it| match it.subject {
            SharedSubject::Album { album, .. } => {
                Some(AlbumToAddTo { grant: it.grant.id, album, owner: it.owner })
            }
            _ => None,
        })
        .collect())
}

/// What a grant is for; `None` for an item in the trash, which comes back when it is restored.
fn find_subject(conn: &mut Conn, grant: &Grant) -> Result<Option<SharedSubject>> {
    let owner = grant.owner_id;
    Ok(match grant.subject() {
        Some(Subject::Album(id)) => match store::albums::find(conn, owner, id)? {
            Some(album) => with_covers(conn, vec![album])?
                .pop()
                .map(|of| SharedSubject::Album { album: of.album, cover: of.cover.map(Box::new) }),
            None => None,
        },
        Some(Subject::Directory(id)) => {
            store::directories::find(conn, owner, id)?.map(SharedSubject::Directory)
        }
        Some(Subject::Item(id)) => {
            let item = store::items::find(conn, owner, id)?.filter(Item::is_shown_in_albums);
            item.map(|item| SharedSubject::Item(Box::new(item)))
        }
        Some(subject @ Subject::Library(id)) => match store::users::find(conn, id)? {
            Some(owner) => {
                let is_space = owner.is_space();
                let title = title_of(conn, &owner, subject)?;
                title.map(|title| SharedSubject::Library { title, is_space })
            }
            None => None,
        },
        None => None,
    })
}
