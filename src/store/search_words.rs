//! `search_words`: the words by which items are found, ordered by when the item was taken.

use diesel::prelude::*;

use super::keyset::PageDirection::{Less, NotLess};
use super::keyset::keyset_predicate;
use super::word_range::prefix_range;
use crate::db::Conn;
use crate::db::schema::{media_items, search_words as table};
use crate::model::item_filter::ItemFilter;
use crate::model::{Item, ItemId, Placement, Shelf, UserId, WallClock};

/// Replaces the words of an item.
pub fn replace(
    conn: &mut Conn,
    owner: UserId,
    id: ItemId,
    shown_at: WallClock,
    words: &[String],
) -> QueryResult<()> {
    diesel::delete(table::table.filter(table::item_id.eq(id))).execute(conn)?;
    insert(conn, owner, id, shown_at, words)
}

/// Inserts the words of an item, one row per word.
pub fn insert(
    conn: &mut Conn,
    owner: UserId,
    id: ItemId,
    shown_at: WallClock,
    words: &[String],
) -> QueryResult<()> {
    for word in words {
        let row = (
            table::user_id.eq(owner),
            table::word.eq(word),
            table::shown_at.eq(shown_at),
            table::item_id.eq(id),
        );
        diesel::insert_into(table::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Finds a user's first indexed word that is before `end` and after `after`, or equal to `after` if `is_inclusive`.
pub fn find_next(
    conn: &mut Conn,
    owner: UserId,
    after: &str,
    is_inclusive: bool,
    end: &str,
) -> QueryResult<Option<String>> {
    let words = table::table
        .filter(table::user_id.eq(owner))
        .filter(table::word.lt(end))
        .order(table::word.asc())
        .select(table::word);
    if is_inclusive {
        words.filter(table::word.ge(after)).first(conn).optional()
    } else {
        words.filter(table::word.gt(after)).first(conn).optional()
    }
}

/// Counts the items with a word, up to `most`.
pub fn count(conn: &mut Conn, owner: UserId, word: &str, most: i64) -> QueryResult<i64> {
    let found: Vec<WallClock> = table::table
        .filter(table::user_id.eq(owner))
        .filter(table::word.eq(word))
        .limit(most)
        .select(table::shown_at)
        .load(conn)?;
    Ok(i64::try_from(found.len()).unwrap_or(most))
}

/// The position after which a search continues.
pub type SearchPosition = (WallClock, ItemId);

/// Finds the position `skipped` rows after `after` among the items that have `word`, newest first. It is the end of one
/// search step, which reads a limited number of rows.
pub fn find_floor(
    conn: &mut Conn,
    owner: UserId,
    word: &str,
    after: Option<SearchPosition>,
    skipped: i64,
) -> QueryResult<Option<SearchPosition>> {
    let mut rows = table::table
        .filter(table::user_id.eq(owner))
        .filter(table::word.eq(word.to_owned()))
        .order((table::shown_at.desc(), table::item_id.desc()))
        .offset(skipped)
        .limit(1)
        .select((table::shown_at, table::item_id))
        .into_boxed();

    // From the end of the previous page.
    if let Some(after) = after {
        rows = rows.filter(keyset_predicate(conn, (table::shown_at, table::item_id), Less, after));
    }
    rows.first(conn).optional()
}

diesel::alias!(table as other: Other);

/// Lists items that match the filter, have `word`, and have a word that starts with each of `others`: newest first,
/// after `after` and up to `floor`.
pub fn list_with(
    conn: &mut Conn,
    owner: UserId,
    word: &str,
    (filter, others): (&ItemFilter, &[&String]),
    (after, floor): (Option<SearchPosition>, Option<SearchPosition>),
    limit: i64,
) -> QueryResult<Vec<Item>> {
    let mut rows = table::table
        .inner_join(media_items::table)
        .filter(table::user_id.eq(owner))
        .filter(table::word.eq(word.to_owned()))
        // Only the shelf of the trash shows trashed items, and only that of received files shows those.
        .filter(media_items::placement.eq(filter.shelf.placement()))
        .order((table::shown_at.desc(), table::item_id.desc()))
        .limit(limit)
        .select(Item::as_select())
        .into_boxed();

    // These shelves need no other condition than the one above.
    rows = match filter.shelf {
        Shelf::All | Shelf::Recents | Shelf::Trash | Shelf::Received => rows,
        Shelf::Favorites => rows.filter(media_items::favorite.eq(true)),
        shelf => rows.filter(media_items::shelf.eq(shelf)),
    };

    if let Some(id) = filter.directory {
        rows = rows.filter(media_items::directory_id.eq(id));
    }
    if let Some(kind) = filter.kind {
        rows = rows.filter(media_items::kind.eq(kind));
    }
    if let Some((from, until)) = filter.year_range() {
        rows = rows.filter(table::shown_at.ge(from)).filter(table::shown_at.lt(until));
    }
    if let Some(sha256) = &filter.sha256 {
        rows = rows.filter(media_items::sha256.eq(sha256.clone()));
    }

    if let Some(after) = after {
        rows = rows.filter(keyset_predicate(conn, (table::shown_at, table::item_id), Less, after));
    }
    if let Some(floor) = floor {
        rows =
            rows.filter(keyset_predicate(conn, (table::shown_at, table::item_id), NotLess, floor));
    }

    // Each other word of the search must be a prefix of a word of the same item.
    for (from, until) in others.iter().map(|word| prefix_range(word)) {
        let matching_words = other
            .filter(other.field(table::item_id).eq(table::item_id))
            .filter(other.field(table::word).ge(from))
            .filter(other.field(table::word).lt(until));
        rows = rows.filter(diesel::dsl::exists(matching_words));
    }

    rows.load(conn)
}

/// Finds the position `skipped` items after `after` among all items outside the trash, newest first. It is the end of
/// one search step, which reads a limited number of items.
pub fn find_item_floor(
    conn: &mut Conn,
    owner: UserId,
    after: Option<SearchPosition>,
    skipped: i64,
) -> QueryResult<Option<SearchPosition>> {
    let mut rows = media_items::table
        .filter(media_items::user_id.eq(owner))
        .filter(media_items::placement.eq(Placement::Library))
        .order((media_items::shown_at.desc(), media_items::id.desc()))
        .offset(skipped)
        .limit(1)
        .select((media_items::shown_at, media_items::id))
        .into_boxed();

    if let Some(after) = after {
        rows = rows.filter(keyset_predicate(
            conn,
            (media_items::shown_at, media_items::id),
            Less,
            after,
        ));
    }
    rows.first(conn).optional()
}
