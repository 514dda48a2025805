//! IPTC-IIM metadata (IIM 4.2, record 2) inside a Photoshop resource.

use super::legacy_text;
use super::metadata::Metadata;
use super::taken_at::{TakenAt, TakenIn};

/// Bytes at the start of a file that are searched.
const SEARCHED_BYTES: usize = 8 << 20;
/// Values read from one file.
const MAX_VALUES: usize = 200;

/// Reads IPTC metadata near the start of a file; empty if there is none.
#[must_use]
pub fn read(bytes: &[u8]) -> Metadata {
    let head = bytes.get(..SEARCHED_BYTES.min(bytes.len())).unwrap_or_default();

    // The records are in the Photoshop resource 0x0404, which begins with `8BIM` and this number: six bytes together.
    let Some(rest) = memchr::memmem::find(head, b"8BIM\x04\x04")
        .and_then(|start| next_resource(head.get(start + 6..)?))
    else {
        return Metadata::default();
    };

    let (datasets, values): (Vec<u8>, Vec<Vec<u8>>) = application_values(rest).into_iter().unzip();
    // The records may say that they are UTF-8, but many that do not are. The bytes decide.
    let texts = legacy_text::decode_all(&values);

    let mut metadata = Metadata::default();
    let mut place = Vec::new();
    let (mut date, mut time) = (None, None);
    for (dataset, text) in datasets.into_iter().zip(texts) {
        // Datasets: 5 object name, 25 keywords, 55 and 60 date and time of creation, 80 by-line, 90 city, 95 state,
        // 101 country, 120 caption.
        match dataset {
            5 => metadata.title = Some(text),
            25 => metadata.keywords.push(text),
            55 => date = Some(text),
            60 => time = Some(text),
            80 => {
                metadata.artist = Some(match metadata.artist.take() {
                    Some(others) => format!("{others}, {text}"),
                    None => text,
                });
            }
            90 | 95 | 101 => place.push(text),
            120 => metadata.caption = Some(text),
            _ => {}
        }
    }

    metadata.place = (!place.is_empty()).then(|| place.join(", "));
    metadata.taken = date
        .and_then(|date| TakenAt::parse(&format!("{date}T{}", time.unwrap_or_default())))
        .map(|taken| taken.found_in(TakenIn::Iptc));
    metadata
}

/// The datasets of record 2, which describe the image, with their values.
fn application_values(mut rest: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut values = Vec::new();
    for _ in 0..MAX_VALUES {
        // Each value begins with a marker, record, dataset and length.
        let [0x1c, record, dataset, high, low, following @ ..] = rest else { break };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((value, next)) = following.split_at_checked(length) else { break };
        rest = next;
        if *record == 2 {
            values.push((*dataset, value.to_vec()));
        }
    }
    values
}

/// Returns the data of a resource after its name and length.
fn next_resource(rest: &[u8]) -> Option<&[u8]> {
    // The name is preceded by its length and padded to an even size.
    let name = usize::from(*rest.first()?) + 1;
    let rest = rest.get(name + name % 2..)?;
    let length = usize::try_from(u32::from_be_bytes(rest.get(..4)?.try_into().ok()?)).ok()?;
    rest.get(4..)?.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caption_keywords_and_place_are_read() {
        let mut sets = Vec::new();
        for (set, text) in [
            (120, "A boat"),
            (25, "sea"),
            (25, "boat"),
            (90, "Lisbon"),
            (101, "Portugal"),
            (55, "20190704"),
            (60, "153012+0200"),
        ] {
            sets.extend([0x1c, 2, set, 0, u8::try_from(text.len()).unwrap()]);
            sets.extend(text.as_bytes());
        }
        let mut bytes = b"..8BIM\x04\x04\0\0\0\0\0".to_vec();
        bytes.push(u8::try_from(sets.len()).unwrap());
        bytes.extend(sets);
        let metadata = read(&bytes);
        assert_eq!(metadata.caption.as_deref(), Some("A boat"));
        assert_eq!(metadata.keywords, ["sea", "boat"]);
        assert_eq!(metadata.place.as_deref(), Some("Lisbon, Portugal"));
        let taken = metadata.taken.unwrap();
        assert_eq!((taken.local_ms, taken.offset), (1_562_254_212_000, Some(120)));
        for cut in 0..bytes.len() {
            drop(read(&bytes[..cut]));
        }
    }
}
