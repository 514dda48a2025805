//! Formats times, sizes, counts and durations for pages.

use crate::error::format_bytes;
use crate::language::{current_language, grouped, nt, t};
use crate::model::item::ItemKind;
use crate::model::{Time, TimeZone, YearMonth, now};
use crate::{fill, msg};
use time::{Month, Weekday};

/// A time: machine-readable, in the zone of the user, in UTC, and relative.
pub struct When {
    pub iso: String,
    pub full: String,
    pub utc: String,
    pub ago: String,
}

/// The name of a month.
pub fn month_name(month: Month) -> String {
    let name = match month {
        Month::January => msg!("January"),
        Month::February => msg!("February"),
        Month::March => msg!("March"),
        Month::April => msg!("April"),
        Month::May => msg!("May"),
        Month::June => msg!("June"),
        Month::July => msg!("July"),
        Month::August => msg!("August"),
        Month::September => msg!("September"),
        Month::October => msg!("October"),
        Month::November => msg!("November"),
        Month::December => msg!("December"),
    };
    t(name).into_owned()
}

/// The first letters of the name of a month.
pub fn short_month_name(month: Month) -> String {
    month_name(month).trim_start_matches('[').chars().take(3).collect()
}

/// The first letters of the name of a day of the week.
pub fn short_weekday_name(day: Weekday) -> String {
    let name = match day {
        Weekday::Monday => msg!("Mon"),
        Weekday::Tuesday => msg!("Tue"),
        Weekday::Wednesday => msg!("Wed"),
        Weekday::Thursday => msg!("Thu"),
        Weekday::Friday => msg!("Fri"),
        Weekday::Saturday => msg!("Sat"),
        Weekday::Sunday => msg!("Sun"),
    };
    t(name).into_owned()
}

/// `5 July 2026`.
pub fn date(at: Time) -> String {
    fill!("{day} {month} {year}", day = at.day(), month = month_name(at.month()), year = at.year())
}

/// `July 2026`.
pub fn month_and_year(month: YearMonth) -> String {
    fill!("{month} {year}", month = month_name(month.month), year = month.year)
}

/// `5 July 2026, 00:30`.
pub fn date_and_time(at: Time) -> String {
    format!("{}, {:02}:{:02}", date(at), at.hour(), at.minute())
}

/// The sign before decimals.
pub fn decimal_sign() -> char {
    current_language().number_signs().1
}

/// Formats a time for a user in this time zone; from 30 days on, the relative form is the date.
pub fn when(at: Time, zone: &TimeZone) -> When {
    let iso =
        at.assume_utc().format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
    let local = zone.local_time(at);
    let full = format!("{} {}", date_and_time(local), zone.abbreviation(at));
    let utc = format!("{} UTC", date_and_time(at));
    let seconds = (now() - at).whole_seconds();
    // The first range also contains negative numbers, which a changed clock causes.
    let ago = match seconds {
        ..=59 => t(msg!("just now")).into_owned(),
        60..=3599 => nt(seconds / 60, "a minute ago", "{n} minutes ago"),
        3600..=86_399 => nt(seconds / 3600, "an hour ago", "{n} hours ago"),
        86_400..=2_591_999 => nt(seconds / 86_400, "yesterday", "{n} days ago"),
        _ => date(local),
    };
    When { iso, full, utc, ago }
}

/// A size: rounded, and exact to the byte.
pub struct Size {
    pub words: String,
    pub exact: String,
}

pub fn size(bytes: i64) -> Size {
    let bytes = u64::try_from(bytes).unwrap_or(0);
    Size {
        words: format_bytes(bytes),
        exact: nt(i64::try_from(bytes).unwrap_or(i64::MAX), "{n} byte", "{n} bytes"),
    }
}

/// `1,234,567`.
pub fn thousands(number: u64) -> String {
    grouped(i64::try_from(number).unwrap_or(i64::MAX))
}

/// `1 photo`, `2 photos`, `3 people`.
pub fn count_of(number: i64, one: &str) -> String {
    let (stem, ending) = match one {
        "person" => ("people", ""),
        _ if one.ends_with("sh") || one.ends_with("ch") => (one, "es"),
        _ => (one, "s"),
    };
    nt(number, &format!("{{n}} {one}"), &format!("{{n}} {stem}{ending}"))
}

pub const fn kind_icon(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Photo => "image",
        ItemKind::Video => "film",
        ItemKind::Audio => "music",
        ItemKind::Document => "file-text",
        ItemKind::Other => "file",
    }
}

/// `1:02:03`.
pub fn duration(milliseconds: i64) -> String {
    let seconds = milliseconds / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_counted() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(count_of(1, "photo"), "1 photo");
        assert_eq!(count_of(4812, "item"), "4,812 items");
        assert_eq!(count_of(2, "crash"), "2 crashes");
        assert_eq!([1, 2].map(|number| count_of(number, "person")), ["1 person", "2 people"]);
    }

    #[test]
    fn times_are_written_in_words() {
        let ago = |seconds| when(now() - time::Duration::seconds(seconds), &TimeZone::utc()).ago;
        let summer = time::macros::datetime!(2026-07-04 22:30);
        let shown = when(summer, &TimeZone::parse("Europe/Vienna").unwrap());
        assert_eq!(
            (shown.full.as_str(), shown.utc.as_str()),
            ("5 July 2026, 00:30 CEST", "4 July 2026, 22:30 UTC")
        );
        assert_eq!(ago(5), "just now");
        assert_eq!(ago(7300), "2 hours ago");
        assert_eq!(ago(90_000), "yesterday");
        assert_eq!(ago(3 * 86_400 + 5), "3 days ago");
        assert_eq!(duration(3_723_000), "1:02:03");
    }
}
