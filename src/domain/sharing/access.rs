//! Who may reach what of another user. Only this module decides.
//!
//! Something of another user is always reached through a grant or a share link, whose id or token is in the address.
//! `find` turns it into an [`Access`], and every id of a request is looked up inside of its subject. A grant or link that
//! ends takes everything below its address with it: nothing is remembered from one request to the next.

use std::sync::Arc;

use crate::db::Conn;
use crate::domain::library::{album_page, albums, open_item};
use crate::domain::sessions::space_access::{has_left, is_grantee};
use crate::error::{Error, Result};
use crate::model::authority::{ShareInUse, ShareKey};
use crate::model::item::ItemKind;
use crate::model::{
    Album, AlbumId, Directory, DirectoryId, Gives, Grant, GrantId, Item, ItemId, Level,
    LinkUploads, ShareLink, Status, Subject, Time, User, UserId, now,
};
use crate::msg;
use crate::state::Services;
use crate::state::open_file_cache::FileSource;
use crate::store;

/// What somebody may do with a subject of its owner.
#[derive(Debug, Clone)]
pub struct Access {
    pub key: ShareKey,
    pub owner: UserId,
    pub subject: Subject,
    pub level: Level,
    pub gives: Gives,
    /// Whether files are given with the place where they were taken.
    pub keeps_location: bool,
    /// Whether anything of it is shown; a file request shows nothing.
    pub is_shown: bool,
    /// What the owner says about it.
    pub note: String,
    pub ends_at: Option<Time>,
}

/// What a grant or a share link lets somebody do at this moment, in the caller's transaction.
///
/// # Errors
/// `NotFound` if there is no such grant, if it is not the viewer's or has ended, or if its owner is not active; the same
/// for a link.
pub(crate) fn find(conn: &mut Conn, key: ShareKey) -> Result<Access> {
    let found = match key {
        ShareKey::Grant { viewer, grant } => {
            let grant = store::grants::find(conn, grant)?.ok_or(Error::NotFound)?;
            access_through(conn, viewer, &grant)?
        }
        ShareKey::Link { link, generation } => {
            let link = store::share_links::find(conn, link)?.ok_or(Error::NotFound)?;
            access_through_link(conn, &link)?.filter(|_| link.generation == generation)
        }
    };
    found.ok_or(Error::NotFound)
}

/// As `find`, for a grant.
pub(crate) fn find_granted(conn: &mut Conn, viewer: UserId, id: GrantId) -> Result<Access> {
    find(conn, ShareKey::Grant { viewer, grant: id })
}

/// As `find`, for a request that only reads.
///
/// # Errors
/// As `find`.
pub fn open(services: &Services, key: ShareKey) -> Result<Access> {
    services.db.read(|conn| find(conn, key))
}

/// As `open`, for a grant.
///
/// # Errors
/// As `find`.
pub fn open_granted(services: &Services, viewer: &User, id: GrantId) -> Result<Access> {
    open(services, ShareKey::Grant { viewer: viewer.id, grant: id })
}

/// What a grant lets a viewer do; `None` if nothing.
pub(super) fn access_through(
    conn: &mut Conn,
    viewer: UserId,
    grant: &Grant,
) -> Result<Option<Access>> {
    if !is_granted_to(conn, viewer, grant)? {
        return Ok(None);
    }
    if has_left(conn, viewer, grant)? {
        return Ok(None);
    }
    Ok(grant.subject().map(|subject| Access {
        key: ShareKey::Grant { viewer, grant: grant.id },
        owner: grant.owner_id,
        subject,
        level: grant.level,
        gives: grant.gives,
        keeps_location: true,
        is_shown: true,
        note: grant.note.clone(),
        ends_at: grant.ends_at,
    }))
}

/// What a share link lets anyone do who has opened it; `None` if nothing.
pub(super) fn access_through_link(conn: &mut Conn, link: &ShareLink) -> Result<Option<Access>> {
    if link.has_ended(now()) || !is_active(conn, link.owner_id)? {
        return Ok(None);
    }
    Ok(link.subject().map(|subject| Access {
        key: link.share_key(),
        owner: link.owner_id,
        subject,
        level: Level::View,
        gives: link.gives,
        keeps_location: link.keeps_location,
        is_shown: link.uploads != LinkUploads::Request,
        note: link.message.clone(),
        ends_at: link.ends_at,
    }))
}

fn is_active(conn: &mut Conn, owner: UserId) -> Result<bool> {
    let owner = store::users::find(conn, owner)?;
    Ok(owner.is_some_and(|owner| owner.status == Status::Active))
}

/// Whether a grant is for a viewer who has not left it. It has no effect while its owner is not active, but wakes up when
/// they are back.
pub(super) fn is_kept_for(conn: &mut Conn, viewer: UserId, grant: &Grant) -> Result<bool> {
    Ok(!has_left(conn, viewer, grant)? && is_grantee(conn, viewer, grant)?)
}

/// Whether a grant is in effect for a viewer, who may have left it.
pub(super) fn is_granted_to(conn: &mut Conn, viewer: UserId, grant: &Grant) -> Result<bool> {
    Ok(is_grantee(conn, viewer, grant)? && is_active(conn, grant.owner_id)?)
}

/// Those of these accesses that have ended, for responses that are under way.
///
/// # Errors
/// Database errors.
pub fn find_ended(services: &Services, shares: &[ShareInUse]) -> Result<Vec<ShareInUse>> {
    services.db.read(|conn| {
        let mut ended = Vec::new();
        for share in shares {
            match is_still_given(conn, share) {
                Ok(()) => {}
                Err(Error::NotFound | Error::Forbidden(_)) => ended.push(*share),
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    })
}

fn is_still_given(conn: &mut Conn, share: &ShareInUse) -> Result<()> {
    let access = find(conn, share.key)?;
    let Some((item, least)) = share.item else { return Ok(()) };
    let (owner, item) = access.item(conn, item)?;
    Reached { access, owner, item }.require_gives(least)
}

impl Access {
    #[must_use]
    pub fn may(&self, level: Level) -> bool {
        self.level >= level
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

    /// What is given of an item: through a link, only previews of what others have added, who have shared it with the users
    /// of the album and not with everybody.
    #[must_use]
    pub fn gives_of(&self, owner: UserId) -> Gives {
        let is_of_other = owner != self.owner && matches!(self.key, ShareKey::Link { .. });
        if is_of_other { Gives::Previews } else { self.gives }
    }

    /// # Errors
    /// `Forbidden` if the grant does not give as much.
    pub fn require_gives(&self, gives: Gives) -> Result<()> {
        if self.gives >= gives {
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
        if self.is_shown { self.find_album(conn, id) } else { Err(Error::NotFound) }
    }

    fn find_album(&self, conn: &mut Conn, id: Option<AlbumId>) -> Result<Album> {
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
        if self.is_shown { self.find_directory(conn, id) } else { Err(Error::NotFound) }
    }

    fn find_directory(&self, conn: &mut Conn, id: Option<DirectoryId>) -> Result<Directory> {
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
            Subject::Item(only) if only == id && self.is_shown => self.owned_item(conn, id),
            // A library has addresses of its own.
            Subject::Item(_) | Subject::Library(_) => Err(Error::NotFound),
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

    /// Checks that its subject is still there: an item may be in the trash.
    ///
    /// # Errors
    /// `NotFound`.
    pub(super) fn ensure_visible(&self, conn: &mut Conn) -> Result<()> {
        match self.subject {
            Subject::Album(_) => self.find_album(conn, None).map(drop),
            Subject::Directory(_) => self.find_directory(conn, None).map(drop),
            Subject::Item(id) => self.owned_item(conn, id).map(drop),
            Subject::Library(_) => Ok(()),
        }
    }

    fn owned_item(&self, conn: &mut Conn, id: ItemId) -> Result<(User, Item)> {
        let item = store::items::find(conn, self.owner, id)?;
        let item = item.filter(Item::is_shown_in_albums).ok_or(Error::NotFound)?;
        let owner = store::users::find(conn, self.owner)?.ok_or(Error::NotFound)?;
        Ok((owner, item))
    }
}

/// An item that is reached through a grant or link, and its owner.
///
/// # Errors
/// `NotFound`.
pub fn open_item(services: &Services, key: ShareKey, item: ItemId) -> Result<Reached> {
    services.db.read(|conn| {
        let access = find(conn, key)?;
        let (owner, item) = access.item(conn, item)?;
        Ok(Reached { access, owner, item })
    })
}

/// An item that is reached through a grant or link.
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
        self.require_gives(self.least(is_download))
    }

    /// What must be given at least for the file itself.
    #[must_use]
    pub fn least(&self, is_download: bool) -> Gives {
        let is_played = matches!(self.item.kind, ItemKind::Video | ItemKind::Audio);
        if is_played && !is_download { Gives::Stream } else { Gives::Originals }
    }

    /// # Errors
    /// `Forbidden` if not as much of the item is given.
    pub fn require_gives(&self, least: Gives) -> Result<()> {
        let gives = self.access.gives_of(self.owner.id);
        Access { gives, ..self.access.clone() }.require_gives(least)
    }

    /// Opens the file, without where it was taken if that is not given.
    ///
    /// # Errors
    /// As [`open_item::open`] and [`open_item::without_location`].
    pub fn open(&self, services: &Services) -> Result<Arc<FileSource>> {
        let source = open_item::open(services, &self.owner, self.item.id)?;
        if self.access.keeps_location {
            return Ok(source);
        }
        open_item::without_location(source, &self.item.mime)
    }

    /// Opens the video of a moving photo in the same way.
    ///
    /// # Errors
    /// As [`open_item::open_motion`] and [`open_item::without_location`].
    pub fn open_motion(&self, services: &Services) -> Result<Arc<FileSource>> {
        let source = open_item::open_motion(services, &self.owner, self.item.id)?;
        if self.access.keeps_location {
            return Ok(source);
        }
        // A video of its own, or a part of the photo.
        let is_own = source.item.kind == ItemKind::Video;
        let mime = if is_own { source.item.mime.clone() } else { "video/mp4".to_owned() };
        open_item::without_location(source, &mime)
    }
}
