//! What is in an album: add, remove, arrange, and a page of it. The items themselves stay where they are.

use super::albums::{self, NewAlbum, find_own};
use super::selection::find_owned;
use crate::db::Conn;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, Result};
use crate::model::authority::Authority;
use crate::model::item::ItemKind;
use crate::model::{
    Album, AlbumId, AlbumItem, AlbumKind, AlbumSort, ItemId, Placement, User, UserId, now,
};
use crate::state::Services;
use crate::store;
use crate::{fill, msg};

/// Items in one album.
pub const MAX_ITEMS: i64 = 20_000;
/// The distance between positions, so that items can be moved between others without moving these.
const GAP: i64 = 1 << 16;

/// What came of adding items to an album.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    pub added: usize,
    pub already_there: usize,
    /// Not the user's, or not a recording for a playlist.
    pub left_out: usize,
}

/// Where an item of an album goes in its custom order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    First,
    Last,
    /// One place towards the beginning.
    Up,
    Down,
    Before(ItemId),
}

/// Adds items to an album. Those that it has already stay where they are; a playlist takes them again.
///
/// # Errors
/// `NotFound` if the album or all of the items are not the user's, `Invalid` if there are too many or none of them is a
/// recording for a playlist.
pub fn add(
    services: &Services,
    authority: &Authority<'_>,
    id: AlbumId,
    ids: &[ItemId],
) -> Result<Added> {
    services.write_library(authority.user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let album = find_own(conn, authority.user, id)?;
        add_rows(conn, &album, (authority.user, authority.person.id), ids)
    })
}

/// Creates an album of these items: both or neither.
///
/// # Errors
/// Those of [`albums::create`] and [`add`].
pub fn create_with(
    services: &Services,
    authority: &Authority<'_>,
    new: &NewAlbum,
    ids: &[ItemId],
) -> Result<(AlbumId, Added)> {
    let (user, new) = (authority.user, albums::validated(new)?);
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let id = albums::insert(conn, user, &new)?;
        let album = find_own(conn, user, id)?;
        Ok((id, add_rows(conn, &album, (user, authority.person.id), ids)?))
    })
}

/// Adds items of a user to an album, which may be another user's, in the caller's transaction.
pub(crate) fn add_rows(
    conn: &mut Conn,
    album: &Album,
    (user, added_by): (&User, UserId),
    ids: &[ItemId],
) -> Result<Added> {
    let id = album.id;
    let items = find_owned(conn, user, ids)?;
    let is_playlist = album.kind == AlbumKind::Playlist;
    let known = store::album_items::list_of(conn, id, ids)?;
    let at = now();
    let mut position = store::album_items::last_position(conn, id)?.unwrap_or(0);
    let (mut rows, mut already_there) = (Vec::new(), 0);

    // In the order in which they were named, which is that of the list that they were selected on.
    let mut wanted = ids.to_vec();
    if !is_playlist {
        let mut seen = std::collections::HashSet::new();
        wanted.retain(|id| seen.insert(*id));
    }
    for wanted in wanted {
        let Some(item) =
            items.iter().find(|item| item.id == wanted && item.placement == Placement::Library)
        else {
            continue;
        };
        if is_playlist && item.kind != ItemKind::Audio {
            continue;
        }
        let copies = known.iter().filter(|row| row.item_id == item.id).map(|row| row.copy);
        let new_copies = rows.iter().filter(|row: &&AlbumItem| row.item_id == item.id);
        let copy = copies.chain(new_copies.map(|row| row.copy)).max().map_or(0, |most| most + 1);
        if copy > 0 && !is_playlist {
            already_there += 1;
            continue;
        }
        position += GAP;
        rows.push(AlbumItem {
            album_id: id,
            item_id: item.id,
            copy,
            user_id: user.id,
            is_shown: item.is_shown_in_albums(),
            shown_at: item.shown_at,
            name_key: item.name_key.clone(),
            position,
            added_by,
            added_at: at,
        });
    }

    let added = rows.len();
    if added == 0 && already_there == 0 {
        let message = if is_playlist {
            msg!("A playlist takes only music.")
        } else {
            msg!("That is in the trash. Restore it first.")
        };
        return Err(Error::field("ids", message));
    }
    let count = i64::try_from(added).unwrap_or(i64::MAX);
    if store::album_items::count(conn, id)?.saturating_add(count) > MAX_ITEMS {
        return Err(Error::field(
            "ids",
            fill!("An album takes at most {count} items.", count = MAX_ITEMS),
        ));
    }
    store::album_items::insert_all(conn, &rows)?;
    let shown = rows.iter().filter(|row| row.is_shown).count();
    let shown = i64::try_from(shown).unwrap_or(i64::MAX);
    if added > 0 {
        store::albums::update_changed(conn, album.user_id, id, shown, at)?;
    }
    Ok(Added { added, already_there, left_out: ids.len().saturating_sub(added + already_there) })
}

/// Adds items to the album of that name, which is created if there is none, in the caller's transaction. What an album
/// does not take is left out.
pub(crate) fn add_to_named(conn: &mut Conn, user: &User, name: &str, ids: &[ItemId]) -> Result<()> {
    let name: String = name.chars().take(albums::MAX_NAME_CHARS).collect();
    let new = NewAlbum { kind: AlbumKind::Album, name, description: String::new(), parent: None };
    let Ok(new) = albums::validated(&new) else { return Ok(()) };
    let key = albums::key_of(&new.name);
    let known = store::albums::find_by_name(conn, user.id, new.kind, &new.name, &key)?;
    let album = match known {
        Some(album) => album,
        None => match albums::insert(conn, user, &new) {
            Err(Error::Invalid(_)) => return Ok(()),
            id => find_own(conn, user, id?)?,
        },
    };
    add_if_possible(conn, user, album.id, ids)
}

/// Adds items to an album of the user if it is there and takes them, in the caller's transaction.
pub(crate) fn add_if_possible(
    conn: &mut Conn,
    user: &User,
    album: AlbumId,
    ids: &[ItemId],
) -> Result<()> {
    let added = find_own(conn, user, album)
        .and_then(|album| add_rows(conn, &album, (user, user.id), ids).map(drop));
    match added {
        Err(Error::NotFound | Error::Invalid(_)) => Ok(()),
        added => added,
    }
}

/// Removes items from an album; they stay in the library. Returns how many were removed.
///
/// # Errors
/// `NotFound` if the album is not the user's or none of the items is in it.
pub fn remove(
    services: &Services,
    authority: &Authority<'_>,
    id: AlbumId,
    ids: &[ItemId],
) -> Result<usize> {
    let user = authority.user;
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let album = find_own(conn, user, id)?;
        remove_rows(conn, &album, ids, |_| true)
    })
}

/// Removes those of the items from an album that `may_remove` accepts, in the caller's transaction.
///
/// # Errors
/// `NotFound` if there is none.
pub(crate) fn remove_rows(
    conn: &mut Conn,
    album: &Album,
    ids: &[ItemId],
    may_remove: impl Fn(&AlbumItem) -> bool,
) -> Result<usize> {
    let mut rows = store::album_items::list_of(conn, album.id, ids)?;
    rows.retain(may_remove);
    if rows.is_empty() {
        return Err(Error::NotFound);
    }
    let mut shown = 0;
    for row in &rows {
        shown += i64::from(store::album_items::delete(conn, album.id, (row.item_id, row.copy))?);
    }
    let mut removed: Vec<ItemId> = rows.iter().map(|row| row.item_id).collect();
    removed.dedup();
    // Copies of an item that somebody else has added stay.
    let left = store::album_items::list_of(conn, album.id, &removed)?;
    for item in removed.iter().filter(|item| left.iter().all(|row| row.item_id != **item)) {
        store::albums::clear_cover(conn, album.user_id, album.id, *item)?;
    }
    store::albums::update_changed(conn, album.user_id, album.id, -shown, now())?;
    Ok(removed.len())
}

/// Removes from an album what a user has added to it, in the caller's transaction.
pub(crate) fn remove_added_by(conn: &mut Conn, album: &Album, user: UserId) -> Result<()> {
    let ids = store::album_items::list_added_by(conn, album.id, user)?;
    for ids in ids.chunks(super::selection::MAX_SELECTED) {
        remove_rows(conn, album, ids, |row| row.added_by == user)?;
    }
    Ok(())
}

/// Moves an item of an album to another place, and shows the album in its custom order from now on.
///
/// # Errors
/// `NotFound` if the album is not the user's or the item is not in it; `Invalid` for a place beside an item that is not.
pub fn arrange(
    services: &Services,
    authority: &Authority<'_>,
    id: AlbumId,
    item: ItemId,
    place: Place,
) -> Result<()> {
    let user = authority.user;
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let album = find_own(conn, user, id)?;
        arrange_rows(conn, album, item, place)
    })
}

/// As [`arrange`], in the caller's transaction.
pub(crate) fn arrange_rows(
    conn: &mut Conn,
    mut album: Album,
    item: ItemId,
    place: Place,
) -> Result<()> {
    if album.sort != AlbumSort::Custom {
        // What the owner sees is what they arrange.
        keep_order(conn, &album)?;
        album.sort = AlbumSort::Custom;
    }
    let rows = store::album_items::list_positions(conn, album.id)?;
    let from = rows.iter().position(|(of, ..)| *of == item).ok_or(Error::NotFound)?;
    let mut others = rows.clone();
    let (moved, copy, _) = others.remove(from);
    let to = match place {
        Place::First => 0,
        Place::Last => others.len(),
        Place::Up => from.saturating_sub(1),
        Place::Down => (from + 1).min(others.len()),
        Place::Before(other) => others
            .iter()
            .position(|(of, ..)| *of == other)
            .ok_or_else(|| Error::field("before", msg!("Choose an item of this album.")))?,
    };

    let position = |index: Option<usize>| index.and_then(|at| others.get(at)).map(|row| row.2);
    let (before, after) = (position(to.checked_sub(1)), position(Some(to)));
    let between = match (before, after) {
        (None, None) => Some(GAP),
        (None, Some(after)) => Some(after - GAP),
        (Some(before), None) => Some(before + GAP),
        (Some(before), Some(after)) if after - before > 1 => Some(i64::midpoint(before, after)),
        _ => None,
    };
    match between {
        Some(between) => {
            store::album_items::update_position(conn, album.id, (moved, copy), between)?;
        }
        // No number is left between the two.
        None => {
            others.insert(to, (moved, copy, 0));
            number(conn, album.id, others.iter().map(|(item, copy, _)| (*item, *copy)))?;
        }
    }
    album.updated_at = now();
    store::albums::update(conn, &album)?;
    Ok(())
}

/// Hides a user's items in the albums of others while the user is not active, and shows them again afterwards; in the
/// transaction that changes the status.
pub(crate) fn follow_status(conn: &mut Conn, user: UserId) -> Result<()> {
    let ids = store::album_items::list_in_albums_of_others(conn, user)?;
    let mut shown = std::collections::HashSet::new();
    for ids in ids.chunks(super::selection::MAX_SELECTED) {
        let items = store::items::list_of(conn, user, ids)?;
        shown.extend(items.iter().filter(|item| item.is_shown_in_albums()).map(|item| item.id));
    }
    Ok(store::album_items::update_all_of_user(conn, user, |id| shown.contains(&id))?)
}

/// Corrects how many items the albums of others show, in the transaction that removes a user with all items.
pub(crate) fn forget_user(conn: &mut Conn, user: UserId) -> Result<()> {
    Ok(store::album_items::update_all_of_user(conn, user, |_| false)?)
}

/// Makes the order in which an album is shown its custom order. What is not shown comes last.
fn keep_order(conn: &mut Conn, album: &Album) -> Result<()> {
    let order = (album.sort, false);
    let shown = store::album_items::list(conn, album.id, order, None, MAX_ITEMS)?;
    let all = store::album_items::list_positions(conn, album.id)?;
    let mut keys: Vec<_> = shown.iter().map(|row| (row.item_id, row.copy)).collect();
    let known: std::collections::HashSet<_> = keys.iter().copied().collect();
    keys.extend(all.iter().map(|row| (row.0, row.1)).filter(|key| !known.contains(key)));
    number(conn, album.id, keys.into_iter())
}

/// Gives the rows of an album new positions in this order.
fn number(conn: &mut Conn, id: AlbumId, keys: impl Iterator<Item = (ItemId, i16)>) -> Result<()> {
    let mut position = 0;
    for key in keys {
        position += GAP;
        store::album_items::update_position(conn, id, key, position)?;
    }
    Ok(())
}
