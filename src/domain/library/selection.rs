//! The items that a request names.

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::fill;
use crate::model::{Item, ItemId, User};
use crate::store;

/// Item ids per request.
pub const MAX_SELECTED: usize = 1000;

/// Those of `ids` that belong to the user; others are treated as absent.
pub(crate) fn find_owned(conn: &mut Conn, user: &User, ids: &[ItemId]) -> Result<Vec<Item>> {
    if ids.len() > MAX_SELECTED {
        return Err(Error::BadRequest(fill!(
            "At most {max_selected} items at once.",
            max_selected = MAX_SELECTED
        )));
    }
    let items = store::items::list_of(conn, user.id, ids)?;
    if items.is_empty() { Err(Error::NotFound) } else { Ok(items) }
}
