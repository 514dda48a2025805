//! [`Metadata`]: what a file says about itself, bounded and plausible but never trusted.

use serde::{Deserialize, Serialize};

/// Characters of an ordinary value.
const MAX_SHORT_TEXT: usize = 190;
/// Characters of a caption.
const MAX_LONG_TEXT: usize = 2000;
/// Keywords per file.
const MAX_KEYWORDS: usize = 40;

/// When a photo or video was taken, by the local clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenAt {
    /// Milliseconds since 1970-01-01 00:00 on that clock.
    pub local_ms: i64,
    /// Minutes by which that clock was ahead of UTC, if the file says so.
    pub offset: Option<i16>,
}

/// What a file says about itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Pixels, after applying the orientation.
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_ms: Option<u64>,
    pub taken: Option<TakenAt>,
    pub title: Option<String>,
    pub artist: Option<String>,
    pub album: Option<String>,
    pub album_artist: Option<String>,
    pub genre: Option<String>,
    pub year: Option<u16>,
    pub track: Option<u16>,
    pub disc: Option<u16>,
    pub camera: Option<String>,
    pub lens: Option<String>,
    /// `1/250 s`.
    pub exposure: Option<String>,
    /// `f/2.8`.
    pub aperture: Option<String>,
    /// `35 mm`.
    pub focal_length: Option<String>,
    pub iso: Option<u32>,
    /// Degrees; north and east are positive.
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    /// City, region, country.
    pub place: Option<String>,
    pub caption: Option<String>,
    pub keywords: Vec<String>,
    pub video_codec: Option<String>,
    pub audio_codec: Option<String>,
    pub frame_rate: Option<f64>,
    /// Bits per second.
    pub bit_rate: Option<u64>,
    /// Hertz.
    pub sample_rate: Option<u32>,
    pub channels: Option<u8>,
}

impl Metadata {
    /// Returns the metadata with texts shortened and cleaned, and implausible numbers removed.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        // Texts are cleaned and shortened.
        for text in [
            &mut self.title,
            &mut self.artist,
            &mut self.album,
            &mut self.album_artist,
            &mut self.genre,
            &mut self.camera,
            &mut self.lens,
            &mut self.exposure,
            &mut self.aperture,
            &mut self.focal_length,
            &mut self.place,
            &mut self.video_codec,
            &mut self.audio_codec,
        ] {
            *text = text.take().and_then(|text| clean_text(&text, MAX_SHORT_TEXT));
        }

        self.caption = self.caption.and_then(|caption| clean_text(&caption, MAX_LONG_TEXT));
        self.keywords = self
            .keywords
            .iter()
            .take(MAX_KEYWORDS)
            .filter_map(|text| clean_text(text, MAX_SHORT_TEXT))
            .collect();

        // Values that cannot be true are dropped.
        self.width = self.width.filter(|side| (1..=1_000_000).contains(side));
        self.height = self.height.filter(|side| (1..=1_000_000).contains(side));

        // One hundred days.
        self.duration_ms = self.duration_ms.filter(|length| (1..8_640_000_000).contains(length));
        self.taken = self.taken.filter(TakenAt::is_plausible);
        self.year = self.year.filter(|year| (1000..=2200).contains(year));

        let place = (self.latitude, self.longitude);
        let is_place = matches!(place, (Some(north), Some(east)) if north.abs() <= 90.0 && east.abs() <= 180.0);

        // Cameras without a position fix write zeros.
        if !is_place || place == (Some(0.0), Some(0.0)) {
            (self.latitude, self.longitude) = (None, None);
        }

        self.frame_rate =
            self.frame_rate.filter(|rate| rate.is_finite() && (0.1..=1000.0).contains(rate));
        self
    }

    /// Fills in the time, title, artist, camera, lens, place and caption if they are missing, and adds new keywords:
    /// the fields that XMP and IPTC contain. All other fields stay as they are.
    pub fn merge_missing(&mut self, other: Self) {
        fn set_if_missing<T>(slot: &mut Option<T>, other: Option<T>) {
            if slot.is_none() {
                *slot = other;
            }
        }
        set_if_missing(&mut self.taken, other.taken);
        set_if_missing(&mut self.title, other.title);
        set_if_missing(&mut self.artist, other.artist);
        set_if_missing(&mut self.camera, other.camera);
        set_if_missing(&mut self.lens, other.lens);
        set_if_missing(&mut self.place, other.place);
        set_if_missing(&mut self.caption, other.caption);
        for word in other.keywords {
            if !self.keywords.contains(&word) {
                self.keywords.push(word);
            }
        }
    }
}

impl TakenAt {
    /// From 1826, when the first photograph was taken, to 2200.
    fn is_plausible(&self) -> bool {
        const FIRST: i64 = -4_544_208_000_000;
        const LAST: i64 = 7_258_118_400_000;
        (FIRST..LAST).contains(&self.local_ms)
            && self.offset.is_none_or(|minutes| minutes.unsigned_abs() <= 15 * 60)
    }

    /// Parses `YYYY:MM:DD HH:MM:SS[.mmm]` or `YYYY-MM-DDTHH:MM:SS[.mmm][Z|±HH:MM]`. A date without a time means noon.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        let digits = |range: std::ops::Range<usize>| text.get(range)?.parse::<u16>().ok();

        // `YYYY:MM:DD` in EXIF, `YYYY-MM-DD` elsewhere.
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
        let date =
            time::Date::from_calendar_date(year.into(), month, u8::try_from(day).ok()?).ok()?;
        let small = |range| digits(range).and_then(|number| u8::try_from(number).ok());

        // Without a time of day, noon keeps the date in every zone.
        let clock = match (small(11..13), small(14..16)) {
            (Some(hour), Some(minute)) => {
                // A leap second counts as second 59.
                time::Time::from_hms(hour, minute, small(17..19).unwrap_or(0).min(59)).ok()?
            }
            _ => time::Time::from_hms(12, 0, 0).ok()?,
        };

        // Treated as UTC only to count milliseconds; the offset is kept separately.
        let local = time::PrimitiveDateTime::new(date, clock).assume_utc().unix_timestamp() * 1000;
        // A fraction and a zone may follow the 19 characters of date and time.
        let rest = text.get(19..).unwrap_or_default();

        let millis = rest.strip_prefix('.').map_or(0, |fraction| {
            // Padded with zeros or cut to three digits.
            let digits: String = fraction
                .chars()
                .take_while(char::is_ascii_digit)
                .chain("000".chars())
                .take(3)
                .collect();
            digits.parse().unwrap_or(0)
        });

        // A zone such as `+02:00` or `Z`.
        let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
        Some(Self { local_ms: local + millis, offset: parse_offset(zone) })
    }
}

/// Parses a time zone such as `Z`, `+02:00` or `+0200` into minutes ahead of UTC; `None` if it is invalid.
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
    // Without the colon, which is optional.
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) =
        (digits.get(0..2)?.parse::<i16>().ok()?, digits.get(2..4)?.parse::<i16>().ok()?);
    Some(sign * (hours * 60 + minutes))
}

/// Returns the visible text on one line, up to `max_chars` characters; `None` if nothing is left.
#[must_use]
pub fn clean_text(text: &str, max_chars: usize) -> Option<String> {
    // Control and zero-width characters, direction marks, byte order marks and replacement characters.
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffd}')
    };
    // Line breaks and tabs become spaces first, because as control characters they would be removed.
    let spaced: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_hidden(*c))
        .collect();
    let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
    let line: String = words.join(" ").chars().take(max_chars).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_parsed_in_the_formats_of_cameras_phones_and_programs() {
        let of = |text| TakenAt::parse(text).map(|taken| (taken.local_ms, taken.offset));
        assert_eq!(of("2024:05:06 07:08:09"), Some((1_714_979_289_000, None)));
        assert_eq!(of("2024-05-06T07:08:09.25+02:00"), Some((1_714_979_289_250, Some(120))));
        assert_eq!(of("2024-05-06T07:08:09Z"), Some((1_714_979_289_000, Some(0))));
        assert_eq!(of("1969:07:20 20:17:40"), Some((-14_182_940_000, None)));
        assert_eq!(of("2024-05-06"), Some((1_714_996_800_000, None)));
        for text in [
            "",
            "0000:00:00 00:00:00",
            "2024:13:01 00:00:00",
            "    :  :     :  :  ",
            "2024:02:30 00:00:00",
            "héllo wörld",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn invisible_characters_are_removed_from_words_and_long_words_cut() {
        assert_eq!(clean_text(" a\u{202e}b\n\tc\0 ", 10).as_deref(), Some("ab c"));
        assert_eq!(clean_text("\u{0}\u{200b} ", 10), None);
        assert_eq!(clean_text(&"ü".repeat(500), 190).unwrap().chars().count(), 190);
    }

    #[test]
    fn impossible_numbers_are_omitted() {
        let facts = Metadata {
            width: Some(0),
            height: Some(4_000_000_000),
            latitude: Some(91.0),
            longitude: Some(1.0),
            taken: Some(TakenAt { local_ms: i64::MAX, offset: None }),
            frame_rate: Some(f64::NAN),
            ..Metadata::default()
        };
        assert_eq!(facts.bounded(), Metadata::default());
    }
}
