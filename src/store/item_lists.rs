//! Listings of `media_items`, page by page, each served by the index that has its order.

use diesel::dsl::not;
use diesel::prelude::*;
use uuid::Uuid;

use super::keyset::PageDirection::{Greater, Less, NotLess};
use super::keyset::keyset_predicate;
use super::word_range::prefix_range;
use crate::db::Conn;
use crate::db::schema::{item_places, media_items as table, preview_jobs, search_words};
use crate::model::item_filter::ItemFilter;
use crate::model::{
    Cursor, DirectoryId, Item, Placement, PreviewState, Shelf, Sort, TakenSource, UserId, WallClock,
};

/// An id that no user has.
const NO_OWNER: UserId = UserId(-1);

/// Lists up to `limit` items of a user that match `filter`, in the order `sort`, starting after the position `after`.
pub fn list(
    conn: &mut Conn,
    owner: UserId,
    filter: &ItemFilter,
    sort: Sort,
    after: Option<&Cursor>,
    limit: i64,
) -> QueryResult<Vec<Item>> {
    if filter.shelf.parts().len() > 1 || !filter.others.is_empty() {
        return list_merged(conn, owner, filter, sort, after, limit);
    }
    let mut query = table::table.select(Item::as_select()).limit(limit).into_boxed();

    // Comparing with a second, impossible owner keeps one of the databases from choosing the index of the owner alone.
    query = if conn.misjudges_equality() {
        query.filter(table::user_id.eq(owner).or(table::user_id.eq(NO_OWNER)))
    } else {
        query.filter(table::user_id.eq(owner))
    };

    query = query.filter(table::placement.eq(filter.shelf.placement()));
    query = match filter.shelf {
        Shelf::All | Shelf::Trash | Shelf::Received => query,
        // A video that belongs to a photo is not shown beside it.
        Shelf::Recents => query.filter(table::shelf.ne(Shelf::Motion)),
        Shelf::Favorites => {
            query.filter(table::favorite.eq(true)).filter(table::shelf.ne(Shelf::Motion))
        }
        shelf => query.filter(table::shelf.eq(shelf)),
    };

    // The nil id is compared for the same reason: no directory has it.
    query = match filter.directory {
        Some(id) if conn.misjudges_equality() => query.filter(
            table::directory_id.eq(id).or(table::directory_id.eq(DirectoryId(Uuid::nil()))),
        ),
        Some(id) => query.filter(table::directory_id.eq(id)),
        None => query,
    };

    if filter.is_dated {
        let is_undated = table::preview
            .eq(PreviewState::Waiting)
            .and(table::taken_source.eq_any([TakenSource::Upload, TakenSource::File]));
        query = query.filter(not(is_undated));
    }
    if let Some(sha256) = &filter.sha256 {
        query = query.filter(table::sha256.eq(sha256.clone()));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(table::kind.eq(kind));
        // Each kind is on one shelf, and the indexes start with the shelf.
        if filter.shelf == Shelf::All {
            query = query.filter(table::shelf.eq(kind.shelf()));
        }
    }

    if let Some((from, until)) = filter.year_range() {
        query = query.filter(table::shown_at.ge(from)).filter(table::shown_at.lt(until));
    }

    if let Some(area) = filter.area {
        let ([one, other], longitude) = (area.longitudes(), item_places::longitude);
        let inside = item_places::table
            .filter(item_places::user_id.eq(owner))
            .filter(item_places::latitude.between(area.south, area.north))
            .filter(longitude.between(one.0, one.1).or(longitude.between(other.0, other.1)));
        query = query.filter(table::id.eq_any(inside.select(item_places::item_id)));
    }

    // Each word of the search must be a prefix of an indexed word of the item.
    for (from, until) in filter.words.iter().flatten().map(|word| prefix_range(word)) {
        let matching_words = search_words::table
            .filter(search_words::item_id.eq(table::id))
            .filter(search_words::word.ge(from))
            .filter(search_words::word.lt(until));
        query = query.filter(diesel::dsl::exists(matching_words));
    }

    // A search reads in steps; items beyond the end of this step are excluded.
    if let Some(floor) = filter.floor {
        query = query.filter(keyset_predicate(conn, (table::shown_at, table::id), NotLess, floor));
    }

    // The position after which the page begins.
    query = match (sort, after) {
        (Sort::Newest, Some(Cursor::Clock(at, id))) => {
            query.filter(keyset_predicate(conn, (table::shown_at, table::id), Less, (at, id)))
        }
        (Sort::Oldest, Some(Cursor::Clock(at, id))) => {
            query.filter(keyset_predicate(conn, (table::shown_at, table::id), Greater, (at, id)))
        }
        (Sort::Recent, Some(Cursor::Time(at, id))) => {
            query.filter(keyset_predicate(conn, (table::recent_at, table::id), Less, (at, id)))
        }
        (Sort::Trashed, Some(Cursor::Time(at, id))) => {
            query.filter(keyset_predicate(conn, (table::trashed_at, table::id), Less, (at, id)))
        }
        (Sort::Name, Some(Cursor::Name(name, id))) => {
            query.filter(keyset_predicate(conn, (table::name_key, table::id), Greater, (name, id)))
        }
        (Sort::NameReversed, Some(Cursor::Name(name, id))) => {
            query.filter(keyset_predicate(conn, (table::name_key, table::id), Less, (name, id)))
        }
        (Sort::Smallest, Some(Cursor::Size(size, id))) => {
            query.filter(keyset_predicate(conn, (table::size, table::id), Greater, (size, id)))
        }
        (Sort::Largest, Some(Cursor::Size(size, id))) => {
            query.filter(keyset_predicate(conn, (table::size, table::id), Less, (size, id)))
        }
        // The first page. A cursor never belongs to another order, because it is decoded for this one.
        _ => query,
    };

    // Ordering by the constant first column lets both databases use the whole index.
    query = match (filter.directory, sort) {
        (Some(_), Sort::Oldest | Sort::Name | Sort::Smallest) => {
            query.order(table::directory_id.asc())
        }
        (Some(_), _) => query.order(table::directory_id.desc()),
        (None, Sort::Oldest | Sort::Name | Sort::Smallest) => query.order(table::user_id.asc()),
        (None, _) => query.order(table::user_id.desc()),
    };

    // The id makes the order unique.
    match sort {
        Sort::Newest => query.then_order_by((table::shown_at.desc(), table::id.desc())),
        Sort::Oldest => query.then_order_by((table::shown_at.asc(), table::id.asc())),
        Sort::Recent => query.then_order_by((table::recent_at.desc(), table::id.desc())),
        Sort::Trashed => query.then_order_by((table::trashed_at.desc(), table::id.desc())),
        Sort::Name => query.then_order_by((table::name_key.asc(), table::id.asc())),
        Sort::NameReversed => query.then_order_by((table::name_key.desc(), table::id.desc())),
        Sort::Largest => query.then_order_by((table::size.desc(), table::id.desc())),
        Sort::Smallest => query.then_order_by((table::size.asc(), table::id.asc())),
    }
    .load(conn)
}

/// Lists the items of several shelves or owners in one order. Each is read by its own index.
fn list_merged(
    conn: &mut Conn,
    owner: UserId,
    filter: &ItemFilter,
    sort: Sort,
    after: Option<&Cursor>,
    limit: i64,
) -> QueryResult<Vec<Item>> {
    let (mut merged, all_others) = (Vec::new(), &filter.others);
    let parts = match filter.shelf.parts() {
        [] => std::slice::from_ref(&filter.shelf),
        parts => parts,
    };
    for shelf in parts {
        let filter = ItemFilter { shelf: *shelf, others: Vec::new(), ..filter.clone() };
        for owner in std::iter::once(owner).chain(all_others.iter().copied()) {
            merged.extend(list(conn, owner, &filter, sort, after, limit)?);
        }
    }
    merged.sort_by(|one, other| match sort {
        Sort::Newest => (other.shown_at, other.id).cmp(&(one.shown_at, one.id)),
        Sort::Oldest => (one.shown_at, one.id).cmp(&(other.shown_at, other.id)),
        Sort::Recent => (other.recent_at, other.id).cmp(&(one.recent_at, one.id)),
        Sort::Trashed => (other.trashed_at, other.id).cmp(&(one.trashed_at, one.id)),
        Sort::Name => (&one.name_key, one.id).cmp(&(&other.name_key, other.id)),
        Sort::NameReversed => (&other.name_key, other.id).cmp(&(&one.name_key, one.id)),
        Sort::Largest => (other.size, other.id).cmp(&(one.size, one.id)),
        Sort::Smallest => (one.size, one.id).cmp(&(other.size, other.id)),
    });
    merged.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(merged)
}

/// Lists items of a shelf whose files have not been read, so that it is not known yet when they were taken; newest
/// first.
pub fn list_undated(
    conn: &mut Conn,
    owner: UserId,
    shelf: Shelf,
    limit: i64,
) -> QueryResult<Vec<Item>> {
    table::table
        .inner_join(preview_jobs::table)
        .filter(preview_jobs::user_id.eq(owner))
        .filter(table::placement.eq(Placement::Library))
        .filter(table::shelf.eq_any(shelf.parts().to_vec()))
        .filter(table::preview.eq(PreviewState::Waiting))
        .filter(table::taken_source.eq_any([TakenSource::Upload, TakenSource::File]))
        .order(table::id.desc())
        .limit(limit)
        .select(Item::as_select())
        .load(conn)
}

/// Counts the items of a shelf that come before `item` within its month, in an order by date.
pub fn count_ahead_in_month(
    conn: &mut Conn,
    owner: UserId,
    filter: &ItemFilter,
    item: &Item,
    sort: Sort,
) -> QueryResult<i64> {
    let (month, at) = (item.shown_at.month(), item.shown_at);
    let mut ahead = 0;
    for other in &filter.others {
        let filter = ItemFilter { others: Vec::new(), ..filter.clone() };
        ahead += count_ahead_in_month(conn, *other, &filter, item, sort)?;
    }
    for shelf in filter.shelf.parts() {
        let filter = ItemFilter { shelf: *shelf, others: Vec::new(), ..filter.clone() };
        let same_time = table::table
            .filter(table::user_id.eq(owner))
            .filter(table::placement.eq(Placement::Library))
            .filter(table::shelf.eq(*shelf))
            .filter(table::shown_at.eq(at))
            .count()
            .into_boxed();
        let (range, ties) = match sort {
            Sort::Oldest => ((month.start(), at), same_time.filter(table::id.lt(item.id))),
            _ => ((WallClock(at.0 + 1), month.end()), same_time.filter(table::id.gt(item.id))),
        };
        ahead += count_between(conn, owner, &filter, range.0, range.1)?;
        ahead += ties.get_result::<i64>(conn)?;
    }
    Ok(ahead)
}

/// Counts the items of a shelf or directory, outside the trash, whose `shown_at` is in `from..until`. Other conditions
/// of the filter are ignored.
pub fn count_between(
    conn: &mut Conn,
    owner: UserId,
    filter: &ItemFilter,
    from: WallClock,
    until: WallClock,
) -> QueryResult<i64> {
    let mut query = table::table
        .filter(table::user_id.eq(owner))
        .filter(table::placement.eq(Placement::Library))
        .filter(table::shown_at.ge(from))
        .filter(table::shown_at.lt(until))
        .count()
        .into_boxed();

    query = match filter.shelf {
        Shelf::Favorites => query.filter(table::favorite.eq(true)),
        Shelf::All => query,
        shelf => query.filter(table::shelf.eq(shelf)),
    };

    if let Some(id) = filter.directory {
        query = query.filter(table::directory_id.eq(id));
    }
    query.get_result(conn)
}
