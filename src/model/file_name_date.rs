//! Dates in file names, as phones, messengers and screenshots write them: `IMG_20190704_153012.jpg`,
//! `IMG-20190704-WA0012.jpg`, `2019-07-04 15.30.12.jpg`.

use super::Time;
use crate::media::TakenAt;
use crate::media::sniff::split_extension;
use crate::media::taken_at::hour_of_day;

/// The first year of eight digits in a row. Earlier ones are more likely a number.
const FIRST_YEAR_OF_DIGITS: u16 = 1990;
/// Prefixes of names that contain milliseconds since 1970, in UTC.
const EPOCH_PREFIXES: [&str; 5] = ["FB_IMG_", "mmexport", "wx_camera_", "IMG_", "VID_"];
/// 2001-09-09 in milliseconds: the first of thirteen digits.
const FIRST_EPOCH: i64 = 1_000_000_000_000;

/// The date in a file name, and the time of day if it follows; `None` without a date that exists and is not in the
/// future.
#[must_use]
pub fn parse(name: &str, now: Time) -> Option<TakenAt> {
    let stem = split_extension(name).0;
    // A day ahead, because a phone can be in another zone.
    let latest = super::WallClock::from_utc(now + time::Duration::days(1)).0;
    let found = parse_epoch(stem).or_else(|| parse_day_first(stem)).or_else(|| {
        stem.char_indices()
            // A date does not begin in the middle of a number.
            .filter(|(at, c)| {
                let before = stem.get(..*at).and_then(|before| before.chars().next_back());
                c.is_ascii_digit() && !before.is_some_and(|before| before.is_ascii_digit())
            })
            .find_map(|(at, _)| parse_at(stem.get(at..)?))
    });
    found.filter(|taken| taken.is_plausible() && taken.local_ms <= latest)
}

/// Milliseconds since 1970, alone or after a known prefix.
fn parse_epoch(stem: &str) -> Option<TakenAt> {
    let digits = EPOCH_PREFIXES.iter().find_map(|prefix| stem.strip_prefix(prefix)).unwrap_or(stem);
    if digits.len() != 13 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let local_ms = digits.parse().ok().filter(|millis| *millis >= FIRST_EPOCH)?;
    Some(TakenAt { local_ms, is_utc: true, ..TakenAt::default() })
}

/// The date after an `@`, which an export of Telegram writes with the day first: `photo_5@04-07-2019_15-30-12`.
fn parse_day_first(stem: &str) -> Option<TakenAt> {
    let (_, text) = stem.split_once('@')?;
    let parts: Vec<&str> = text.get(..10)?.split('-').collect();
    let [day, month, year] = parts.as_slice() else { return None };
    if (day.len(), month.len(), year.len()) != (2, 2, 4) {
        return None;
    }
    parse_at(&format!("{year}-{month}-{day}{}", text.get(10..)?))
}

/// A date at the start of this text: `20190704`, `2019-07-04`, `2019_07_04` or `2019.07.04`.
fn parse_at(text: &str) -> Option<TakenAt> {
    let run = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = |range: std::ops::Range<usize>| {
        text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
    };
    let year: u16 = number(0..4)?;

    let (month, day, rest) = match run {
        // A date alone, or with the time: `20190704153012`, perhaps followed by milliseconds.
        8 | 14 | 17 if year >= FIRST_YEAR_OF_DIGITS => {
            (number(4..6)?, number(6..8)?, text.get(8..)?)
        }
        4 => {
            let separator = text.get(4..5).filter(|c| matches!(*c, "-" | "_" | "."))?;
            let is_date = text.get(7..8) == Some(separator)
                && !text.get(10..11).is_some_and(|next| next.bytes().all(|b| b.is_ascii_digit()));
            if !is_date {
                return None;
            }
            (number(5..7)?, number(8..10)?, text.get(10..)?)
        }
        _ => return None,
    };
    let small = |number: u16| u8::try_from(number).ok();
    let date = (i32::from(year), Some(small(month)?), Some(small(day)?));
    let (clock, millis) = parse_time(rest).unzip();
    TakenAt::from_parts(date, clock, millis.unwrap_or(0))
}

/// A time of day that follows a date: `_153012`, `-15-30-12`, ` 15.30.12`, ` at 3.30.12 PM`.
fn parse_time(text: &str) -> Option<((u8, u8, u8), u16)> {
    let is_gap = |c: char| matches!(c, ' ' | '_' | '-' | '.' | ',' | 'T' | '\u{202f}' | '\u{a0}');
    let rest = text.trim_start_matches(is_gap);
    let rest =
        ["at", "um", "à", "kl"].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
    let rest = rest.trim_start_matches(is_gap);
    // The gap has at most four characters, so that a later number is not taken for the time.
    if text.chars().count() - rest.chars().count() > 5 {
        return None;
    }

    let run = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (hour, minute, second, after) = if run >= 6 {
        // Six digits, or nine with milliseconds.
        if !matches!(run, 6 | 9) {
            return None;
        }
        let part = |at: usize| rest.get(at..at + 2)?.parse::<u8>().ok();
        (part(0)?, part(2)?, part(4)?, rest.get(6..)?)
    } else {
        let (hour, rest) = take_number(rest)?;
        let (minute, rest) = take_number(take_separator(rest)?)?;
        let (second, rest) = take_number(take_separator(rest)?)?;
        (hour, minute, second, rest)
    };

    let millis = after.strip_prefix(['-', '.', '_']).unwrap_or(after);
    let millis = millis
        .get(..3)
        .filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|_| !millis.get(3..4).is_some_and(|next| next.bytes().all(|b| b.is_ascii_digit())));

    let hour = hour_of_day(hour, after.trim_start_matches(is_gap).get(..2));
    (hour <= 24 && minute < 60 && second < 61)
        .then(|| ((hour, minute, second), millis.and_then(|part| part.parse().ok()).unwrap_or(0)))
}

/// One or two digits.
fn take_number(text: &str) -> Option<(u8, &str)> {
    let length = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(length)?;
    Some((digits.parse().ok()?, rest))
}

fn take_separator(text: &str) -> Option<&str> {
    text.strip_prefix(['.', '-', '_', ':', ' ', '\u{a789}', '\u{2236}'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Precision;
    use crate::model::now;

    const AFTERNOON: i64 = 1_562_254_212_000;

    fn of(name: &str) -> Option<(i64, Precision)> {
        parse(name, now()).map(|taken| (taken.local_ms, taken.precision))
    }

    #[test]
    fn phones_messengers_and_screenshots_name_the_second() {
        for name in [
            "IMG_20190704_153012.jpg",
            "VID_20190704_153012.mp4",
            "PXL_20190704_153012000.jpg",
            "PXL_20190704_153012000.MP.jpg",
            "20190704_153012.jpg",
            "20190704_153012(0).jpg",
            "IMG_20190704_153012~2.jpg",
            "IMG_20190704_153012 (1).jpg",
            "20190704153012.jpg",
            "IMG20190704153012.jpg",
            "MVIMG_20190704_153012.jpg",
            "Screenshot_20190704-153012_Chrome.jpg",
            "Screenshot_2019-07-04-15-30-12.png",
            "Screenshot_2019-07-04-15-30-12-000_com.app.png",
            "Screenshot from 2019-07-04 15-30-12.png",
            "Screen Shot 2019-07-04 at 15.30.12.png",
            "Screenshot 2019-07-04 at 3.30.12 PM.png",
            "Screenshot 2019-07-04 at 3.30.12\u{202f}PM.png",
            "Bildschirmfoto 2019-07-04 um 15.30.12.png",
            "2019-07-04 15.30.12.jpg",
            "2019-07-04_15-30-12.jpg",
            "photo_2019-07-04_15-30-12.jpg",
            "signal-2019-07-04-153012.jpg",
            "signal-2019-07-04-15-30-12-000.jpg",
            "WhatsApp Image 2019-07-04 at 15.30.12.jpeg",
            "WhatsApp Video 2019-07-04 at 3.30.12 PM.mp4",
            "WP_20190704_15_30_12_Pro.jpg",
            "C360_2019-07-04-15-30-12-000.jpg",
            "2019-07-04T15:30:12.jpg",
            "DJI_20190704153012_0001_D.JPG",
        ] {
            assert_eq!(of(name), Some((AFTERNOON, Precision::Second)), "{name}");
        }
        let epoch = parse("FB_IMG_1562254212000.jpg", now()).unwrap();
        assert_eq!((epoch.local_ms, epoch.is_utc), (AFTERNOON, true));
        assert_eq!(of("1562254212000.jpg"), of("mmexport1562254212000.jpg"));
        assert_eq!(of("wx_camera_1562254212000.jpg"), of("mmexport1562254212000.jpg"));
        assert_eq!(of("photo_5@04-07-2019_15-30-12.jpg"), of("2019-07-04_15-30-12.jpg"));
    }

    #[test]
    fn a_name_can_contain_only_the_day() {
        let noon = AFTERNOON - (3 * 3600 + 30 * 60 + 12) * 1000;
        for name in [
            "IMG-20190704-WA0012.jpg",
            "VID-20190704-WA0001.mp4",
            "2019-07-04 Birthday.jpg",
            "Scan 20190704.jpg",
            "20190704_99.jpg",
            "IMG_20190704_990000.jpg",
        ] {
            assert_eq!(of(name), Some((noon, Precision::Day)), "{name}");
        }
    }

    #[test]
    fn numbers_that_are_no_date_are_none() {
        for name in [
            "IMG_20191304_153012.jpg",
            "IMG_20190230.jpg",
            "20190732.jpg",
            "IMG_0704.jpg",
            "DSC12345678.jpg",
            "99990101.jpg",
            "120190704.jpg",
            "2019-07-041.jpg",
            "2019-7-4.jpg",
            "19890704.jpg",
            "1234567890123456.jpg",
            "photo.jpg",
            "",
            "2019-07_04.jpg",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
