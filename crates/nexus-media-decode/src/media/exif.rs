//! EXIF metadata.

use std::io::Cursor;

use exif::{Exif, In, Rational, Tag, Value};

use super::metadata::{Metadata, TakenAt, parse_offset};

/// Reads the EXIF metadata of an image and its orientation (1 to 8; 1 is upright). Without readable EXIF, the metadata
/// is empty and the orientation is 1.
pub fn read(bytes: &[u8]) -> (Metadata, u8) {
    let mut reader = exif::Reader::new();
    reader.continue_on_error(true);

    // Entries before a damaged one are kept.
    let read = reader.read_from_container(&mut Cursor::new(bytes));
    let Ok(exif) = read.or_else(|error| error.distill_partial_result(|_| {})) else {
        return (Metadata::default(), 1);
    };
    let orientation =
        number(&exif, Tag::Orientation).and_then(|number| u8::try_from(number).ok()).unwrap_or(1);

    let metadata = Metadata {
        width: number(&exif, Tag::PixelXDimension),
        height: number(&exif, Tag::PixelYDimension),
        taken: taken_at(&exif),
        camera: camera(&exif),
        lens: text(&exif, Tag::LensModel),
        exposure: rational(&exif, Tag::ExposureTime).and_then(exposure),
        aperture: rational(&exif, Tag::FNumber).map(|stop| format!("f/{}", one_decimal(stop))),
        focal_length: rational(&exif, Tag::FocalLength)
            .map(|length| format!("{} mm", one_decimal(length))),
        iso: number(&exif, Tag::PhotographicSensitivity).filter(|iso| *iso > 0),
        latitude: degrees(&exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, 'S'),
        longitude: degrees(&exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, 'W'),
        caption: text(&exif, Tag::ImageDescription),
        artist: text(&exif, Tag::Artist),
        ..Metadata::default()
    };
    (metadata, orientation)
}

fn number(exif: &Exif, tag: Tag) -> Option<u32> {
    exif.get_field(tag, In::PRIMARY)?.value.get_uint(0)
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let text = String::from_utf8_lossy(parts.first()?).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn ratio(ratio: Rational) -> Option<f64> {
    (ratio.denom != 0).then(|| f64::from(ratio.num) / f64::from(ratio.denom))
}

fn rational(exif: &Exif, tag: Tag) -> Option<f64> {
    let Value::Rational(ratios) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    ratio(*ratios.first()?).filter(|number| *number > 0.0)
}

/// Formats with one decimal unless it is zero: `2.8`, `35`.
fn one_decimal(number: f64) -> String {
    format!("{number:.1}").trim_end_matches(".0").to_owned()
}

/// Formats an exposure time: `1/250 s`, `2.5 s`.
fn exposure(seconds: f64) -> Option<String> {
    match seconds {
        0.3.. => Some(format!("{} s", one_decimal(seconds))),
        0.000_001..0.3 => Some(format!("1/{:.0} s", 1.0 / seconds)),
        _ => None,
    }
}

/// The model, preceded by the maker unless the model begins with the maker's first word.
fn camera(exif: &Exif) -> Option<String> {
    let (make, model) = (text(exif, Tag::Make), text(exif, Tag::Model));
    match (make, model) {
        (Some(make), Some(model)) => {
            let first = make.split_whitespace().next().unwrap_or_default();
            let has_maker = model.to_lowercase().starts_with(&first.to_lowercase());
            Some(if has_maker { model } else { format!("{make} {model}") })
        }
        (make, model) => model.or(make),
    }
}

/// Returns when a photo was taken, from the first of the tags for original, digitized and changed time that is valid.
fn taken_at(exif: &Exif) -> Option<TakenAt> {
    let pairs = [
        (Tag::DateTimeOriginal, Tag::OffsetTimeOriginal, Tag::SubSecTimeOriginal),
        (Tag::DateTimeDigitized, Tag::OffsetTimeDigitized, Tag::SubSecTimeDigitized),
        (Tag::DateTime, Tag::OffsetTime, Tag::SubSecTime),
    ];

    pairs.iter().find_map(|(time, zone, fraction)| {
        // `YYYY:MM:DD HH:MM:SS` has 19 characters.
        let text_value: String = text(exif, *time)?.chars().take(19).collect();
        let fraction =
            text(exif, *fraction).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        // Fractions of a second are in a tag of their own; `TakenAt::parse` expects them after a point.
        let text_value =
            fraction.map_or(text_value.clone(), |digits| format!("{text_value}.{digits}"));

        let taken = TakenAt::parse(&text_value)?;
        Some(TakenAt {
            offset: text(exif, *zone).and_then(|zone| parse_offset(&zone)).or(taken.offset),
            ..taken
        })
    })
}

fn degrees(exif: &Exif, tag: Tag, side: Tag, negative: char) -> Option<f64> {
    let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let mut degrees = 0.0;
    for (part, unit) in parts.iter().zip([1.0, 60.0, 3600.0]) {
        degrees += ratio(*part)? / unit;
    }
    let is_negative = text(exif, side)?.starts_with(negative);
    Some(if is_negative { -degrees } else { degrees })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exposures_and_apertures_are_written_as_photographers_write_them() {
        assert_eq!(exposure(0.004).as_deref(), Some("1/250 s"));
        assert_eq!(exposure(2.5).as_deref(), Some("2.5 s"));
        assert_eq!(exposure(0.0), None);
        assert_eq!(one_decimal(8.0), "8");
        assert_eq!(one_decimal(2.83), "2.8");
    }

    #[test]
    fn bytes_without_exif_say_nothing() {
        assert_eq!(read(b"\xff\xd8\xff\xe1\0\x08Exif\0\0"), (Metadata::default(), 1));
        assert_eq!(read(b""), (Metadata::default(), 1));
    }
}
