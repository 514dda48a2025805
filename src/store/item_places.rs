//! `item_places`: where photos and videos were taken.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::item_places as table;
use crate::db::schema::media_items;
use crate::model::{Area, ItemId, ItemPlace, Placement, Shelf, UserId};

/// Replaces the place of an item; `None` removes it.
pub fn replace(
    conn: &mut Conn,
    owner: UserId,
    id: ItemId,
    place: Option<&ItemPlace>,
) -> QueryResult<()> {
    diesel::delete(table::table.find(id).filter(table::user_id.eq(owner))).execute(conn)?;
    if let Some(place) = place {
        diesel::insert_into(table::table).values(place).execute(conn)?;
    }
    Ok(())
}

/// Lists the places of these items, in any order.
pub fn list(conn: &mut Conn, owner: UserId, ids: &[ItemId]) -> QueryResult<Vec<ItemPlace>> {
    table::table
        .filter(table::user_id.eq(owner))
        .filter(table::item_id.eq_any(ids.to_vec()))
        .select(ItemPlace::as_select())
        .load(conn)
}

/// Lists photos and videos outside the trash in an area: latitude, longitude and item.
pub fn list_within(
    conn: &mut Conn,
    owner: UserId,
    area: &Area,
) -> QueryResult<Vec<(i32, i32, ItemId)>> {
    let [one, other] = area.longitudes();
    table::table
        .inner_join(media_items::table)
        .filter(table::user_id.eq(owner))
        .filter(table::latitude.between(area.south, area.north))
        .filter(
            table::longitude.between(one.0, one.1).or(table::longitude.between(other.0, other.1)),
        )
        .filter(media_items::placement.eq(Placement::Library))
        .filter(media_items::shelf.eq_any(Shelf::Timeline.parts().to_vec()))
        .select((table::latitude, table::longitude, table::item_id))
        .load(conn)
}

/// Lists the cities with photos and videos outside the trash, those with the most first: country, city, and items.
pub fn count_cities(
    conn: &mut Conn,
    owner: UserId,
    limit: i64,
) -> QueryResult<Vec<(String, String, i64)>> {
    let items = diesel::dsl::count_star();
    table::table
        .inner_join(media_items::table)
        .filter(table::user_id.eq(owner))
        .filter(table::city.ne(""))
        .filter(media_items::placement.eq(Placement::Library))
        .filter(media_items::shelf.eq_any(Shelf::Timeline.parts().to_vec()))
        .group_by((table::country, table::city))
        .select((table::country, table::city, items))
        .order((items.desc(), table::country.asc(), table::city.asc()))
        .limit(limit)
        .load(conn)
}

/// Whether the place of any item of a user is known.
pub fn has_any(conn: &mut Conn, owner: UserId) -> QueryResult<bool> {
    let found: Option<ItemId> = table::table
        .filter(table::user_id.eq(owner))
        .select(table::item_id)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}
