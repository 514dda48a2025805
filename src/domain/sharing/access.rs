//! Who may reach what of another user. Only this module decides.
//!
//! Something of another user is always reached through a grant, whose id is in the address. `find` turns it into an
//! [`Access`], and every id of a request is looked up inside of its subject. A grant that ends takes everything below its
//! address with it: nothing is remembered from one request to the next.

use crate::db::Conn;
use crate::domain::library::{album_page, albums};
use crate::error::{Error, Result};
use crate::model::authority::ShareKey;
use crate::model::item::ItemKind;
use crate::model::{
    Album, AlbumId, Directory, DirectoryId, Gives, Grant, GrantId, Grantee, Item, ItemId, Level,
    Status, Subject, User, UserId, now,
};
use crate::msg;
use crate::state::Services;
use crate::store;

/// What a viewer may do with a subject of its owner.
#[derive(Debug, Clone)]
pub struct Access {
    pub viewer: UserId,
    pub owner: UserId,
    pub grant: Grant,
    pub subject: Subject,
}

/// What a grant lets a viewer do at this moment, in the caller's transaction.
///
/// # Errors
/// `NotFound` if there is no such grant, if it is not the viewer's or has ended, or if its owner is not active.
pub(crate) fn find(conn: &mut Conn, viewer: UserId, id: GrantId) -> Result<Access> {
    let grant = store::grants::find(conn, id)?.ok_or(Error::NotFound)?;
    access_through(conn, viewer, grant)?.ok_or(Error::NotFound)
}

/// As `find`, for a request that only reads.
///
/// # Errors
/// As `find`.
pub fn open(services: &Services, viewer: &User, id: GrantId) -> Result<Access> {
    services.db.read(|conn| find(conn, viewer.id, id))
}

/// What a grant lets a viewer do; `None` if nothing.
pub(super) fn access_through(
    conn: &mut Conn,
    viewer: UserId,
    grant: Grant,
) -> Result<Option<Access>> {
    if !is_granted_to(conn, viewer, &grant)? {
        return Ok(None);
    }
    let mark = store::grants::find_mark(conn, viewer, grant.id)?;
    if mark.is_some_and(|mark| mark.left_at.is_some()) {
        return Ok(None);
    }
    Ok(grant.subject().map(|subject| Access { viewer, owner: grant.owner_id, grant, subject }))
}

/// Whether a grant is for a viewer who has not left it. It has no effect while its owner is not active, but wakes up when
/// they are back.
pub(super) fn is_kept_for(conn: &mut Conn, viewer: UserId, grant: &Grant) -> Result<bool> {
    let mark = store::grants::find_mark(conn, viewer, grant.id)?;
    Ok(mark.is_none_or(|mark| mark.left_at.is_none()) && is_grantee(conn, viewer, grant)?)
}

/// Whether a grant is in effect for a viewer, who may have left it.
pub(super) fn is_granted_to(conn: &mut Conn, viewer: UserId, grant: &Grant) -> Result<bool> {
    if !is_grantee(conn, viewer, grant)? {
        return Ok(false);
    }
    let owner = store::users::find(conn, grant.owner_id)?;
    Ok(owner.is_some_and(|owner| owner.status == Status::Active))
}

fn is_grantee(conn: &mut Conn, viewer: UserId, grant: &Grant) -> Result<bool> {
    // The owner of something needs no grant, not even as a member of a group.
    if grant.owner_id == viewer || grant.has_ended(now()) {
        return Ok(false);
    }
    Ok(match grant.grantee() {
        Some(Grantee::User(user)) => user == viewer,
        Some(Grantee::Group(group)) => store::groups::find_member(conn, viewer, group)?.is_some(),
        None => false,
    })
}

/// Those of these grants through which their viewers have no access any more, for responses that are under way.
///
/// # Errors
/// Database errors.
pub fn find_ended(services: &Services, keys: &[ShareKey]) -> Result<Vec<ShareKey>> {
    services.db.read(|conn| {
        let mut ended = Vec::new();
        for key in keys {
            match find(conn, key.viewer, key.grant) {
                Ok(_) => {}
                Err(Error::NotFound) => ended.push(*key),
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    })
}

impl Access {
    #[must_use]
    pub const fn gives(&self) -> Gives {
        self.grant.gives
    }

    #[must_use]
    pub fn may(&self, level: Level) -> bool {
        self.grant.level >= level
    }

    /// # Errors
    /// `Forbidden` if the grant does not allow as much.
    pub fn require(&self, level: Level) -> Result<()> {
        if self.may(level) {
            Ok(())
        } else {
            Err(Error::Forbidden(msg!("You can see this, but not change it.")))
        }
    }

    /// # Errors
    /// `Forbidden` if the grant does not give as much.
    pub fn require_gives(&self, gives: Gives) -> Result<()> {
        if self.gives() >= gives {
            Ok(())
        } else {
            Err(Error::Forbidden(msg!("Only previews of this are shared with you.")))
        }
    }

    /// An album inside the subject; without an id, the subject itself.
    ///
    /// # Errors
    /// `NotFound`.
    pub(crate) fn album(&self, conn: &mut Conn, id: Option<AlbumId>) -> Result<Album> {
        let Subject::Album(top) = self.subject else { return Err(Error::NotFound) };
        let album = store::albums::find(conn, self.owner, id.unwrap_or(top))?;
        let album = album.ok_or(Error::NotFound)?;
        let is_inside =
            album.id == top || albums::ancestors(conn, &album)?.iter().any(|above| above.id == top);
        if is_inside { Ok(album) } else { Err(Error::NotFound) }
    }

    /// A folder inside the subject; without an id, the subject itself.
    ///
    /// # Errors
    /// `NotFound`.
    pub(crate) fn directory(&self, conn: &mut Conn, id: Option<DirectoryId>) -> Result<Directory> {
        let Subject::Directory(top) = self.subject else { return Err(Error::NotFound) };
        let find = |conn: &mut Conn, id| {
            store::directories::find(conn, self.owner, id)?.ok_or(Error::NotFound)
        };
        let top = find(conn, top)?;
        let directory = match id {
            Some(id) => find(conn, id)?,
            None => return Ok(top),
        };
        let rest = directory.directory_path.strip_prefix(&top.directory_path);
        let is_inside = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if is_inside { Ok(directory) } else { Err(Error::NotFound) }
    }

    /// An item inside the subject, and its owner, who in an album may be someone else than the album's.
    ///
    /// # Errors
    /// `NotFound`.
    pub(crate) fn item(&self, conn: &mut Conn, id: ItemId) -> Result<(User, Item)> {
        match self.subject {
            Subject::Album(_) => {
                let album = self.album_of(conn, id)?;
                album_page::find_shown(conn, album.id, id)
            }
            Subject::Directory(_) => {
                let item = self.owned_item(conn, id)?;
                self.directory(conn, Some(item.1.directory_id))?;
                Ok(item)
            }
            Subject::Item(only) if only == id => self.owned_item(conn, id),
            Subject::Item(_) => Err(Error::NotFound),
        }
    }

    /// The album inside the subject that shows an item; the first of several.
    pub(crate) fn album_of(&self, conn: &mut Conn, id: ItemId) -> Result<Album> {
        for album in store::album_items::list_albums(conn, id)? {
            let found = self.album(conn, Some(album)).and_then(|album| {
                album_page::find_shown(conn, album.id, id)?;
                Ok(album)
            });
            match found {
                Err(Error::NotFound) => {}
                found => return found,
            }
        }
        Err(Error::NotFound)
    }

    fn owned_item(&self, conn: &mut Conn, id: ItemId) -> Result<(User, Item)> {
        let item = store::items::find(conn, self.owner, id)?;
        let item = item.filter(Item::is_shown_in_albums).ok_or(Error::NotFound)?;
        let owner = store::users::find(conn, self.owner)?.ok_or(Error::NotFound)?;
        Ok((owner, item))
    }
}

/// An item that a viewer reaches through a grant, and its owner.
///
/// # Errors
/// `NotFound`.
pub fn open_item(services: &Services, viewer: &User, id: GrantId, item: ItemId) -> Result<Reached> {
    services.db.read(|conn| {
        let access = find(conn, viewer.id, id)?;
        let (owner, item) = access.item(conn, item)?;
        Ok(Reached { access, owner, item })
    })
}

/// An item that is reached through a grant.
pub struct Reached {
    pub access: Access,
    pub owner: User,
    pub item: Item,
}

impl Reached {
    /// Checks that the grant gives the file itself. Videos and music may be given only to be played.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn require_file(&self, is_download: bool) -> Result<()> {
        let is_played = matches!(self.item.kind, ItemKind::Video | ItemKind::Audio);
        let least = if is_played && !is_download { Gives::Stream } else { Gives::Originals };
        self.access.require_gives(least)
    }
}
