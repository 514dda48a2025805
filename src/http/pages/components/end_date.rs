//! Until when something is shared: a date, with whose last moment it ends.

use time::macros::format_description;

use super::format::date;
use crate::error::{Error, Result};
use crate::model::{Time, TimeZone};
use crate::msg;

/// The end of a day in the user's time zone; `None` for no date.
pub fn parse_end(text: &str, zone: &TimeZone) -> Result<Option<Time>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let format = format_description!("[year]-[month]-[day]");
    let bad = || Error::field("ends", msg!("Enter a date such as 2026-12-31."));
    let date = time::Date::parse(text.trim(), format).map_err(|_| bad())?;
    // Times are kept up to this year.
    if date.year() > 2037 {
        return Err(bad());
    }
    let next_day = date.next_day().ok_or_else(bad)?;
    Ok(Some(zone.time_of_local(time::PrimitiveDateTime::new(next_day, time::Time::MIDNIGHT))))
}

/// The last day of what ends at midnight.
fn last_moment(ends_at: Time) -> Time {
    ends_at - time::Duration::seconds(1)
}

/// `6 December 2026`: the last day.
#[must_use]
pub fn end_date(ends_at: Time, zone: &TimeZone) -> String {
    date(zone.local_time(last_moment(ends_at)))
}

/// The value of a field with the last day, which [`parse_end`] reads.
#[must_use]
pub fn end_field(ends_at: Time, zone: &TimeZone) -> String {
    let format = format_description!("[year]-[month]-[day]");
    zone.local_time(last_moment(ends_at)).format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_ends_with_its_day_and_is_shown_as_that_day() {
        let zone = TimeZone::parse("Asia/Tokyo").unwrap();
        let end = parse_end(" 2026-12-06 ", &zone).unwrap().unwrap();
        assert_eq!(end.to_string(), "2026-12-06 15:00:00.0");
        assert_eq!(end_field(end, &zone), "2026-12-06");
        assert_eq!(end_date(end, &zone), "6 December 2026");
        assert_eq!(parse_end("", &zone).unwrap(), None);
        for bad in ["6 December", "2026-13-01", "2038-01-01"] {
            assert!(parse_end(bad, &zone).is_err(), "{bad}");
        }
    }
}
