//! Everything in a folder and the folders below it, a part at a time.

use crate::error::{Error, Result};
use crate::model::item_filter::ItemFilter;
use crate::model::{Cursor, Directory, DirectoryId, Item, Sort, User};
use crate::state::Services;
use crate::store;

/// Items read at once.
const BATCH_ITEMS: i64 = 500;

/// A folder and those below it, ordered by path.
///
/// # Errors
/// `NotFound` if it is not the user's.
pub fn list_tree(services: &Services, user: &User, id: DirectoryId) -> Result<Vec<Directory>> {
    services.db.read(|conn| {
        let root = store::directories::find(conn, user.id, id)?.ok_or(Error::NotFound)?;
        let mut tree = store::directories::list_tree(conn, user.id, &root.directory_path)?;
        tree.sort_by(|one, other| one.directory_path.cmp(&other.directory_path));
        Ok(tree)
    })
}

/// Some items of a folder after a position, and the position after them; `None` at the end.
///
/// # Errors
/// Database errors.
pub fn list_items(
    services: &Services,
    user: &User,
    id: DirectoryId,
    after: Option<&Cursor>,
) -> Result<(Vec<Item>, Option<Cursor>)> {
    services.db.read(|conn| {
        let filter = ItemFilter::directory(id);
        let items =
            store::item_lists::list(conn, user.id, &filter, Sort::Name, after, BATCH_ITEMS)?;
        let is_full = i64::try_from(items.len()).is_ok_and(|count| count == BATCH_ITEMS);
        let next =
            items.last().filter(|_| is_full).map(|item| Cursor::after_item(item, Sort::Name));
        Ok((items, next))
    })
}
