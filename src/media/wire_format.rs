//! What a caged decoder answers, byte for byte, and how it is checked outside.

use super::metadata::Metadata;

/// The first bytes of an answer.
const MAGIC: &[u8; 4] = b"NXP1";
/// Bytes of facts.
const MAX_METADATA_BYTES: usize = 64 * 1024;
/// Bytes of one picture.
const MAX_PREVIEW_BYTES: usize = 3 << 20;
/// Pictures of one file, and bytes of its thumbhash.
const MAX_PREVIEWS: usize = 3;
const MAX_THUMBHASH_BYTES: usize = 32;
/// Bytes of a whole answer.
pub const MAX_OUTPUT_BYTES: usize = 64 + MAX_METADATA_BYTES + MAX_THUMBHASH_BYTES + MAX_PREVIEWS * (MAX_PREVIEW_BYTES + 16);
/// The longest side of a preview.
const MAX_SIDE: u32 = 1280;

/// One preview, in WebP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

/// What was made of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rendered {
    pub facts: Metadata,
    /// Empty where there is no picture.
    pub thumbhash: Vec<u8>,
    /// Largest first.
    pub pictures: Vec<Picture>,
    /// Why there is no picture, where one was to be expected.
    pub trouble: Option<String>,
}

fn write_part(answer: &mut Vec<u8>, part: &[u8]) {
    answer.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
    answer.extend_from_slice(part);
}

/// As a decoder says it.
#[must_use]
pub fn encode(made: &Rendered) -> Vec<u8> {
    let mut answer = MAGIC.to_vec();
    write_part(&mut answer, &serde_json::to_vec(&made.facts.clone().bounded()).unwrap_or_default());
    let trouble: String = made.trouble.as_deref().unwrap_or_default().chars().take(190).collect();
    write_part(&mut answer, trouble.as_bytes());
    write_part(&mut answer, &made.thumbhash);
    for picture in &made.pictures {
        answer.extend_from_slice(&picture.width.to_le_bytes());
        answer.extend_from_slice(&picture.height.to_le_bytes());
        write_part(&mut answer, &picture.bytes);
    }
    answer
}

struct ByteReader<'a>(&'a [u8]);

impl<'a> ByteReader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(part)
    }

    fn read_u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn read_part(&mut self, most: usize) -> Option<&'a [u8]> {
        let length = usize::try_from(self.read_u32()?).ok()?;
        (length <= most).then(|| self.take(length))?
    }
}

/// Reads what a decoder said; `None` when any length, size or mark in it is not as it must be.
#[must_use]
pub fn decode(answer: &[u8]) -> Option<Rendered> {
    let mut rest = ByteReader(answer);
    if rest.take(4)? != MAGIC {
        return None;
    }
    let facts: Metadata = serde_json::from_slice(rest.read_part(MAX_METADATA_BYTES)?).ok()?;
    let trouble = super::metadata::clean_text(&String::from_utf8_lossy(rest.read_part(1024)?), 190);
    let thumbhash = rest.read_part(MAX_THUMBHASH_BYTES)?.to_vec();
    let mut pictures = Vec::new();
    while !rest.0.is_empty() {
        let (width, height) = (rest.read_u32()?, rest.read_u32()?);
        let bytes = rest.read_part(MAX_PREVIEW_BYTES)?;
        let is_webp = bytes.get(..4) == Some(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
        let is_as_long = bytes.get(4..8).and_then(|length| Some(u32::from_le_bytes(length.try_into().ok()?) as usize + 8));
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) || !is_webp || is_as_long != Some(bytes.len()) {
            return None;
        }
        if pictures.len() == MAX_PREVIEWS {
            return None;
        }
        pictures.push(Picture { width, height, bytes: bytes.to_vec() });
    }
    Some(Rendered { facts: facts.bounded(), thumbhash, pictures, trouble })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Rendered {
        let bytes = b"RIFF\x0c\0\0\0WEBPVP8 \0\0\0\0".to_vec();
        Rendered {
            facts: Metadata { title: Some("a".into()), ..Metadata::default() },
            thumbhash: vec![1; 20],
            pictures: vec![Picture { width: 2, height: 3, bytes }],
            trouble: None,
        }
    }

    #[test]
    fn an_answer_comes_back_as_it_went() {
        assert_eq!(decode(&encode(&made())), Some(made()));
    }

    #[test]
    fn an_answer_that_is_cut_longer_or_lies_is_none() {
        let whole = encode(&made());
        for cut in 0..whole.len() {
            let cut_at_a_picture = decode(&whole[..cut]).is_none_or(|made| made.pictures.is_empty());
            assert!(cut_at_a_picture, "{cut}");
        }
        assert_eq!(decode(&[whole.as_slice(), b"x"].concat()), None);
        let with = |picture: Picture| decode(&encode(&Rendered { pictures: vec![picture], ..made() }));
        assert_eq!(with(Picture { width: 5000, ..made().pictures[0].clone() }), None);
        assert_eq!(with(Picture { bytes: b"<script>alert(1)</script>".to_vec(), ..made().pictures[0].clone() }), None);
        let four = Rendered { pictures: vec![made().pictures[0].clone(); 4], ..made() };
        assert_eq!(decode(&encode(&four)), None);
    }
}
