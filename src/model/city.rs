//! Cities and towns by position, from data of GeoNames that the build puts into the program.
//!
//! The data are sorted by whole degrees of latitude and then by longitude, and are read where they are in the program,
//! so that they take no memory before they are used. `scripts/vendor.mjs` writes them.

use super::area::Area;

static DATA: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/vendor/places.bin"));

/// Numbers of cities and countries, and bytes of the names of countries.
const HEAD_BYTES: usize = 12;
/// The first city of each of 180 degrees of latitude, and the number of all.
const ROWS_BYTES: usize = 181 * 4;
const RECORD_BYTES: usize = 16;

/// Kilometers of a degree of latitude.
const DEGREE_KM: f64 = 111.2;
/// A place is named after a city whose edge is at most this far away.
const MAX_DISTANCE_KM: f64 = 30.0;

/// A city, town or village of at least a thousand people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct City {
    pub name: &'static str,
    /// ISO 3166.
    pub country: &'static str,
    pub north: f64,
    pub east: f64,
    pub population: u32,
}

impl City {
    /// The city to which a position belongs, or the nearest one; `None` far from all.
    #[must_use]
    pub fn nearest(north: f64, east: f64) -> Option<Self> {
        let mut best: Option<(f64, Self)> = None;
        let row = row_of(north);
        for row in row.saturating_sub(1)..=(row + 1).min(179) {
            // Farther cities of the row are too far away. Near the poles, that is no city.
            let cosine = north.to_radians().cos().max(0.05);
            let reach = 60.0 / (DEGREE_KM * cosine);
            for shift in [-360.0, 0.0, 360.0] {
                for city in cities_between(row, east + shift - reach, east + shift + reach) {
                    let up = (city.north - north) * DEGREE_KM;
                    let right = (city.east - east - shift) * DEGREE_KM * cosine;
                    let (distance, radius) = (up.hypot(right), city.radius_km());
                    // Inside of several cities, the one whose middle is relatively nearest; outside, the nearest edge.
                    let rank =
                        if distance < radius { distance / radius - 1.0 } else { distance - radius };
                    if best.is_none_or(|(least, _)| rank < least) {
                        best = Some((rank, city));
                    }
                }
            }
        }
        best.filter(|(rank, _)| *rank < MAX_DISTANCE_KM).map(|(_, city)| city)
    }

    /// The cities with the most people in an area.
    #[must_use]
    pub fn largest_within(area: &Area, count: usize) -> Vec<Self> {
        let (south, west, north, east) = area.degrees();
        let mut found = Vec::new();
        for row in row_of(south)..=row_of(north) {
            let (from, until) = if west <= east { (west, east) } else { (-180.0, 180.0) };
            found.extend(indices_between(row, from, until).filter(|index| {
                let (to_north, to_east) = position(*index);
                let is_inside_longitudes = west <= east || to_east >= west || to_east <= east;
                (south..=north).contains(&to_north) && is_inside_longitudes
            }));
        }
        // Names are read only of those that are returned.
        found.sort_by_key(|index| std::cmp::Reverse(population(*index)));
        found.truncate(count);
        found.into_iter().map(city).collect()
    }

    /// An estimate of how far a city of so many people reaches.
    fn radius_km(&self) -> f64 {
        (0.011 * f64::from(self.population).sqrt()).min(20.0)
    }
}

/// The names of a country in all languages of the program, English first; empty for an unknown code.
#[must_use]
pub fn country_names(code: &str) -> Vec<&'static str> {
    let mut at = HEAD_BYTES + ROWS_BYTES;
    for _ in 0..number(4) {
        let text = text(at);
        let mut parts = text.split('\t');
        if parts.next() == Some(code) {
            return parts.collect();
        }
        at += text.len() + 1;
    }
    Vec::new()
}

/// `Portugal`.
#[must_use]
pub fn country_name(code: &str) -> &'static str {
    country_names(code).first().copied().unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 179")]
fn row_of(north: f64) -> usize {
    (north + 90.0).floor().clamp(0.0, 179.0) as usize
}

/// The cities of a degree of latitude between two longitudes.
fn cities_between(row: usize, west: f64, east: f64) -> impl Iterator<Item = City> {
    indices_between(row, west, east).map(city)
}

/// The numbers of these cities.
fn indices_between(row: usize, west: f64, east: f64) -> impl Iterator<Item = usize> {
    let (mut low, end) = (number(HEAD_BYTES + row * 4), number(HEAD_BYTES + row * 4 + 4));
    let mut high = end;
    // The first one that is not west of the range.
    while low < high {
        let middle = low.midpoint(high);
        if degrees(record(middle) + 4) < west { low = middle + 1 } else { high = middle }
    }
    (low..end).take_while(move |index| position(*index).1 <= east)
}

/// Degrees to the north and to the east.
fn position(index: usize) -> (f64, f64) {
    (degrees(record(index)), degrees(record(index) + 4))
}

fn population(index: usize) -> u32 {
    u32::try_from(number(record(index) + 12)).unwrap_or(0)
}

fn record(index: usize) -> usize {
    HEAD_BYTES + ROWS_BYTES + number(8) + index * RECORD_BYTES
}

fn city(index: usize) -> City {
    let at = record(index);
    let packed = number(at + 8);
    let texts = record(number(0));
    let mut code_at = HEAD_BYTES + ROWS_BYTES;
    for _ in 0..packed % 256 {
        code_at += text(code_at).len() + 1;
    }
    let (north, east) = position(index);
    City {
        name: text(texts + packed / 256),
        country: text(code_at).get(..2).unwrap_or_default(),
        north,
        east,
        population: population(index),
    }
}

fn bytes(at: usize) -> [u8; 4] {
    DATA.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
}

fn number(at: usize) -> usize {
    usize::try_from(u32::from_le_bytes(bytes(at))).unwrap_or(0)
}

fn degrees(at: usize) -> f64 {
    f64::from(i32::from_le_bytes(bytes(at))) / 1e5
}

/// A text after its length in bytes.
fn text(at: usize) -> &'static str {
    let length = usize::from(DATA.get(at).copied().unwrap_or(0));
    let bytes = DATA.get(at + 1..at + 1 + length).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_named_after_the_city_that_it_is_in() {
        let name = |north, east| City::nearest(north, east).map(|city| (city.name, city.country));
        // The Tower of Belém, six kilometers from the center.
        assert_eq!(name(38.6916, -9.2160), Some(("Lisbon", "PT")));
        assert_eq!(name(52.3989, 13.0657), Some(("Potsdam", "DE")));
        assert_eq!(name(52.5373, 13.6100), Some(("Berlin", "DE")));
        // Taveuni in Fiji is at the date line; the middle of the Atlantic is nowhere.
        assert_eq!(name(-18.1416, 178.4419), Some(("Suva", "FJ")));
        assert_eq!(name(30.0, -40.0), None);
        assert_eq!([name(90.0, 0.0), name(-90.0, 180.0)], [None, None]);
        assert_eq!(country_names("PT"), ["Portugal", "Portugal"]);
        assert_eq!(country_names("DE"), ["Germany", "Deutschland"]);
        assert_eq!(country_name("XX"), "");
    }

    #[test]
    fn the_largest_cities_of_an_area_are_found() {
        let names = |text| -> Vec<_> {
            let area = Area::parse(text).unwrap();
            City::largest_within(&area, 2).iter().map(|city| city.name).collect()
        };
        assert_eq!(names("36,-10,41.5,-8"), ["Lisbon", "Porto"]);
        // Across the date line.
        assert_eq!(names("-45,170,-15,-170").len(), 2);
    }
}
