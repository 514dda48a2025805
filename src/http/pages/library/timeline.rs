//! The timeline beside a list: its months, each a link to the page where it begins.

use uuid::Uuid;

use super::list_options::ListQuery;
use crate::domain::library::listings::{self, Listing, ListingQuery};
use crate::domain::library::reader::LibraryReader;
use crate::error::Error;
use crate::http::pages::components::format::{count_of, month_and_year, short_month_name};
use crate::model::{Cursor, ItemId, Sort, User, WallClock, YearMonth};

/// The latest years show their months; earlier ones are one link each.
const YEARS_WITH_MONTHS: usize = 6;

pub struct TimelineYear {
    pub number: i32,
    /// Its first month in list order.
    pub href: String,
    pub count: String,
    pub months: Vec<TimelineMonth>,
}

pub struct TimelineMonth {
    /// `May`.
    pub short: String,
    /// `2024-05`.
    pub machine: String,
    /// `May 2024, 132 items`.
    pub full: String,
    pub href: String,
}

/// The position just before the first item of the month in this order. The smallest or largest id makes it differ from the
/// position of every item.
pub fn month_start(month: YearMonth, sort: Sort) -> Cursor {
    if sort == Sort::Oldest {
        Cursor::Clock(WallClock(month.start().0 - 1), ItemId(Uuid::max()))
    } else {
        Cursor::Clock(month.end(), ItemId(Uuid::nil()))
    }
}

/// `2018-08:12` for each month in the order of the list, from which a script makes the scrubber.
pub fn month_counts(months: &[(YearMonth, i64)], sort: Sort) -> String {
    let text = |(month, items): &(YearMonth, i64)| format!("{}:{items}", month.iso());
    let texts: Vec<String> = match sort {
        Sort::Oldest => months.iter().rev().map(text).collect(),
        _ => months.iter().map(text).collect(),
    };
    texts.join(",")
}

/// Groups the months of a list by year. Empty for fewer than two months, and for a directory, of which only the months
/// on the current page are known.
pub fn timeline_years(
    months: &[(YearMonth, i64)],
    sort: Sort,
    query: &ListQuery,
    path: &str,
) -> Vec<TimelineYear> {
    if months.len() < 2 || path.starts_with("/directories/") {
        return Vec::new();
    }
    let mut ordered = months.to_vec();
    if sort == Sort::Oldest {
        ordered.reverse();
    }

    let href = |month: YearMonth| ListQuery { at: month.iso(), ..query.first_page() }.href(path);

    let mut years: Vec<(TimelineYear, i64)> = Vec::new();

    // Months of a year are consecutive.
    for (month, items) in ordered {
        if years.last().is_none_or(|(year, _)| year.number != month.year) {
            years.push((
                TimelineYear {
                    number: month.year,
                    href: href(month),
                    count: String::new(),
                    months: Vec::new(),
                },
                0,
            ));
        }

        // Only the first years of the list show their months; each other year is one link.
        let has_room = years.len() <= YEARS_WITH_MONTHS;
        // There is always a last year: it was pushed above.
        let Some((year, item_total)) = years.last_mut() else { continue };
        *item_total += items;

        if has_room {
            year.months.push(TimelineMonth {
                short: short_month_name(month.month),
                machine: month.iso(),
                full: format!("{}, {}", month_and_year(month), count_of(items, "item")),
                href: href(month),
            });
        }
    }

    years
        .into_iter()
        .map(|(year, item_total)| TimelineYear { count: count_of(item_total, "item"), ..year })
        .collect()
}

/// A page of a shelf; its last one if it was to begin with a month behind all of its items.
pub(crate) fn list_to_its_end(
    reader: &mut LibraryReader<'_>,
    user: &User,
    wanted: ListingQuery,
    query: &ListQuery,
) -> Result<Listing, Error> {
    let listing = listings::list(reader, user, &wanted)?;
    if !listing.items.is_empty() || query.at.is_empty() || wanted.sort.reversed().is_none() {
        return Ok(listing);
    }
    let end = match wanted.sort {
        Sort::Oldest => WallClock(i64::MAX),
        _ => WallClock(i64::MIN),
    };
    let before = Cursor::Clock(end, ItemId(Uuid::nil())).encode();
    let last = ListingQuery { cursor: None, before: Some(before), ..wanted };
    let mut listing = listings::list(reader, user, &last)?;
    listing.next = None;
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_month_links_to_its_first_item() {
        let month = |number| YearMonth::from_number(number).unwrap();
        let months = [(month(202_405), 3), (month(202_401), 1), (month(202_312), 2)];
        let years = timeline_years(&months, Sort::Newest, &ListQuery::default(), "/photos");
        assert_eq!(
            years.iter().map(|year| (year.number, year.count.as_str())).collect::<Vec<_>>(),
            [(2024, "4 items"), (2023, "2 items")]
        );
        let may = &years[0].months[0];
        assert_eq!((may.short.as_str(), may.full.as_str()), ("May", "May 2024, 3 items"));
        assert_eq!(may.href, "/photos?at=2024-05");
        assert_eq!(month_counts(&months, Sort::Oldest), "2023-12:2,2024-01:1,2024-05:3");
    }
}
