//! All songs of a user, in the orders of a music library.

use super::listings::{Listing, bad_cursor};
use super::reader::LibraryReader;
use crate::error::Result;
use crate::model::{SongSort, Sort, User};
use crate::store;

/// Returns a page of songs after a position, and where the next page begins; `None` on the last.
///
/// # Errors
/// `Invalid` for a bad cursor.
pub fn list(
    reader: &mut LibraryReader<'_>,
    user: &User,
    sort: SongSort,
    cursor: Option<&str>,
    limit: u8,
) -> Result<Listing> {
    let after = match cursor {
        Some(text) => Some(sort.decode_cursor(text).ok_or_else(bad_cursor)?),
        None => None,
    };
    // One more than the page holds shows whether there is another page.
    let most = i64::from(limit) + 1;
    let mut rows =
        store::item_details::list_songs(reader.conn, user.id, sort, after.as_ref(), most)?;
    let has_more = rows.len() > usize::from(limit);
    rows.truncate(limit.into());
    let next = rows.last().filter(|_| has_more).map(|(track, _)| sort.cursor(track));
    let (tracks, items) = rows.into_iter().unzip();
    Ok(Listing { items, tracks, next, sort: Sort::Name, ..Listing::empty() })
}
