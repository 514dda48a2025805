//! What is reached through a grant or link: pages of albums and folders, and single items.

use super::access::{self, Access};
use crate::domain::library::album_page::{self, AlbumPage, AlbumQuery, Neighbor};
use crate::domain::library::listings::{self, DirectoryListing, ListingQuery};
use crate::domain::library::{music_albums, reader};
use crate::error::{Error, Result};
use crate::model::authority::ShareKey;
use crate::model::item_filter::ItemFilter;
use crate::model::{
    Album, AlbumId, AlbumSort, Cursor, Directory, DirectoryId, Gives, Item, ItemId, Sort, Subject,
    Track, User,
};
use crate::state::Services;
use crate::store;

/// One page of an album that is reached through a grant or link.
pub struct SharedAlbum {
    pub access: Access,
    pub owner: User,
    /// Without the albums above the one that is shared.
    pub page: AlbumPage,
}

/// One page of a folder that is reached through a grant or link.
pub struct SharedDirectory {
    pub access: Access,
    pub owner: User,
    /// Without the folders above the one that is shared.
    pub page: DirectoryListing,
}

/// An item that is reached through a grant or link, with the items before and after it.
pub struct SharedItem {
    pub access: Access,
    /// The owner of the item, who in an album may be someone else than that of the album.
    pub owner: User,
    pub item: Item,
    pub tracks: Vec<Track>,
    pub newer: Option<Neighbor>,
    pub older: Option<Neighbor>,
    /// The album or folder that it was found in.
    pub place: Place,
}

/// Where an item was found.
pub enum Place {
    Album(Album),
    Directory(Directory),
    /// It is shared by itself.
    Nowhere,
}

/// One page of the album of a grant or link, or of one inside of it.
///
/// # Errors
/// `NotFound`, `Invalid` for a bad cursor.
pub fn album(
    services: &Services,
    key: ShareKey,
    inside: Option<AlbumId>,
    query: &AlbumQuery,
) -> Result<SharedAlbum> {
    services.db.read(|conn| {
        let access = access::find(conn, key)?;
        let owner = store::users::find(conn, access.owner)?.ok_or(Error::NotFound)?;
        let album = access.album(conn, inside)?;
        let mut page = album_page::page_of(conn, album, query)?;
        let top = page.above.iter().position(|above| access.subject == Subject::Album(above.id));
        page.above = page.above.split_off(top.unwrap_or(page.above.len()));
        Ok(SharedAlbum { access, owner, page })
    })
}

/// The position of an item in an album or folder of a grant or link, as a cursor. Visitors name items and not positions,
/// because a position can be made up: asking for ever smaller steps would tell when a photo was taken. Only the orders that
/// owners arrange have positions that tell nothing.
///
/// # Errors
/// `NotFound`.
pub fn cursor_of(
    services: &Services,
    key: ShareKey,
    inside: Option<AlbumId>,
    text: &str,
) -> Result<String> {
    services.db.read(|conn| {
        let access = access::find(conn, key)?;
        let sort = match access.subject {
            Subject::Album(_) => access.album(conn, inside)?.sort,
            _ => AlbumSort::Newest,
        };
        if sort == AlbumSort::Custom {
            return Ok(text.to_owned());
        }
        let id = ItemId::parse(text).ok_or(Error::NotFound)?;
        let (_, item) = access.item(conn, id)?;
        Ok(Cursor::after_item(&item, sort.list_sort()).encode())
    })
}

/// One page of the folder of a grant or link, or of one inside of it. `query` makes the query for its id.
///
/// # Errors
/// `NotFound`, `Invalid` for a bad cursor.
pub fn directory(
    services: &Services,
    key: ShareKey,
    inside: Option<DirectoryId>,
    query: impl Fn(ItemFilter) -> ListingQuery,
) -> Result<SharedDirectory> {
    let owner = access::open(services, key)?.owner;
    reader::read(services, owner, |reader| {
        let access = access::find(reader.conn, key)?;
        let owner = store::users::find(reader.conn, access.owner)?.ok_or(Error::NotFound)?;
        let directory = access.directory(reader.conn, inside)?;
        let (_, mut above) = listings::find_directory(reader.conn, &owner, directory.directory_id)?;
        let top =
            above.iter().position(|above| access.subject == Subject::Directory(above.directory_id));
        above = above.split_off(top.unwrap_or(above.len()));
        let size = store::directories::measure(reader.conn, owner.id, directory.directory_id)?;
        let mut wanted = query(ItemFilter::directory(directory.directory_id));
        // Asking for ever smaller areas would tell where a photo was taken.
        wanted.filter.area = None;
        let listing = listings::list(reader, &owner, &wanted)?;
        Ok(SharedDirectory {
            access,
            owner,
            page: DirectoryListing { directory, above, size, listing },
        })
    })
}

/// An item that is reached through a grant or link, as a part of the album that it is seen in, if that is inside.
///
/// # Errors
/// `NotFound`.
pub fn item(
    services: &Services,
    key: ShareKey,
    item: ItemId,
    seen_in: Option<AlbumId>,
) -> Result<SharedItem> {
    services.db.read(|conn| {
        let access = access::find(conn, key)?;
        let (owner, item) = access.item(conn, item)?;
        let tracks = music_albums::find_tracks(conn, owner.id, std::slice::from_ref(&item))?;
        let (place, (newer, older)) = match access.subject {
            Subject::Album(_) => {
                let album = match seen_in {
                    Some(album) => {
                        let album = access.album(conn, Some(album))?;
                        album_page::find_shown(conn, album.id, item.id)?;
                        album
                    }
                    None => access.album_of(conn, item.id)?,
                };
                let neighbors = album_page::find_neighbors(conn, &album, item.id)?;
                (Place::Album(album), neighbors)
            }
            Subject::Directory(_) => {
                let directory = access.directory(conn, Some(item.directory_id))?;
                let filter = ItemFilter::directory(item.directory_id);
                let at = Cursor::after_item(&item, Sort::Newest);
                let mut neighbor = |sort| -> Result<Option<Neighbor>> {
                    let found =
                        store::item_lists::list(conn, owner.id, &filter, sort, Some(&at), 1)?;
                    Ok(found.first().map(|item| (item.id, owner.id)))
                };
                let neighbors = (neighbor(Sort::Oldest)?, neighbor(Sort::Newest)?);
                (Place::Directory(directory), neighbors)
            }
            Subject::Item(_) | Subject::Library(_) => (Place::Nowhere, (None, None)),
        };
        Ok(SharedItem { access, owner, item, tracks, newer, older, place })
    })
}

/// An album inside the subject of a grant or link that gives the files themselves.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn find_album_to_download(services: &Services, key: ShareKey, album: AlbumId) -> Result<Album> {
    services.db.read(|conn| {
        let access = access::find(conn, key)?;
        access.require_gives(Gives::Originals)?;
        access.album(conn, Some(album))
    })
}

/// The owner of a folder inside the subject of a grant or link that gives the files themselves.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn find_directory_to_download(
    services: &Services,
    key: ShareKey,
    directory: DirectoryId,
) -> Result<User> {
    services.db.read(|conn| {
        let access = access::find(conn, key)?;
        access.require_gives(Gives::Originals)?;
        access.directory(conn, Some(directory))?;
        store::users::find(conn, access.owner)?.ok_or(Error::NotFound)
    })
}

/// Those of these items that are inside the subject of a grant or link that gives the files themselves.
///
/// # Errors
/// `NotFound` if there is none, `Forbidden`.
pub fn list_to_download(services: &Services, key: ShareKey, items: &[ItemId]) -> Result<Vec<Item>> {
    services.db.read(|conn| {
        let access = access::find(conn, key)?;
        access.require_gives(Gives::Originals)?;
        let mut found = Vec::new();
        for item in items {
            match access.item(conn, *item) {
                Ok((_, item)) => found.push(item),
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        if found.is_empty() { Err(Error::NotFound) } else { Ok(found) }
    })
}

/// Some items of an album that is reached through a grant or link, after a position, and the position after them. It is for
/// archives, which read on for a long time, so access is checked each time.
///
/// # Errors
/// `NotFound`.
pub fn list_album_items(
    services: &Services,
    key: ShareKey,
    album: AlbumId,
    after: Option<&Cursor>,
) -> Result<(Vec<Item>, Option<Cursor>)> {
    services.db.read(|conn| {
        let access = access::find(conn, key)?;
        let album = access.album(conn, Some(album))?;
        album_page::list_items_of(conn, &album, after)
    })
}
