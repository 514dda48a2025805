//! The timeline of photos and videos: positions in it, what has no date yet, and the months of several libraries.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reader::LibraryReader;
use crate::error::Result;
use crate::model::{Cursor, Item, ItemId, Placement, Shelf, Sort, User, UserId};
use crate::state::library_cache::Months;
use crate::store;

/// Files that have not been read, as many as a page shows.
const MAX_UNDATED: i64 = 240;

/// The position just before an item in an order by date, so that a page begins with it; `None` if it is not the user's, in
/// the trash, or in another order.
///
/// # Errors
/// Database errors.
pub fn position_before(
    reader: &mut LibraryReader<'_>,
    user: &User,
    (id, others): (ItemId, &[UserId]),
    sort: Sort,
) -> Result<Option<String>> {
    let mut item = None;
    for owner in std::iter::once(user.id).chain(others.iter().copied()) {
        if item.is_none() {
            item = store::items::find(reader.conn, owner, id)?;
        }
    }
    let item = item.filter(|item| item.placement == Placement::Library);
    let Some(item) = item.filter(|_| sort.reversed().is_some()) else { return Ok(None) };
    // The ids of one millisecond are ordered, so the neighbor of this one is before or after it.
    let neighbor = |id: ItemId, up: bool| {
        let number = id.0.as_u128();
        let number = if up { number.saturating_add(1) } else { number.saturating_sub(1) };
        ItemId(uuid::Uuid::from_u128(number))
    };
    let place = Cursor::Clock(item.shown_at, neighbor(id, sort == Sort::Newest));
    Ok(Some(place.encode()))
}

/// Items of a shelf whose files have not been read, so that it is not known yet when they were taken; the newest ones.
///
/// # Errors
/// Database errors.
pub fn list_undated(
    reader: &mut LibraryReader<'_>,
    user: &User,
    shelf: Shelf,
) -> Result<Vec<Item>> {
    Ok(store::item_lists::list_undated(reader.conn, user.id, shelf, MAX_UNDATED)?)
}

/// How many items shelves of other libraries have.
///
/// # Errors
/// Database errors.
pub fn count(reader: &mut LibraryReader<'_>, others: &[UserId], shelf: Shelf) -> Result<i64> {
    let mut total = 0;
    for other in others {
        let library = reader.services.library_cache.current(reader.conn, *other)?;
        total += library.summary(reader.conn)?.count(shelf).0;
    }
    Ok(total)
}

/// The items per month of several libraries together, the newest month first.
pub(super) fn add_months(all: &[Months]) -> Months {
    let mut counts = BTreeMap::new();
    for (month, items) in all.iter().flat_map(|months| months.iter()) {
        counts.entry(month.number()).or_insert((*month, 0)).1 += items;
    }
    Arc::new(counts.into_values().rev().collect())
}
