//! Where photos and videos were taken.

use diesel::prelude::*;

use super::area::units;
use super::city::{City, country_name};
use super::{Item, ItemId, UserId};
use crate::db::schema::item_places;
use crate::media::Metadata;

/// A row of `item_places`.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable, Selectable)]
#[diesel(table_name = item_places)]
pub struct ItemPlace {
    pub item_id: ItemId,
    pub user_id: UserId,
    /// In hundred-thousandths of a degree, as `longitude`.
    pub latitude: i32,
    pub longitude: i32,
    /// Empty far from all cities, as `country`.
    pub city: String,
    pub country: String,
}

impl ItemPlace {
    /// The row of an item whose position is known.
    #[must_use]
    pub fn from_metadata(item: &Item, metadata: &Metadata) -> Option<Self> {
        let (north, east) = metadata.latitude.zip(metadata.longitude)?;
        let city = City::nearest(north, east);
        let text = |of: fn(&City) -> &'static str| city.as_ref().map_or("", of).to_owned();
        Some(Self {
            item_id: item.id,
            user_id: item.user_id,
            latitude: units(north),
            longitude: units(east),
            city: text(|city| city.name),
            country: text(|city| city.country),
        })
    }

    /// `Lisbon, Portugal`; empty far from all cities.
    #[must_use]
    pub fn name(&self) -> String {
        place_name(&self.city, &self.country)
    }
}

/// `Lisbon, Portugal`.
#[must_use]
pub fn place_name(city: &str, country: &str) -> String {
    match country_name(country) {
        "" => city.to_owned(),
        name => format!("{city}, {name}"),
    }
}
