//! Local date and time without a time zone: when a photo was taken, by the clock where it was taken.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::BigInt;
use time::{Month, OffsetDateTime};

use super::Time;

/// Milliseconds since 1970-01-01 00:00 on the local clock. A number, because TIMESTAMP columns are limited to
/// 1970 to 2038.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = BigInt)]
pub struct WallClock(pub i64);

impl WallClock {
    /// The same reading as a clock that shows UTC.
    #[must_use]
    pub fn from_utc(at: Time) -> Self {
        Self(i64::try_from(at.assume_utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(0))
    }

    /// The date and time it shows; 1970 for a number outside the calendar.
    #[must_use]
    pub fn time(self) -> Time {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000);
        let at = at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Time::new(at.date(), at.time())
    }

    /// The UTC time, if the clock was `offset` minutes ahead of UTC.
    #[must_use]
    pub fn utc(self, offset: Option<i16>) -> Time {
        Self(self.0 - i64::from(offset.unwrap_or(0)) * 60_000).time()
    }

    /// ISO 8601 without an offset: `2019-07-04T15:30:12`.
    #[must_use]
    pub fn iso(self) -> String {
        let at = self.time();
        let (date, hour, minute, second) = (at.date(), at.hour(), at.minute(), at.second());
        format!("{date}T{hour:02}:{minute:02}:{second:02}")
    }

    #[must_use]
    pub fn month(self) -> YearMonth {
        let at = self.time();
        YearMonth { year: at.year(), month: at.month() }
    }
}

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct YearMonth {
    pub year: i32,
    pub month: Month,
}

impl YearMonth {
    /// `202405`.
    #[must_use]
    pub fn number(self) -> i32 {
        self.year * 100 + i32::from(u8::from(self.month))
    }

    /// Parses `2024-05`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let (year, month): (i32, u8) = (year.parse().ok()?, month.parse().ok()?);
        let is_calendar_year = (1..=9999).contains(&year);
        Some(Self { year, month: Month::try_from(month).ok().filter(|_| is_calendar_year)? })
    }

    /// ISO 8601: `2024-05`.
    #[must_use]
    pub fn iso(self) -> String {
        format!("{:04}-{:02}", self.year, u8::from(self.month))
    }

    /// Inverse of [`YearMonth::number`].
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        let month = u8::try_from(number.rem_euclid(100))
            .ok()
            .and_then(|month| Month::try_from(month).ok())?;
        Some(Self { year: number.div_euclid(100), month })
    }

    /// The first moment of the following month.
    #[must_use]
    pub fn end(self) -> WallClock {
        let next = if self.month == Month::December {
            Self { year: self.year + 1, month: Month::January }
        } else {
            Self { month: self.month.next(), ..self }
        };
        next.start()
    }

    /// The first moment of the month.
    #[must_use]
    pub fn start(self) -> WallClock {
        let first =
            time::Date::from_calendar_date(self.year, self.month, 1).unwrap_or(time::Date::MIN);
        WallClock::from_utc(first.midnight())
    }
}

impl std::fmt::Display for YearMonth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.month, self.year)
    }
}

impl<DB: Backend> ToSql<BigInt, DB> for WallClock
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<BigInt, DB> for WallClock
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i64::from_sql(value).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_where_the_next_one_begins() {
        let december = YearMonth::from_number(196_912).unwrap();
        assert_eq!(december.end(), WallClock(0));
        assert_eq!(WallClock(-1).month(), december);
        assert_eq!(WallClock(0).month().number(), 197_001);
        assert_eq!(YearMonth::from_number(202_413), None);
    }

    #[test]
    fn local_time_is_converted_to_utc_by_its_offset() {
        let noon = WallClock(43_200_000);
        assert_eq!(WallClock::from_utc(noon.utc(Some(120))).0, 36_000_000);
        assert_eq!(WallClock::from_utc(noon.utc(None)), noon);
        assert_eq!(WallClock(i64::MAX).time(), WallClock(0).time());
    }
}
