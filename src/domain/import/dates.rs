//! Times of the original as they can be kept here.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::macros::format_description;

use crate::model::time::of_utc;
use crate::model::{Time, now};

/// A time as the database writes it, taken as UTC.
pub(super) fn time_of(text: &str) -> Option<Time> {
    let seconds = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    Time::parse(text.get(..19)?, seconds).ok().filter(|at| can_be_kept(*at))
}

/// Whether both databases can keep that time, and it has been.
fn can_be_kept(at: Time) -> bool {
    at.year() > 1970 && at <= now()
}

/// A file's time, if it can be kept.
pub(super) fn time_of_file(at: SystemTime) -> Option<Time> {
    Some(of_utc(OffsetDateTime::from(at))).filter(|at| can_be_kept(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_nonsense_is_none() {
        assert_eq!(time_of("2024-02-29 12:34:56.000000").unwrap().to_string(), "2024-02-29 12:34:56.0");
        for nonsense in ["0000-00-00 00:00:00", "2024-02-30 00:00:00", "", "soon", "2999-01-01 00:00:00", "1900-01-01 00:00:00"] {
            assert_eq!(time_of(nonsense), None, "{nonsense}");
        }
    }
}
