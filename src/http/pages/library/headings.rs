//! The headings of months and days in a list by date.

use crate::domain::library::listings::Listing;
use crate::http::pages::components::tile::{DayHeading, Heading, MonthHeading, Tile};
use crate::http::pages::components::{self as v, count_of};
use crate::model::{Item, ItemPlace};

/// The city in which most of these items were taken, if it is known.
fn main_city<'a>(items: &[Item], places: &'a [ItemPlace]) -> Option<&'a str> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for item in items {
        let place = places.iter().find(|place| place.item_id == item.id);
        let Some(city) = place.map(|place| place.city.as_str()) else { continue };
        match counts.iter_mut().find(|(name, _)| *name == city) {
            Some((_, count)) => *count += 1,
            None => counts.push((city, 1)),
        }
    }
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map(|(city, _)| city).filter(|city| !city.is_empty())
}

/// Sets the headings of the first tiles of each month, and of each day if `has_days`.
pub(super) fn add_headings(tiles: &mut [Tile], listing: &Listing, has_days: bool) {
    let (mut last_month, mut last_day) = (None, String::new());
    for (index, (tile, item)) in tiles.iter_mut().zip(&listing.items).enumerate() {
        let month = item.shown_at.month();
        let month_heading = (last_month != Some(month)).then(|| {
            let of_month = listing.months.iter().find(|(of, _)| *of == month);
            let count = of_month.map(|(_, count)| count_of(*count, "item"));
            MonthHeading { text: v::format::month_and_year(month), month: month.iso(), count }
        });
        let mut day = DayHeading::from_item(item);
        let is_new_day = has_days && (month_heading.is_some() || last_day != day.day);
        last_month = Some(month);
        last_day.clone_from(&day.day);
        if is_new_day && !listing.places.is_empty() {
            let of_day = listing.items.get(index..).unwrap_or_default();
            let is_same = |other: &&Item| DayHeading::from_item(other).day == day.day;
            let count = of_day.iter().take_while(is_same).count();
            let city = main_city(of_day.get(..count).unwrap_or_default(), &listing.places);
            day.text.extend(city.iter().flat_map(|city| [" · ", city]));
        }
        if month_heading.is_some() || is_new_day {
            tile.heading = Some(Heading { month: month_heading, day: is_new_day.then_some(day) });
        }
    }
}
