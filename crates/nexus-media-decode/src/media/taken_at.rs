//! [`TakenAt`]: when a photo or video was taken, parsed from the many spellings of cameras, phones and programs.
//!
//! A part that makes no sense only costs itself: a time of day that does not exist leaves the date, an impossible offset
//! leaves the time, and a date that cannot be true leaves the next candidate.

use serde::{Deserialize, Serialize};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// How exactly a time is known. A less exact one is the middle of its period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    #[default]
    Second,
    Day,
    Month,
    Year,
}

/// Where a file says when it was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TakenIn {
    #[default]
    Exif,
    Xmp,
    Iptc,
    /// Apple's `creationdate`, which has the local time and its offset.
    QuickTime,
    /// The header of a video container.
    Container,
}

/// When a photo or video was taken, by the local clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TakenAt {
    /// Milliseconds since 1970-01-01 00:00 on that clock.
    pub local_ms: i64,
    /// Minutes by which that clock was ahead of UTC, if the file says so.
    pub offset: Option<i16>,
    pub precision: Precision,
    pub found_in: TakenIn,
    /// The container keeps UTC and no offset, so `local_ms` is not local time yet.
    pub is_utc: bool,
}

impl TakenAt {
    /// From 1826, when the first photograph was taken, to 2200.
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        const FIRST: i64 = -4_544_208_000_000;
        const LAST: i64 = 7_258_118_400_000;
        (FIRST..LAST).contains(&self.local_ms)
    }

    /// Whether it is exactly the time at which clocks of cameras begin: 1970 or 1980, at midnight.
    #[must_use]
    pub fn is_first_moment(&self) -> bool {
        self.precision == Precision::Second && matches!(self.local_ms, 0 | 315_532_800_000)
    }

    /// Whether it is the zero of a clock that was never set: the epochs of Unix and of `QuickTime`.
    #[must_use]
    pub fn is_unset_clock(&self) -> bool {
        const QUICKTIME_EPOCH: i64 = -2_082_844_800_000;
        // Within a day, because some programs convert the zero between zones.
        self.local_ms.abs() <= DAY_MS || (self.local_ms - QUICKTIME_EPOCH).abs() <= DAY_MS
    }

    /// Parses `YYYY:MM:DD HH:MM:SS[.fff][Z|±HH:MM]` with any of the common separators, blanks instead of leading zeros,
    /// or without separators (`20190704T153012`); `YYYY-MM` and `YYYY`; and `Thu Jul  4 15:30:12 2019`. Returns `None`
    /// without a plausible date.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        let parsed = parse_c_time(text)
            .or_else(|| parse_mail_date(text))
            .or_else(|| Scanner::new(text).parse())?;
        (parsed.is_plausible() && !parsed.is_in_future()).then_some(parsed)
    }

    /// Whether it is more than a day ahead, which covers all zones: the clock of the camera was wrong.
    #[must_use]
    pub fn is_in_future(&self) -> bool {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.ok().and_then(|since| i64::try_from(since.as_millis()).ok());
        now.is_some_and(|now| self.local_ms > now + DAY_MS)
    }

    /// A time from its parts. Hour 24, which some phones write in the first hour of a day, is hour 0; an impossible
    /// minute or second is 0; an impossible hour leaves the day.
    #[must_use]
    pub fn from_parts(
        (year, month, day): (i32, Option<u8>, Option<u8>),
        clock: Option<(u8, u8, u8)>,
        millis: u16,
    ) -> Option<Self> {
        // The middle of the month or of the year stands for an unknown day or month. Without a time of day, noon keeps
        // the date in every zone.
        let (month, day, precision) = match (month, day) {
            (Some(month), Some(day)) => (month, day, Precision::Day),
            (Some(month), None) => (month, 15, Precision::Month),
            (None, _) => (7, 1, Precision::Year),
        };
        let month = time::Month::try_from(month).ok()?;
        let date = time::Date::from_calendar_date(year, month, day).ok()?;

        let clock = clock.filter(|_| precision == Precision::Day);
        let (clock, precision) = match clock.and_then(clock_time) {
            Some(clock) => (clock, Precision::Second),
            None => (time::Time::from_hms(12, 0, 0).ok()?, precision),
        };

        // Treated as UTC only to count milliseconds; the offset is kept separately.
        let local = time::PrimitiveDateTime::new(date, clock).assume_utc().unix_timestamp() * 1000;
        let millis = if precision == Precision::Second { i64::from(millis) } else { 0 };
        Some(Self { local_ms: local + millis, precision, ..Self::default() })
    }

    #[must_use]
    pub fn found_in(self, found_in: TakenIn) -> Self {
        Self { found_in, ..self }
    }

    /// The local time of a clock that is `minutes` ahead of UTC, for a time that is UTC.
    #[must_use]
    pub fn at_offset(self, minutes: i16) -> Self {
        Self {
            local_ms: self.local_ms + i64::from(minutes) * MINUTE_MS,
            offset: Some(minutes),
            is_utc: false,
            ..self
        }
    }
}

fn clock_time((hour, minute, second): (u8, u8, u8)) -> Option<time::Time> {
    let hour = if hour == 24 { 0 } else { hour };
    let (minute, second) = match (minute, second) {
        (0..=59, 0..=59) => (minute, second),
        // A leap second counts as second 59.
        (0..=59, 60) => (minute, 59),
        (0..=59, _) => (minute, 0),
        _ => (0, 0),
    };
    time::Time::from_hms(hour, minute, second).ok()
}

/// Parses the format of C's `asctime`, which AVI files contain: `Thu Jul  4 15:30:12 2019`.
fn parse_c_time(text: &str) -> Option<TakenAt> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [_, month, day, clock, year] = words.as_slice() else { return None };
    from_words(year, month, day, clock)
}

/// Parses the format of mails, which PNG files contain: `Thu, 04 Jul 2019 15:30:12 +0200`.
fn parse_mail_date(text: &str) -> Option<TakenAt> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = match words.as_slice() {
        [weekday, rest @ ..] if weekday.ends_with(',') => rest,
        words => words,
    };
    let [day, month, year, clock, zone @ ..] = words else { return None };
    let taken = from_words(year, month, day, clock)?;
    let offset = zone.first().and_then(|zone| match *zone {
        "GMT" | "UT" | "UTC" => Some(0),
        zone => parse_offset(zone),
    });
    Some(TakenAt { offset, ..taken })
}

/// A time whose month is the beginning of its English name.
fn from_words(year: &str, month: &str, day: &str, clock: &str) -> Option<TakenAt> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month = month.get(..3)?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|name| *name == month)?;
    let clock: Vec<u8> = clock.split(':').filter_map(|part| part.parse().ok()).collect();
    let clock = match clock.as_slice() {
        [hour, minute, second] => Some((*hour, *minute, *second)),
        _ => None,
    };
    let date = (year.parse().ok()?, u8::try_from(month + 1).ok(), Some(day.parse().ok()?));
    TakenAt::from_parts(date, clock, 0)
}

/// Reads numbers of fixed width from the start of a text.
struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    const fn new(rest: &'a str) -> Self {
        Self { rest }
    }

    /// Takes a number of up to `width` characters. Blanks stand for leading zeros; only blanks are no number.
    fn number(&mut self, width: usize) -> Option<u16> {
        let is_part = |c: char| c.is_ascii_digit() || c == ' ';
        let length = self.rest.chars().take(width).take_while(|c| is_part(*c)).count();
        // Only ASCII characters were counted, so the length is one in bytes.
        let (digits, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        digits.trim().parse().ok()
    }

    /// Skips one separator.
    fn separator(&mut self) {
        let is_separator =
            |c: char| matches!(c, ':' | '-' | '/' | '.' | '_' | ' ' | 'T' | 't' | ',');
        self.rest = self.rest.strip_prefix(is_separator).unwrap_or(self.rest);
    }

    fn parse(mut self) -> Option<TakenAt> {
        let year = self.number(4)?;
        // A year has four digits; `19-07-04` is ambiguous.
        if year < 1000 {
            return None;
        }
        self.separator();
        let small = |number: Option<u16>| number.and_then(|number| u8::try_from(number).ok());

        // Zero stands for an unknown month or day.
        let month = small(self.number(2)).filter(|month| *month > 0);
        self.separator();
        let day = small(self.number(2)).filter(|day| *day > 0);
        self.separator();
        // Some cameras separate the time with more than one character.
        self.rest = self.rest.trim_start_matches([' ', '\t', '\0']);

        let hour = small(self.number(2));
        self.separator();
        let minute = small(self.number(2));
        self.separator();
        // An offset may follow the minute directly.
        let is_offset = self.rest.starts_with(['+', 'Z', 'z']);
        let second = if is_offset { Some(0) } else { small(self.number(2)) };

        let millis = self.fraction();
        let hour = hour.map(|hour| self.half_of_day(hour));
        let clock = hour.zip(minute).map(|(hour, minute)| (hour, minute, second.unwrap_or(0)));
        let zone = self.rest;
        let parsed = TakenAt::from_parts((year.into(), month, day), clock, millis)?;
        // A day has no offset.
        let offset = parse_offset(zone).filter(|_| parsed.precision == Precision::Second);
        Some(TakenAt { offset, ..parsed })
    }

    /// Takes `AM` or `PM` and returns the hour of the day.
    fn half_of_day(&mut self, hour: u8) -> u8 {
        let rest = self.rest.trim_start();
        let half = rest
            .get(..2)
            .filter(|half| half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm"));
        if half.is_some() {
            self.rest = rest.get(2..).unwrap_or_default();
        }
        hour_of_day(hour, half)
    }

    /// Takes a fraction of a second and returns it in milliseconds.
    fn fraction(&mut self) -> u16 {
        let Some(rest) = self.rest.strip_prefix(['.', ',']) else { return 0 };
        let digits = rest.chars().take_while(char::is_ascii_digit).count();
        let (fraction, rest) = rest.split_at_checked(digits).unwrap_or((rest, ""));
        self.rest = rest;
        millis_of_fraction(fraction)
    }
}

/// The hour of the day, if `half` is `AM` or `PM` in any case; otherwise the hour itself.
#[must_use]
pub fn hour_of_day(hour: u8, half: Option<&str>) -> u8 {
    match (half.map(str::to_ascii_uppercase).as_deref(), hour) {
        (Some("AM"), 12) => 0,
        (Some("PM"), 1..=11) => hour + 12,
        _ => hour,
    }
}

/// The digits of a fraction of a second in milliseconds: padded with zeros, or cut to three digits.
#[must_use]
pub fn millis_of_fraction(digits: &str) -> u16 {
    digits.chars().chain("000".chars()).take(3).collect::<String>().parse().unwrap_or(0)
}

/// Parses a time zone such as `Z`, `+02:00` or `+0200` into minutes ahead of UTC; `None` if it is invalid. Clocks are
/// at most 14 hours ahead of UTC and 12 behind.
#[must_use]
pub fn parse_offset(text: &str) -> Option<i16> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };

    // Without the colon, which is optional; minutes, and the first digit of the hour, may be missing.
    let mut digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    if rest.find(':') == Some(1) {
        digits.insert(0, '0');
    }
    let hours = digits.get(0..2).or_else(|| digits.get(0..1))?.parse::<i16>().ok()?;
    let minutes = digits.get(2..4).map_or(Some(0), |minutes| minutes.parse::<i16>().ok())?;
    let total = sign * (hours * 60 + minutes);
    (minutes < 60 && (-12 * 60..=14 * 60).contains(&total)).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(i64, Option<i16>)> {
        TakenAt::parse(text).map(|taken| (taken.local_ms, taken.offset))
    }

    const SUMMER_EVENING: i64 = 1_562_254_212_000;

    #[test]
    fn times_are_parsed_in_the_formats_of_cameras_phones_and_programs() {
        assert_eq!(of("2024:05:06 07:08:09"), Some((1_714_979_289_000, None)));
        assert_eq!(of("2024-05-06T07:08:09.25+02:00"), Some((1_714_979_289_250, Some(120))));
        assert_eq!(of("2024-05-06T07:08:09Z"), Some((1_714_979_289_000, Some(0))));
        assert_eq!(of("1969:07:20 20:17:40"), Some((-14_182_940_000, None)));
        assert_eq!(of("2024-05-06"), Some((1_714_996_800_000, None)));
        for text in [
            "2019:07:04 15:30:12",
            "2019: 7: 4 15:30:12",
            "2019/07/04 15:30:12",
            "20190704T153012",
            "20190704 153012",
            "2019.07.04 15.30.12",
            "2019:07:04  15:30:12",
            "2019:07:04   15:30:12",
            "2019:07:04\t15:30:12",
            "2019/07/04/ 15:30:12",
            "2019:07:04 03:30:12 PM",
            "2019/ 7/ 4  3:30:12pm",
            "Thu Jul  4 15:30:12 2019",
            "THU JUL 04 15:30:12 2019\n\0",
        ] {
            assert_eq!(of(text), Some((SUMMER_EVENING, None)), "{text}");
        }
        assert_eq!(of("20190704T153012+0200"), Some((SUMMER_EVENING, Some(120))));
        assert_eq!(of("2019-07-04T15:30:12-3:30"), Some((SUMMER_EVENING, Some(-210))));
        assert_eq!(of("2019:07:04 12:30:12 AM").unwrap().0, SUMMER_EVENING - 15 * 3_600_000);
        assert_eq!(of("2019-07-04T15:30+02:00"), Some((SUMMER_EVENING - 12_000, Some(120))));
        assert_eq!(of("2019-07-04T15:30"), Some((SUMMER_EVENING - 12_000, None)));
    }

    #[test]
    fn a_part_that_makes_no_sense_costs_only_itself() {
        let day = |text| TakenAt::parse(text).map(|taken| (taken.local_ms, taken.precision));
        let midnight = 1_562_198_400_000;
        assert_eq!(day("2019:07:04 24:00:00"), Some((midnight, Precision::Second)));
        assert_eq!(day("2019:07:04 24:05:00"), Some((midnight + 300_000, Precision::Second)));
        let noon = midnight + 43_200_000;
        for text in ["2019:07:04 99:00:00", "2019:07:04   :  :  ", "2019:07:04"] {
            assert_eq!(day(text), Some((noon, Precision::Day)), "{text}");
        }
        assert_eq!(of("2019:07:04 15:30:99"), Some((SUMMER_EVENING - 12_000, None)));
        for zone in ["+99:99", "+15:00", "-13:00", "+02:75", "junk"] {
            assert_eq!(of(&format!("2019-07-04T15:30:12{zone}")), Some((SUMMER_EVENING, None)));
        }
    }

    #[test]
    fn a_month_or_a_year_is_known_by_its_middle() {
        let of = |text| TakenAt::parse(text).map(|taken| (taken.local_ms, taken.precision));
        let august = TakenAt::parse("1962-08-15").unwrap().local_ms;
        for text in ["1962-08", "1962:08", "1962:08:00 00:00:00", "1962:08:  "] {
            assert_eq!(of(text), Some((august, Precision::Month)), "{text}");
        }
        let year = TakenAt::parse("1962-07-01").unwrap().local_ms;
        for text in ["1962", "1962:00:00 00:00:00"] {
            assert_eq!(of(text), Some((year, Precision::Year)), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0000:00:00 00:00:00",
            "0001:01:01 00:00:00",
            "2024:13:01 00:00:00",
            "    :  :     :  :  ",
            "2024:02:30 00:00:00",
            "héllo wörld",
            "19-07-04",
            "99999999",
            "2099:01:01 00:00:00",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
        assert!(TakenAt::parse("1904-01-01T00:00:00Z").unwrap().is_unset_clock());
        assert!(TakenAt::parse("1970-01-01T00:00:00Z").unwrap().is_unset_clock());
        assert!(!TakenAt::parse("1962-08").unwrap().is_unset_clock());
    }
}
