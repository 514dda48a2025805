//! Texts in PNG files: title, description, author and date as the standard names them.

use super::legacy_text;
use super::metadata::Metadata;
use super::taken_at::{TakenAt, TakenIn};

/// Chunks read from one file, and bytes of a text.
const MAX_CHUNKS: usize = 4096;
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Reads the uncompressed texts; empty for other files.
#[must_use]
pub fn read(bytes: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    let Some(mut rest) = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n") else { return metadata };
    for _ in 0..MAX_CHUNKS {
        let Some((kind, data, next)) = split_chunk(rest) else { break };
        rest = next;
        let text = match kind {
            b"tEXt" => latin_text(data),
            b"iTXt" => international_text(data),
            _ => None,
        };
        let Some((name, text)) = text.filter(|(_, text)| !text.trim().is_empty()) else { continue };
        let text = text.trim().to_owned();
        match name.as_str() {
            "Title" => metadata.title = Some(text),
            "Description" => metadata.caption = Some(text),
            "Author" => metadata.artist = Some(text),
            "Creation Time" => {
                metadata.taken = TakenAt::parse(&text).map(|taken| taken.found_in(TakenIn::Xmp));
            }
            _ => {}
        }
    }
    metadata
}

/// The type and data of the first chunk, and what follows it.
fn split_chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    let length = usize::try_from(length).ok()?;
    let kind = bytes.get(4..8)?.try_into().ok()?;
    let end = length.checked_add(8)?;
    // A checksum of four bytes follows.
    Some((kind, bytes.get(8..end)?, bytes.get(end + 4..)?))
}

fn split_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(0, bytes)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// Name and text; Latin-1 by the standard, but many programs write UTF-8.
fn latin_text(data: &[u8]) -> Option<(String, String)> {
    let (name, text) = split_zero(data)?;
    let text = text.get(..MAX_TEXT_BYTES.min(text.len()))?;
    Some((String::from_utf8_lossy(name).into_owned(), legacy_text::decode_one(text)))
}

/// Name and text in UTF-8, with a language and a translated name between them.
fn international_text(data: &[u8]) -> Option<(String, String)> {
    let (name, rest) = split_zero(data)?;
    // Compressed text is not read.
    let rest = rest.strip_prefix(&[0])?.get(1..)?;
    let text = split_zero(split_zero(rest)?.1)?.1;
    let text = text.get(..MAX_TEXT_BYTES.min(text.len()))?;
    Some((String::from_utf8_lossy(name).into_owned(), String::from_utf8_lossy(text).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], &kind, data, b"crc!"].concat()
    }

    #[test]
    fn texts_and_the_date_are_read() {
        let bytes = [
            b"\x89PNG\r\n\x1a\n".to_vec(),
            chunk(*b"IHDR", &[0; 13]),
            chunk(*b"tEXt", b"Title\0M\xfcller"),
            chunk(*b"iTXt", "Description\0\0\0de\0Beschreibung\0Am Zürisee".as_bytes()),
            chunk(*b"tEXt", b"Creation Time\0Thu, 04 Jul 2019 15:30:12 +0200"),
        ]
        .concat();
        let metadata = read(&bytes);
        assert_eq!(metadata.title.as_deref(), Some("Müller"));
        assert_eq!(metadata.caption.as_deref(), Some("Am Zürisee"));
        let taken = metadata.taken.unwrap();
        assert_eq!((taken.local_ms, taken.offset), (1_562_254_212_000, Some(120)));
        for cut in 0..bytes.len() {
            drop(read(&bytes[..cut]));
        }
    }
}
