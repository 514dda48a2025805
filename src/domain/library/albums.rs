//! Albums and playlists: create, change, delete, list. What is put into them is in `album_contents`.

use super::album_covers::{AlbumCover, with_covers};
use super::reader::LibraryReader;
use crate::db::Conn;
use crate::domain::audit;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, FieldError, Result};
use crate::model::account_fields::parse_title;
use crate::model::actor::Actor;
use crate::model::authority::Authority;
use crate::model::{
    Album, AlbumId, AlbumKind, AlbumSort, Cursor, Event, ItemId, Time, User, UserId, now,
};
use crate::state::Services;
use crate::storage::file_name::sort_key;
use crate::store;
use crate::{fill, msg};

/// Albums and playlists of one user.
const MAX_ALBUMS: i64 = 5000;
/// Levels of albums in albums.
const MAX_DEPTH: usize = 4;
/// Longest name in characters, as in the table.
pub const MAX_NAME_CHARS: usize = 190;
/// Longest description in characters.
pub const MAX_DESCRIPTION_CHARS: usize = 2000;
/// Albums on one page.
pub const PAGE_ALBUMS: i64 = 60;
/// Albums that are offered for a selection, the last changed ones.
const MAX_CHOICES: i64 = 200;

/// What a new album is like.
#[derive(Debug, Clone)]
pub struct NewAlbum {
    pub kind: AlbumKind,
    pub name: String,
    pub description: String,
    /// The album that will contain it.
    pub parent: Option<AlbumId>,
}

/// Changes to an album; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct AlbumChange {
    pub name: Option<String>,
    pub description: Option<String>,
    pub sort: Option<AlbumSort>,
    /// An item of the album, or `Some(None)` for the first one.
    pub cover: Option<Option<ItemId>>,
    /// Only its owner decides whether others comment on it.
    pub allows_comments: Option<bool>,
}

/// A position in the list of albums: when the last one of a page was changed, and its id.
pub type AlbumPosition = (Time, AlbumId);

/// Creates an album.
///
/// # Errors
/// `Invalid` for a bad name, description or parent, or too many albums.
pub fn create(services: &Services, authority: &Authority<'_>, new: &NewAlbum) -> Result<AlbumId> {
    let user = authority.user;
    let new = validated(new)?;
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        insert(conn, user, &new)
    })
}

/// Creates an album of a valid description in the caller's transaction.
pub(crate) fn insert(conn: &mut Conn, user: &User, new: &NewAlbum) -> Result<AlbumId> {
    if store::albums::count(conn, user.id)? >= MAX_ALBUMS {
        return Err(Error::field(
            "name",
            fill!("There are at most {count} albums.", count = MAX_ALBUMS),
        ));
    }
    if let Some(parent) = new.parent {
        let parent = find_parent(conn, user, parent)?;
        if ancestors(conn, &parent)?.len() + 2 > MAX_DEPTH {
            return Err(Error::field(
                "parent",
                fill!("Albums can be nested {depth} levels deep.", depth = MAX_DEPTH),
            ));
        }
    }

    let (id, at) = (AlbumId::new(), now());
    let sort = match new.kind {
        AlbumKind::Album => AlbumSort::Oldest,
        AlbumKind::Playlist => AlbumSort::Custom,
    };
    let album = Album {
        id,
        user_id: user.id,
        parent_id: new.parent,
        kind: new.kind,
        name: new.name.clone(),
        name_key: key_of(&new.name),
        description: new.description.clone(),
        cover_id: None,
        sort,
        items: 0,
        created_at: at,
        updated_at: at,
        allows_comments: true,
    };
    store::albums::insert(conn, &album)?;
    Ok(id)
}

/// The album in which another one is to be created. A playlist contains no albums.
fn find_parent(conn: &mut Conn, user: &User, id: AlbumId) -> Result<Album> {
    let parent = store::albums::find(conn, user.id, id)?;
    let parent = parent.filter(|parent| parent.kind == AlbumKind::Album);
    parent.ok_or_else(|| Error::field("parent", msg!("Choose one of your albums.")))
}

/// Changes an album: all of the changes or none.
///
/// # Errors
/// `Invalid` for a bad name or description or a cover that is not in the album; `NotFound`.
pub fn change(
    services: &Services,
    authority: &Authority<'_>,
    id: AlbumId,
    change: &AlbumChange,
) -> Result<Album> {
    let user = authority.user;
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let album = find_own(conn, user, id)?;
        change_row(conn, album, change)
    })
}

/// As [`change`], in the caller's transaction.
pub(crate) fn change_row(conn: &mut Conn, mut album: Album, change: &AlbumChange) -> Result<Album> {
    if let Some(name) = &change.name {
        album.name = parse_title(name, MAX_NAME_CHARS)?;
        album.name_key = key_of(&album.name);
    }
    if let Some(description) = &change.description {
        album.description = clean_description(description)?;
    }
    if let Some(sort) = change.sort {
        // A playlist has only the order that its owner gives it.
        if album.kind == AlbumKind::Playlist && sort != AlbumSort::Custom {
            return Err(Error::field("sort", msg!("A playlist has an order of its own.")));
        }
        album.sort = sort;
    }
    if let Some(cover) = change.cover {
        if let Some(item) = cover
            && store::album_items::list_of(conn, album.id, &[item])?.is_empty()
        {
            return Err(Error::field("cover", msg!("Choose an item of this album.")));
        }
        album.cover_id = cover;
    }
    album.allows_comments = change.allows_comments.unwrap_or(album.allows_comments);
    album.updated_at = now();
    store::albums::update(conn, &album)?;
    Ok(album)
}

/// Deletes an album and those in it. The items stay in the library. Returns how many albums were deleted.
///
/// # Errors
/// `NotFound`.
pub fn delete(
    services: &Services,
    authority: &Authority<'_>,
    actor: &Actor,
    id: AlbumId,
) -> Result<usize> {
    let user = authority.user;
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        find_own(conn, user, id)?;
        let tree = list_tree(conn, user.id, id)?;
        for album in &tree {
            store::albums::delete(conn, user.id, *album)?;
        }
        let detail = format!("{} albums", tree.len());
        audit::append(conn, Event::AlbumDeleted, actor, user.account_name(), &detail)?;
        Ok(tree.len())
    })
}

/// The album and all albums in it.
pub(crate) fn list_tree(conn: &mut Conn, owner: UserId, id: AlbumId) -> Result<Vec<AlbumId>> {
    let mut tree = vec![id];
    let mut next = 0;
    while let Some(album) = tree.get(next).copied() {
        tree.extend(store::albums::list_children(conn, owner, album)?.iter().map(|it| it.id));
        next += 1;
    }
    Ok(tree)
}

/// How many albums are in an album, on all levels.
///
/// # Errors
/// `NotFound`.
pub fn count_within(services: &Services, user: &User, id: AlbumId) -> Result<(Album, usize)> {
    services.db.read(|conn| {
        let album = find_own(conn, user, id)?;
        Ok((album, list_tree(conn, user.id, id)?.len() - 1))
    })
}

/// A user's album, in the caller's transaction.
pub(crate) fn find_own(conn: &mut Conn, user: &User, id: AlbumId) -> Result<Album> {
    store::albums::find(conn, user.id, id)?.ok_or(Error::NotFound)
}

/// # Errors
/// `NotFound` if there is none or it belongs to another user.
pub fn find(services: &Services, user: &User, id: AlbumId) -> Result<Album> {
    services.db.read(|conn| find_own(conn, user, id))
}

/// The albums that contain an album, outermost first.
pub(crate) fn ancestors(conn: &mut Conn, album: &Album) -> Result<Vec<Album>> {
    let mut above = Vec::new();
    let mut parent = album.parent_id;
    while let Some(id) = parent.filter(|_| above.len() < MAX_DEPTH) {
        let Some(album) = store::albums::find(conn, album.user_id, id)? else { break };
        parent = album.parent_id;
        above.push(album);
    }
    above.reverse();
    Ok(above)
}

/// One page of a user's albums or playlists, the last changed ones first, and where the next page begins.
///
/// # Errors
/// Database errors.
pub fn list(
    reader: &mut LibraryReader<'_>,
    user: &User,
    kind: AlbumKind,
    after: Option<AlbumPosition>,
) -> Result<(Vec<AlbumCover>, Option<AlbumPosition>)> {
    let mut albums = store::albums::list(reader.conn, user.id, kind, after, PAGE_ALBUMS + 1)?;
    let size = usize::try_from(PAGE_ALBUMS).unwrap_or(usize::MAX);
    let has_more = albums.len() > size;
    albums.truncate(size);
    let next = albums.last().filter(|_| has_more).map(|album| (album.updated_at, album.id));
    Ok((with_covers(reader.conn, albums)?, next))
}

/// Albums that a selection can be added to, the last changed ones first.
///
/// # Errors
/// Database errors.
pub fn list_choices(services: &Services, user: &User) -> Result<Vec<Album>> {
    services.db.read(|conn| {
        let mut albums = store::albums::list(conn, user.id, AlbumKind::Album, None, MAX_CHOICES)?;
        albums.extend(store::albums::list(conn, user.id, AlbumKind::Playlist, None, MAX_CHOICES)?);
        Ok(albums)
    })
}

/// The albums that an item is in, by name.
///
/// # Errors
/// Database errors.
pub fn list_containing(services: &Services, user: &User, item: ItemId) -> Result<Vec<Album>> {
    services.db.read(|conn| {
        let ids = store::album_items::list_albums(conn, item)?;
        Ok(store::albums::list_of(conn, user.id, &ids)?)
    })
}

/// The albums and playlists whose names match, by name.
pub(super) fn find_named(
    conn: &mut Conn,
    user: &User,
    is_match: impl Fn(&str) -> bool,
    limit: usize,
) -> Result<Vec<AlbumCover>> {
    let names = store::albums::list_names(conn, user.id)?;
    let matching = names.into_iter().filter(|(_, name)| is_match(name)).map(|(id, _)| id);
    let ids: Vec<AlbumId> = matching.take(limit).collect();
    let albums = store::albums::list_of(conn, user.id, &ids)?;
    with_covers(conn, albums)
}

/// Encodes a position in the list of albums for a URL.
#[must_use]
pub fn encode_position((at, id): AlbumPosition) -> String {
    Cursor::Time(at, ItemId(id.0)).encode()
}

/// Decodes a position in the list of albums.
#[must_use]
pub fn decode_position(text: &str) -> Option<AlbumPosition> {
    match Cursor::decode(text, crate::model::Sort::Recent)? {
        Cursor::Time(at, id) => Some((at, AlbumId(id.0))),
        _ => None,
    }
}

/// The new album with its texts as they are kept.
pub(crate) fn validated(new: &NewAlbum) -> Result<NewAlbum> {
    let mut errors = Vec::new();
    let mut keep = |result: Result<String>| match result {
        Ok(text) => text,
        Err(Error::Invalid(fields)) => {
            errors.extend(fields);
            String::new()
        }
        Err(_) => String::new(),
    };
    let (name, description) =
        (keep(parse_title(&new.name, MAX_NAME_CHARS)), keep(clean_description(&new.description)));
    if errors.is_empty() {
        Ok(NewAlbum { name, description, ..new.clone() })
    } else {
        Err(invalid(errors))
    }
}

const fn invalid(errors: Vec<FieldError>) -> Error {
    Error::Invalid(errors)
}

/// The key that names are sorted by, as long as the column allows.
pub(super) fn key_of(name: &str) -> String {
    sort_key(name).chars().take(MAX_NAME_CHARS).collect()
}

fn clean_description(text: &str) -> Result<String> {
    let text = text.trim().replace("\r\n", "\n");
    let is_valid = text.chars().count() <= MAX_DESCRIPTION_CHARS
        && !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    if is_valid {
        Ok(text)
    } else {
        Err(Error::field(
            "description",
            fill!("Use {count} characters at most.", count = MAX_DESCRIPTION_CHARS),
        ))
    }
}
