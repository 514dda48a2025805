//! The map: photos and videos by where they were taken.

use std::collections::HashMap;

use super::reader::LibraryReader;
use crate::error::Result;
use crate::model::{Area, City, Item, ItemId, User};
use crate::state::Services;
use crate::store;

/// Clusters on one map.
const MAX_CLUSTERS: usize = 200;
/// Names of cities on one map.
const MAX_LABELS: usize = 60;
/// Cities in the list of places.
const MAX_PLACES: i64 = 500;
/// Pixels between the centers of clusters.
const CLUSTER_PIXELS: f64 = 72.0;
/// Pixels of the whole world at zoom 0.
const WORLD_PIXELS: f64 = 256.0;
/// The highest zoom, at which a pixel is less than a meter.
pub const MAX_ZOOM: f64 = 18.0;

/// Items that are close to each other on the map.
pub struct Cluster {
    /// The middle, in degrees.
    pub north: f64,
    pub east: f64,
    /// What contains all of them.
    pub bounds: Area,
    pub count: usize,
    /// The one that was added last.
    pub item: Item,
}

/// A part of the map.
pub struct MapView {
    pub clusters: Vec<Cluster>,
    /// Items in the area.
    pub count: usize,
    pub cities: Vec<City>,
}

/// Items of one city.
pub struct CityCount {
    pub country: String,
    pub city: String,
    pub items: i64,
}

/// Returns the clusters of an area at a zoom: at each step of 1, the map is twice as large.
///
/// # Errors
/// Database errors.
pub fn view(services: &Services, user: &User, area: &Area, zoom: f64) -> Result<MapView> {
    services.db.read(|conn| {
        let positions = store::item_places::list_within(conn, user.id, area)?;
        let groups = cluster(&positions, zoom.clamp(0.0, MAX_ZOOM));
        let ids: Vec<ItemId> = groups.iter().map(|group| group.newest).collect();
        let items = store::items::list_of(conn, user.id, &ids)?;
        let mut by_id: HashMap<ItemId, Item> =
            items.into_iter().map(|item| (item.id, item)).collect();
        let clusters = groups.into_iter().filter_map(|group| {
            let item = by_id.remove(&group.newest)?;
            let (north, east) = group.middle();
            Some(Cluster { north, east, bounds: group.bounds, count: group.count, item })
        });
        Ok(MapView {
            clusters: clusters.collect(),
            count: positions.len(),
            cities: City::largest_within(area, MAX_LABELS),
        })
    })
}

/// Counts the photos and videos of an area.
///
/// # Errors
/// Database errors.
pub fn count(reader: &mut LibraryReader<'_>, user: &User, area: &Area) -> Result<i64> {
    let positions = store::item_places::list_within(reader.conn, user.id, area)?;
    Ok(i64::try_from(positions.len()).unwrap_or(i64::MAX))
}

/// Returns the cities in which a user's items were taken, those with the most items first.
///
/// # Errors
/// Database errors.
pub fn list_cities(services: &Services, user: &User) -> Result<Vec<CityCount>> {
    services.db.read(|conn| {
        let rows = store::item_places::count_cities(conn, user.id, MAX_PLACES)?;
        Ok(rows
            .into_iter()
            .map(|(country, city, items)| CityCount { country, city, items })
            .collect())
    })
}

/// Positions of one cluster.
struct Group {
    /// Sums of the positions, of which the middle is made.
    north: f64,
    east: f64,
    bounds: Area,
    count: usize,
    newest: ItemId,
}

impl Group {
    fn new((north, east, id): (i32, i32, ItemId)) -> Self {
        Self {
            north: f64::from(north),
            east: f64::from(east),
            bounds: Area { south: north, west: east, north, east },
            count: 1,
            newest: id,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.north += other.north;
        self.east += other.east;
        self.count += other.count;
        self.newest = self.newest.max(other.newest);
        self.bounds = Area {
            south: self.bounds.south.min(other.bounds.south),
            west: self.bounds.west.min(other.bounds.west),
            north: self.bounds.north.max(other.bounds.north),
            east: self.bounds.east.max(other.bounds.east),
        };
    }

    /// In degrees.
    #[expect(clippy::cast_precision_loss, reason = "numbers of items")]
    fn middle(&self) -> (f64, f64) {
        let units = self.count as f64 * 1e5;
        (self.north / units, self.east / units)
    }
}

/// The distance from the top left corner of a map of the world with this width, in the projection of Mercator.
#[must_use]
pub fn project((north, east): (f64, f64), size: f64) -> (f64, f64) {
    let latitude = north.clamp(-85.0, 85.0).to_radians();
    let y = (std::f64::consts::FRAC_PI_4 + latitude / 2.0).tan().ln();
    ((east + 180.0) / 360.0 * size, (0.5 - y / std::f64::consts::TAU) * size)
}

/// Groups positions that are close to each other at this zoom; the largest groups first.
fn cluster(positions: &[(i32, i32, ItemId)], zoom: f64) -> Vec<Group> {
    let size = WORLD_PIXELS * zoom.exp2();
    // First by the squares of a grid, so that the work grows only with the number of items.
    let mut squares: HashMap<(i64, i64), Group> = HashMap::new();
    for position in positions {
        let group = Group::new(*position);
        let (x, y) = project(group.middle(), size);
        #[expect(clippy::cast_possible_truncation, reason = "at most 2^27 pixels")]
        let square = ((x / CLUSTER_PIXELS).floor() as i64, (y / CLUSTER_PIXELS).floor() as i64);
        match squares.get_mut(&square) {
            Some(known) => known.merge(&group),
            None => drop(squares.insert(square, group)),
        }
    }

    let mut groups: Vec<Group> = squares.into_values().collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.count), group.newest));
    // Then those of neighboring squares whose middles would overlap.
    let mut merged: Vec<Group> = Vec::new();
    for group in groups {
        let (x, y) = project(group.middle(), size);
        let is_full = merged.len() == MAX_CLUSTERS;
        let near = merged.iter_mut().find(|other| {
            let (other_x, other_y) = project(other.middle(), size);
            (x - other_x).hypot(y - other_y) < CLUSTER_PIXELS * 0.75
        });
        match near {
            Some(near) => near.merge(&group),
            None if is_full => {}
            None => merged.push(group),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn near_positions_are_one_cluster_until_the_map_is_large_enough() {
        let at = |number: u128, north, east| (north, east, ItemId(Uuid::from_u128(number)));
        // Two in Lisbon, one in Porto.
        let positions =
            [at(1, 3_870_000, -914_000), at(3, 3_871_000, -915_000), at(2, 4_115_000, -861_000)];
        let counts = |zoom| -> Vec<usize> {
            cluster(&positions, zoom).iter().map(|group| group.count).collect()
        };
        assert_eq!(counts(2.0), [3]);
        assert_eq!(counts(8.0), [2, 1]);
        assert_eq!(counts(18.0), [1, 1, 1]);
        let all = cluster(&positions, 0.0).pop().unwrap();
        assert_eq!(all.newest, ItemId(Uuid::from_u128(3)));
        assert_eq!(all.bounds.to_string(), "38.7,-9.15,41.15,-8.61");
    }
}
