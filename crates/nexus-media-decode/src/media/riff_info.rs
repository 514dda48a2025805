//! The texts of RIFF files such as WAV (`LIST` chunks of type `INFO`), whose encoding is that of the system they were
//! written on.

use std::io::{self, Read, Seek, SeekFrom};

use super::legacy_text;
use super::metadata::Metadata;

/// Chunks read from one file.
const MAX_CHUNKS: usize = 1000;
/// Longest list of texts in bytes.
const MAX_LIST_BYTES: u32 = 1 << 20;

/// Reads the texts of a RIFF file; empty for other files.
pub fn read<R: Read + Seek>(file: &mut R) -> io::Result<Metadata> {
    let mut header = [0; 12];
    file.rewind()?;
    file.read_exact(&mut header)?;
    if ![b"RIFF", b"RF64", b"BW64"].iter().any(|start| header.starts_with(*start)) {
        return Ok(Metadata::default());
    }

    // There can be several lists: encoders write one of their own.
    let mut metadata = Metadata::default();
    for _ in 0..MAX_CHUNKS {
        let mut chunk = [0; 8];
        if file.read_exact(&mut chunk).is_err() {
            break;
        }
        let [a, b, c, d, length @ ..] = chunk;
        let length = u32::from_le_bytes(length);
        if [a, b, c, d] == *b"LIST" && length <= MAX_LIST_BYTES {
            let mut list = Vec::new();
            file.by_ref().take(length.into()).read_to_end(&mut list)?;
            if let Some(texts) = list.strip_prefix(b"INFO") {
                metadata.merge_missing(describe(texts));
            }
        } else {
            file.seek(SeekFrom::Current(length.into()))?;
        }
        // Chunks have an even length.
        file.seek(SeekFrom::Current((length % 2).into()))?;
    }
    Ok(metadata)
}

fn describe(mut rest: &[u8]) -> Metadata {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    while let [a, b, c, d, w, x, y, z, following @ ..] = rest {
        let length = u32::from_le_bytes([*w, *x, *y, *z]) as usize;
        let Some(value) = following.get(..length) else { break };
        let end = value.iter().position(|byte| *byte == 0).unwrap_or(length);
        names.push([*a, *b, *c, *d]);
        values.push(value.get(..end).unwrap_or_default().to_vec());
        rest = following.get(length + length % 2..).unwrap_or_default();
    }

    let texts = legacy_text::decode_all(&values);
    let find = |name: &[u8; 4]| {
        let at = names.iter().position(|found| found == name)?;
        texts.get(at).filter(|text| !text.trim().is_empty()).cloned()
    };
    Metadata {
        title: find(b"INAM"),
        artist: find(b"IART"),
        album: find(b"IPRD"),
        genre: find(b"IGNR"),
        year: find(b"ICRD").and_then(|date| date.get(..4)?.parse().ok()),
        track: find(b"ITRK")
            .or_else(|| find(b"IPRT"))
            .and_then(|number| number.trim().parse().ok()),
        ..Metadata::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_no_letter() {
        let mut list = b"INFO".to_vec();
        for (name, text) in
            [(b"INAM", b"Gr\xf6\xdfe".as_slice()), (b"IART", b"J\xf6rg M\xfc\xdfig\0")]
        {
            list.extend(name);
            list.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
            list.extend(text);
            list.extend(vec![0; text.len() % 2]);
        }
        let mut file = b"RIFF\0\0\0\0WAVEdata\x03\0\0\0abc\0LIST".to_vec();
        file.extend(u32::try_from(list.len()).unwrap().to_le_bytes());
        file.extend(list);
        let read = |bytes: &[u8]| read(&mut io::Cursor::new(bytes)).unwrap_or_default();
        let metadata = read(&file);
        assert_eq!(metadata.title.as_deref(), Some("Größe"));
        assert_eq!(metadata.artist.as_deref(), Some("Jörg Müßig"));
        for cut in 0..file.len() {
            assert!(read(&file[..cut]).artist.is_none_or(|artist| artist == "Jörg Müßig"));
        }
    }
}
