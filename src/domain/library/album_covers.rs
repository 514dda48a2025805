//! The items on the covers of albums.

use std::collections::HashMap;

use crate::db::Conn;
use crate::error::Result;
use crate::model::{Album, AlbumItem, Item, ItemId, UserId};
use crate::store;

/// An album with the item on its cover.
pub struct AlbumCover {
    pub album: Album,
    pub cover: Option<Item>,
}

/// Adds the item on the cover to each album: the chosen one, otherwise the first.
pub(crate) fn with_covers(conn: &mut Conn, albums: Vec<Album>) -> Result<Vec<AlbumCover>> {
    let mut rows = Vec::new();
    for album in &albums {
        let chosen = match album.cover_id {
            Some(item) => store::album_items::list_of(conn, album.id, &[item])?,
            None => Vec::new(),
        };
        let is_shown = chosen.first().is_some_and(|row| row.is_shown);
        let first = if is_shown {
            chosen
        } else {
            store::album_items::list(conn, album.id, (album.sort, false), None, 1)?
        };
        rows.push(first.into_iter().next());
    }
    let wanted: Vec<AlbumItem> = rows.iter().flatten().cloned().collect();
    let items = items_of(conn, &wanted)?;
    let covers = albums.into_iter().zip(rows).map(|(album, row)| AlbumCover {
        album,
        cover: row.and_then(|row| items.iter().find(|item| item.id == row.item_id).cloned()),
    });
    Ok(covers.collect())
}

/// The items of these rows, in their order.
pub(super) fn items_of(conn: &mut Conn, rows: &[AlbumItem]) -> Result<Vec<Item>> {
    let mut ids: HashMap<UserId, Vec<ItemId>> = HashMap::new();
    for row in rows {
        ids.entry(row.user_id).or_default().push(row.item_id);
    }
    let mut found: HashMap<ItemId, Item> = HashMap::new();
    for (owner, ids) in ids {
        let items = store::items::list_of(conn, owner, &ids)?;
        found.extend(items.into_iter().map(|item| (item.id, item)));
    }
    Ok(rows.iter().filter_map(|row| found.get(&row.item_id).cloned()).collect())
}
