//! Formats times, sizes, counts and durations for pages.

use crate::error::format_bytes;
use crate::model::item::ItemKind;
use crate::model::{Time, TimeZone, now};

/// A time: machine-readable, in the zone of the user, in UTC, and relative.
pub struct When {
    pub iso: String,
    pub full: String,
    pub utc: String,
    pub ago: String,
}

/// Formats a time for a user in this time zone; from 30 days on, the relative form is the date.
pub fn when(at: Time, zone: &TimeZone) -> When {
    let iso =
        at.assume_utc().format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
    let minutes = |at: Time| {
        let (day, month, year) = (at.day(), at.month(), at.year());
        format!("{day} {month} {year}, {:02}:{:02}", at.hour(), at.minute())
    };
    let local = zone.local_time(at);
    let (day, month, year) = (local.day(), local.month(), local.year());
    let full = format!("{} {}", minutes(local), zone.abbreviation(at));
    let utc = format!("{} UTC", minutes(at));
    let seconds = (now() - at).whole_seconds();
    // The first range also contains negative numbers, which a changed clock causes.
    let ago = match seconds {
        ..=59 => "just now".into(),
        60..=119 => "a minute ago".into(),
        120..=3599 => format!("{} minutes ago", seconds / 60),
        3600..=7199 => "an hour ago".into(),
        7200..=86_399 => format!("{} hours ago", seconds / 3600),
        86_400..=172_799 => "yesterday".into(),
        172_800..=2_591_999 => format!("{} days ago", seconds / 86_400),
        _ => format!("{day} {month} {year}"),
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
    Size { words: format_bytes(bytes), exact: format!("{} bytes", thousands(bytes)) }
}

/// `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 photo`, `2 photos`, `3 people`.
pub fn count_of(number: i64, one: &str) -> String {
    let shown = thousands(u64::try_from(number).unwrap_or(0));
    let (stem, ending) = match one {
        _ if number == 1 => (one, ""),
        "person" => ("people", ""),
        _ if one.ends_with("sh") || one.ends_with("ch") => (one, "es"),
        _ => (one, "s"),
    };
    format!("{shown} {stem}{ending}")
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
