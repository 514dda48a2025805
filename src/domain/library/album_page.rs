//! One page of an album, and what else reads its items.

use std::collections::BTreeSet;

use super::album_covers::{AlbumCover, items_of, with_covers};
use super::albums::{self, find_own};
use super::listings::{Listing, bad_cursor};
use super::music_albums;
use super::reader::LibraryReader;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::{
    Album, AlbumId, AlbumKind, AlbumSort, Cursor, Item, ItemId, Track, User, UserId,
};
use crate::state::Services;
use crate::state::session_cache::AuthSession;
use crate::store;

/// Which page of an album.
#[derive(Debug, Clone, Default)]
pub struct AlbumQuery {
    /// Another order than the album's own.
    pub sort: Option<AlbumSort>,
    pub cursor: Option<String>,
    /// In place of `cursor`: the page ends before this position.
    pub before: Option<String>,
    pub limit: u8,
}

/// An album, those around it, and one page of its items.
pub struct AlbumPage {
    pub album: Album,
    pub above: Vec<Album>,
    /// The albums in it; only with the first page.
    pub children: Vec<AlbumCover>,
    pub sort: AlbumSort,
    pub listing: Listing,
    /// The other users whose items are in it, by id.
    pub others: Vec<User>,
}

/// One page of an album.
///
/// # Errors
/// `NotFound`, `Invalid` for a bad cursor.
pub fn page(
    reader: &mut LibraryReader<'_>,
    auth_session: &AuthSession,
    id: AlbumId,
    query: &AlbumQuery,
) -> Result<AlbumPage> {
    let album = find_own(reader.conn, &auth_session.user, id)?;
    let mut page = page_of(reader.conn, album, query)?;
    page.listing.items.retain(|item| is_seen(auth_session, item));
    if auth_session.is_partner() {
        page.others.clear();
    }
    Ok(page)
}

/// One page of an album that the caller may see.
///
/// # Errors
/// `Invalid` for a bad cursor.
pub(crate) fn page_of(conn: &mut Conn, album: Album, query: &AlbumQuery) -> Result<AlbumPage> {
    let (id, owner) = (album.id, album.user_id);
    let sort = query.sort.filter(|_| album.kind == AlbumKind::Album).unwrap_or(album.sort);
    let above = albums::ancestors(conn, &album)?;
    let is_first = query.cursor.is_none() && query.before.is_none();
    let children = if is_first {
        let children = store::albums::list_children(conn, owner, id)?;
        with_covers(conn, children)?
    } else {
        Vec::new()
    };

    let decode = |text: &String| sort.decode_cursor(text).ok_or_else(bad_cursor);
    let limit = usize::from(query.limit);
    let most = i64::from(query.limit) + 1;
    let (rows, has_more) = if let Some(end) = query.before.as_ref().map(decode).transpose()? {
        let mut rows =
            store::album_items::list(conn, id, (sort, true), Some(&end), i64::from(query.limit))?;
        rows.reverse();
        // What follows is the page that the reader comes from.
        (rows, true)
    } else {
        let after = query.cursor.as_ref().map(decode).transpose()?;
        let mut rows = store::album_items::list(conn, id, (sort, false), after.as_ref(), most)?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        (rows, has_more)
    };

    let next = rows.last().filter(|_| has_more).map(|row| row.cursor(sort));
    let start = rows.first().map(|row| row.cursor(sort));
    let offset = match &start {
        Some(start) if !is_first => store::album_items::count_before(conn, id, sort, start)?,
        _ => 0,
    };
    let items = items_of(conn, &rows)?;
    let mut tracks = Vec::new();
    for owner in rows.iter().map(|row| row.user_id).collect::<BTreeSet<_>>() {
        let own: Vec<Item> = items.iter().filter(|item| item.user_id == owner).cloned().collect();
        tracks.extend(music_albums::find_tracks(conn, owner, &own)?);
    }
    let others = find_others(conn, &album)?;
    let listing = Listing {
        items,
        next,
        previous: start.filter(|_| offset > 0),
        offset,
        tracks,
        sort: sort.list_sort(),
        ..Listing::empty()
    };
    Ok(AlbumPage { album, above, children, sort, listing, others })
}

/// Users who are named as owners of an album's items.
const MAX_OWNERS: usize = 40;

/// The users other than its owner whose items are in an album.
fn find_others(conn: &mut Conn, album: &Album) -> Result<Vec<User>> {
    let mut ids = store::album_items::list_owners(conn, album.id, MAX_OWNERS)?;
    ids.retain(|id| *id != album.user_id);
    Ok(store::people::list_of(conn, &ids)?)
}

/// Some items of an album after a position, and the position after them; `None` at the end.
///
/// # Errors
/// `NotFound`, database errors.
pub fn list_items(
    services: &Services,
    auth_session: &AuthSession,
    id: AlbumId,
    after: Option<&Cursor>,
) -> Result<(Vec<Item>, Option<Cursor>)> {
    let (mut items, next) = services.db.read(|conn| {
        let album = find_own(conn, &auth_session.user, id)?;
        list_items_of(conn, &album, after)
    })?;
    items.retain(|item| is_seen(auth_session, item));
    Ok((items, next))
}

/// As [`list_items`], of an album that the caller may see.
pub(crate) fn list_items_of(
    conn: &mut Conn,
    album: &Album,
    after: Option<&Cursor>,
) -> Result<(Vec<Item>, Option<Cursor>)> {
    /// Items read at once.
    const BATCH_ITEMS: i64 = 500;
    let order = (album.sort, false);
    let rows = store::album_items::list(conn, album.id, order, after, BATCH_ITEMS)?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == BATCH_ITEMS);
    let next = rows.last().filter(|_| is_full).map(|row| row.cursor(album.sort));
    Ok((items_of(conn, &rows)?, next))
}

/// An item that an album shows, and its owner.
///
/// # Errors
/// `NotFound` if the album does not show it.
pub fn find_item(
    services: &Services,
    auth_session: &AuthSession,
    album: AlbumId,
    item: ItemId,
) -> Result<(User, Item)> {
    let user = &auth_session.user;
    services.db.read(|conn| {
        find_own(conn, user, album)?;
        let (owner, item) = find_shown(conn, album, item)?;
        if is_seen(auth_session, &item) { Ok((owner, item)) } else { Err(Error::NotFound) }
    })
}

/// Whether somebody sees an item of an album of this library. What others have added, they have shared with the users of the
/// album, and not with those with whom its owner shares the whole library.
#[must_use]
pub fn is_seen(auth_session: &AuthSession, item: &Item) -> bool {
    !auth_session.is_partner() || item.user_id == auth_session.user.id
}

/// As [`find_item`], of an album that the caller may see.
pub(crate) fn find_shown(conn: &mut Conn, album: AlbumId, item: ItemId) -> Result<(User, Item)> {
    let rows = store::album_items::list_of(conn, album, &[item])?;
    // Asked for by its key alone: a filter would lead one database to an index of the lists.
    let row = rows.first().filter(|row| row.is_shown).ok_or(Error::NotFound)?;
    let owner = store::users::find(conn, row.user_id)?.ok_or(Error::NotFound)?;
    let item = store::items::find(conn, owner.id, item)?.ok_or(Error::NotFound)?;
    Ok((owner, item))
}

/// An item beside another one, and its owner.
pub type Neighbor = (ItemId, UserId);

/// The items that an album shows before and after one, in its order.
pub(crate) fn find_neighbors(
    conn: &mut Conn,
    album: &Album,
    item: ItemId,
) -> Result<(Option<Neighbor>, Option<Neighbor>)> {
    let rows = store::album_items::list_of(conn, album.id, &[item])?;
    let Some(at) = rows.first().map(|row| row.cursor(album.sort)) else {
        return Ok((None, None));
    };
    let mut neighbor = |is_reversed| -> Result<Option<Neighbor>> {
        let order = (album.sort, is_reversed);
        let rows = store::album_items::list(conn, album.id, order, Some(&at), 1)?;
        Ok(rows.first().map(|row| (row.item_id, row.user_id)))
    };
    Ok((neighbor(true)?, neighbor(false)?))
}

/// The tags of a recording that an album of the user shows, and the items before and after it.
///
/// # Errors
/// Database errors.
pub fn around(
    services: &Services,
    album: &Album,
    item: &Item,
) -> Result<(Vec<Track>, Option<Neighbor>, Option<Neighbor>)> {
    services.db.read(|conn| {
        let tracks = music_albums::find_tracks(conn, item.user_id, std::slice::from_ref(item))?;
        let (newer, older) = find_neighbors(conn, album, item.id)?;
        Ok((tracks, newer, older))
    })
}
