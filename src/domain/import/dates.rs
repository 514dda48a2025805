//! Times of the PHP original, limited to what the databases can store.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::macros::format_description;

use crate::model::time::from_utc;
use crate::model::{Time, now};

/// Parses a time in the database's format, as UTC.
pub(super) fn parse_time(text: &str) -> Option<Time> {
    let seconds = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    Time::parse(text.get(..19)?, seconds).ok().filter(|at| is_storable(*at))
}

/// Whether both databases can store the time and it is in the past.
fn is_storable(at: Time) -> bool {
    at.year() > 1970 && at <= now()
}

/// A file's time, if it can be stored.
pub(super) fn file_time(at: SystemTime) -> Option<Time> {
    Some(from_utc(OffsetDateTime::from(at))).filter(|at| is_storable(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_parsed_and_invalid_ones_rejected() {
        assert_eq!(
            parse_time("2024-02-29 12:34:56.000000").unwrap().to_string(),
            "2024-02-29 12:34:56.0"
        );
        for nonsense in [
            "0000-00-00 00:00:00",
            "2024-02-30 00:00:00",
            "",
            "soon",
            "2999-01-01 00:00:00",
            "1900-01-01 00:00:00",
        ] {
            assert_eq!(parse_time(nonsense), None, "{nonsense}");
        }
    }
}
