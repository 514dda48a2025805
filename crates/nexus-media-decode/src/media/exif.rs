//! EXIF metadata.

use std::io::Cursor;

use exif::{Context, Exif, In, Rational, Tag, Value};

use super::legacy_text;
use super::metadata::Metadata;
use super::raw_exif;
use super::taken_at::{Precision, TakenAt, millis_of_fraction, parse_offset};

/// What cameras write into the caption of every photo.
const DEFAULT_CAPTIONS: [&str; 7] = [
    "OLYMPUS DIGITAL CAMERA",
    "SONY DSC",
    "MINOLTA DIGITAL CAMERA",
    "KODAK Digital Still Camera",
    "DIGITAL CAMERA",
    "SAMSUNG",
    "DCIM",
];

/// Reads the EXIF metadata of an image and its orientation (1 to 8; 1 is upright). Without readable EXIF, the metadata
/// is empty and the orientation is 1.
pub fn read(bytes: &[u8]) -> (Metadata, u8) {
    let blocks = raw_exif::blocks(bytes);
    let mut parsed: Vec<Exif> = parse_container(bytes).into_iter().collect();
    // Other blocks are read if the container has none, or is one of a camera, which can have several.
    parsed.extend(blocks.into_iter().filter_map(parse_block));

    let mut metadata = Metadata::default();
    let mut orientation = 1;
    for exif in &parsed {
        metadata.merge_missing(describe(exif));
        let turned = number(exif, Tag::Orientation).and_then(|number| u8::try_from(number).ok());
        // The first block that has an orientation decides.
        if orientation == 1 {
            orientation = turned.filter(|turned| (1..=8).contains(turned)).unwrap_or(1);
        }
    }
    (metadata, orientation)
}

fn reader() -> exif::Reader {
    let mut reader = exif::Reader::new();
    // Entries before a damaged one are kept.
    reader.continue_on_error(true);
    reader
}

fn parse_container(bytes: &[u8]) -> Option<Exif> {
    let read = reader().read_from_container(&mut Cursor::new(bytes));
    read.or_else(|error| error.distill_partial_result(|_| {})).ok()
}

fn parse_block(block: Vec<u8>) -> Option<Exif> {
    reader().read_raw(block).or_else(|error| error.distill_partial_result(|_| {})).ok()
}

/// The size of a TIFF's first image as it is stored, and whether it has a color profile.
#[must_use]
pub fn tiff_size(bytes: &[u8]) -> Option<(u32, u32, bool)> {
    let exif = parse_container(bytes)?;
    let (width, height) = number(&exif, Tag::ImageWidth).zip(number(&exif, Tag::ImageLength))?;
    Some((width, height, value(&exif, Tag(Context::Tiff, 34675)).is_some()))
}

fn describe(exif: &Exif) -> Metadata {
    let position = latitude(exif).zip(longitude(exif));
    Metadata {
        width: number(exif, Tag::PixelXDimension),
        height: number(exif, Tag::PixelYDimension),
        taken: taken_at(exif),
        camera: camera(exif),
        lens: text(exif, Tag::LensModel),
        exposure: rational(exif, Tag::ExposureTime).and_then(exposure),
        aperture: rational(exif, Tag::FNumber).map(|stop| format!("f/{}", one_decimal(stop))),
        focal_length: rational(exif, Tag::FocalLength)
            .map(|length| format!("{} mm", one_decimal(length))),
        iso: number(exif, Tag::PhotographicSensitivity).filter(|iso| *iso > 0),
        latitude: position.map(|(north, _)| north),
        longitude: position.map(|(_, east)| east),
        title: windows_text(exif, 0x9c9b),
        caption: text(exif, Tag::ImageDescription)
            .filter(|text| !DEFAULT_CAPTIONS.contains(&text.as_str()))
            .or_else(|| user_comment(exif))
            .or_else(|| windows_text(exif, 0x9c9c))
            .or_else(|| windows_text(exif, 0x9c9f)),
        artist: text(exif, Tag::Artist).or_else(|| windows_text(exif, 0x9c9d)),
        keywords: windows_text(exif, 0x9c9e)
            .map(|words| words.split(';').map(|word| word.trim().to_owned()).collect())
            .unwrap_or_default(),
        content_id: apple_content_id(exif),
        ..Metadata::default()
    }
}

/// The identifier in the maker note of Apple, which is a directory in big-endian order after fourteen bytes.
fn apple_content_id(exif: &Exif) -> Option<String> {
    const IDENTIFIER: [u8; 4] = [0, 0x11, 0, 2];
    let Value::Undefined(note, _) = value(exif, Tag::MakerNote)? else { return None };
    if !note.starts_with(b"Apple iOS\0") {
        return None;
    }
    let entry =
        note.get(16..)?.chunks_exact(12).take(64).find(|entry| entry.starts_with(&IDENTIFIER))?;
    let number = |at: usize| {
        let bytes = entry.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    };
    let (length, start) = (number(4)?, number(8)?);
    let text = note.get(start..start.checked_add(length)?)?;
    let text = std::str::from_utf8(text).ok()?.trim_end_matches('\0');
    Some(text.to_ascii_uppercase())
}

/// The value of a tag. Canon's CR3 files have the EXIF tags in a directory of their own, where they look like tags of
/// TIFF.
fn value(exif: &Exif, tag: Tag) -> Option<&Value> {
    let field = exif.get_field(tag, In::PRIMARY);
    let field = field.or_else(|| exif.get_field(Tag(Context::Tiff, tag.number()), In::PRIMARY));
    Some(&field?.value)
}

fn number(exif: &Exif, tag: Tag) -> Option<u32> {
    value(exif, tag)?.get_uint(0)
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(parts) = value(exif, tag)? else { return None };
    let text = legacy_text::decode_one(parts.first()?).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The text of a tag of Windows, which is UTF-16.
fn windows_text(exif: &Exif, number: u16) -> Option<String> {
    let Value::Byte(bytes) = value(exif, Tag(Context::Tiff, number))? else { return None };
    let units = bytes.chunks_exact(2).map(|pair| match *pair {
        [low, high] => u16::from_le_bytes([low, high]),
        _ => 0,
    });
    let text: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    let text = String::from_utf16_lossy(&text).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The comment of the user, which begins with eight bytes that name its encoding.
fn user_comment(exif: &Exif) -> Option<String> {
    let Value::Undefined(bytes, _) = value(exif, Tag::UserComment)? else { return None };
    let (encoding, text) = bytes.split_at_checked(8)?;
    let text = match encoding {
        b"UNICODE\0" => utf16(text, exif.little_endian()),
        b"JIS\0\0\0\0\0" => encoding_rs::ISO_2022_JP.decode(text).0.into_owned(),
        b"ASCII\0\0\0" | [0, 0, 0, 0, 0, 0, 0, 0] => {
            let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
            legacy_text::decode_one(text.get(..end).unwrap_or_default())
        }
        _ => return None,
    };
    let text = text.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Text in UTF-16. Many programs ignore the order of bytes that the file states, or write UTF-8, so a mark decides, or
/// else the order that yields more characters of the first blocks, which most text is written in.
fn utf16(bytes: &[u8], is_little_endian: bool) -> String {
    let decode = |bytes: &[u8], is_little: bool| {
        let units = bytes.chunks_exact(2).map(|pair| match *pair {
            [a, b] if is_little => u16::from_le_bytes([a, b]),
            [a, b] => u16::from_be_bytes([a, b]),
            _ => 0,
        });
        let text: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        String::from_utf16_lossy(&text)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => return decode(rest, true),
        [0xfe, 0xff, rest @ ..] => return decode(rest, false),
        _ => {}
    }

    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    let is_utf8 = bytes.get(..end).filter(|text| !text.contains(&0)).map(std::str::from_utf8);
    let stated = decode(bytes, is_little_endian);
    let other = decode(bytes, !is_little_endian);
    let common = |text: &str| text.chars().filter(|c| ('\t'..'\u{250}').contains(c)).count();
    match is_utf8 {
        // Such bytes are rarely UTF-16, whose characters of the first block contain zeros.
        Some(Ok(text))
            if common(&stated) == 0
                && common(&other) == 0
                && text.bytes().filter(u8::is_ascii).count() * 2 > text.len() =>
        {
            text.to_owned()
        }
        _ if common(&other) > common(&stated) => other,
        _ => stated,
    }
}

fn ratio(ratio: Rational) -> Option<f64> {
    (ratio.denom != 0).then(|| f64::from(ratio.num) / f64::from(ratio.denom))
}

fn rational(exif: &Exif, tag: Tag) -> Option<f64> {
    let Value::Rational(ratios) = value(exif, tag)? else { return None };
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

/// Returns when a photo was taken, from the first of the tags for original, digitized and changed time that is valid. A
/// tag that only knows the day gives way to one that knows the time.
fn taken_at(exif: &Exif) -> Option<TakenAt> {
    let tags = [
        (Tag::DateTimeOriginal, Tag::OffsetTimeOriginal, Tag::SubSecTimeOriginal),
        (Tag::DateTimeDigitized, Tag::OffsetTimeDigitized, Tag::SubSecTimeDigitized),
        (Tag::DateTime, Tag::OffsetTime, Tag::SubSecTime),
    ];

    let mut best: Option<TakenAt> = None;
    for (time, zone, fraction) in tags {
        let Some(taken) = text(exif, time).and_then(|text| TakenAt::parse(&text)) else { continue };
        // The clock of the camera was never set.
        if taken.is_first_moment() {
            continue;
        }
        let is_exact = taken.precision == Precision::Second;

        // Fractions of a second are in a tag of their own.
        let fraction =
            text(exif, fraction).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let millis: i64 = fraction
            .filter(|_| is_exact && taken.local_ms % 1000 == 0)
            .map_or(0, |digits| millis_of_fraction(&digits).into());
        let offset = text(exif, zone).and_then(|zone| parse_offset(&zone)).or(taken.offset);
        let taken = TakenAt {
            local_ms: taken.local_ms + millis,
            offset: offset.filter(|_| is_exact),
            ..taken
        };

        if best.is_none_or(|best| taken.precision < best.precision) {
            best = Some(taken);
        }
    }
    best
}

fn latitude(exif: &Exif) -> Option<f64> {
    degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, ['n', 's'])
}

fn longitude(exif: &Exif) -> Option<f64> {
    degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, ['e', 'w'])
}

/// Degrees, minutes and seconds as one number; north and east are positive. Without a hemisphere there is no position,
/// because it could be on the other side of the earth.
fn degrees(exif: &Exif, tag: Tag, reference: Tag, [positive, negative]: [char; 2]) -> Option<f64> {
    let parts: Vec<Option<f64>> = match value(exif, tag)? {
        Value::Rational(parts) => parts.iter().map(|part| ratio(*part)).collect(),
        Value::SRational(parts) => parts
            .iter()
            .map(|part| (part.denom != 0).then(|| f64::from(part.num) / f64::from(part.denom)))
            .collect(),
        _ => return None,
    };

    // Minutes and seconds may be missing (0/0), degrees may not.
    let whole = (*parts.first()?)?;
    let part = |index: usize| parts.get(index).copied().flatten().unwrap_or(0.0).abs();
    let size = whole.abs() + part(1) / 60.0 + part(2) / 3600.0;

    let side = text(exif, reference).and_then(|text| text.chars().next());
    match side.map(|side| side.to_ascii_lowercase()) {
        Some(side) if side == negative => Some(-size),
        Some(side) if side == positive && whole >= 0.0 => Some(size),
        // A sign says the hemisphere as well.
        _ if whole < 0.0 => Some(-size),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_in_utf_16_are_read_whatever_order_of_bytes_they_have() {
        let little: Vec<u8> = "Müller".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "Müller".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for is_little in [true, false] {
            assert_eq!(utf16(&little, is_little), "Müller");
            assert_eq!(utf16(&big, is_little), "Müller");
            assert_eq!(utf16(&[b"\xfe\xff", &big[..]].concat(), is_little), "Müller");
            assert_eq!(utf16("Müller am Zürisee".as_bytes(), is_little), "Müller am Zürisee");
        }
        let japanese: Vec<u8> = "写真".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(utf16(&japanese, true), "写真");
    }

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
