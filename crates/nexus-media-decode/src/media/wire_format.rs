//! The output format of a sandboxed decoder, and its validation outside the sandbox.

use super::kind::Sniffed;
use super::metadata::Metadata;

/// Sides of the squares that previews fit into, in pixels, largest first.
pub const PREVIEW_SIDES: [u32; 3] = [1280, 640, 320];
/// Side of the square that the full-size view of an image fits into, in pixels.
pub const FULL_SIZE_SIDES: [u32; 1] = [8192];
/// First bytes of the output.
const MAGIC: &[u8; 4] = b"NXP1";
/// Longest metadata in bytes.
const MAX_METADATA_BYTES: usize = 64 * 1024;
/// Largest preview and largest full-size view in bytes.
const MAX_PREVIEW_BYTES: usize = 3 << 20;
const MAX_FULL_SIZE_BYTES: usize = 64 << 20;
/// Previews per file, and length of a thumbhash in bytes.
const MAX_PREVIEWS: usize = 3;
const MAX_THUMBHASH_BYTES: usize = 32;

/// What an output may contain: pictures for these sides.
#[derive(Debug, Clone, Copy)]
pub struct OutputLimits {
    side: u32,
    picture_bytes: usize,
    /// Length of the output in bytes.
    pub bytes: usize,
}

impl OutputLimits {
    /// `sides` are largest first.
    #[must_use]
    pub fn for_sides(sides: &[u32]) -> Self {
        let side = sides.first().copied().unwrap_or_default();
        let (count, picture_bytes) = if side > PREVIEW_SIDES[0] {
            (1, MAX_FULL_SIZE_BYTES)
        } else {
            (MAX_PREVIEWS, MAX_PREVIEW_BYTES)
        };
        let bytes = 64 + MAX_METADATA_BYTES + MAX_THUMBHASH_BYTES + count * (picture_bytes + 16);
        Self { side, picture_bytes, bytes }
    }
}

/// A preview as WebP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

/// The result of rendering a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rendered {
    pub metadata: Metadata,
    /// Empty if there is no preview.
    pub thumbhash: Vec<u8>,
    /// Largest first.
    pub pictures: Vec<Picture>,
    /// Why there is no preview, if one was expected.
    pub error: Option<String>,
    /// What the file is, if its content turned out to be something else than its first bytes say. Workers do not send it.
    pub found: Option<Sniffed>,
}

fn write_part(output: &mut Vec<u8>, part: &[u8]) {
    output.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
    output.extend_from_slice(part);
}

/// Encodes a result in the worker as `MAGIC`, which marks the format, and parts that follow their lengths: metadata as
/// JSON, error and thumbhash, then each preview after its width and height.
#[must_use]
pub fn encode(rendered: &Rendered) -> Vec<u8> {
    let mut output = MAGIC.to_vec();
    // If the metadata cannot be serialized, this part is empty and `decode` rejects the output.
    write_part(
        &mut output,
        &serde_json::to_vec(&rendered.metadata.clone().bounded()).unwrap_or_default(),
    );
    // `decode` accepts an error of at most 190 characters.
    let error: String = rendered.error.as_deref().unwrap_or_default().chars().take(190).collect();
    write_part(&mut output, error.as_bytes());
    write_part(&mut output, &rendered.thumbhash);
    for picture in &rendered.pictures {
        output.extend_from_slice(&picture.width.to_le_bytes());
        output.extend_from_slice(&picture.height.to_le_bytes());
        write_part(&mut output, &picture.bytes);
    }
    output
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

    fn read_part(&mut self, limit: usize) -> Option<&'a [u8]> {
        let length = usize::try_from(self.read_u32()?).ok()?;
        (length <= limit).then(|| self.take(length))?
    }
}

/// Decodes and validates output; `None` if any length, size or signature in it is wrong.
#[must_use]
pub fn decode(output: &[u8], limits: OutputLimits) -> Option<Rendered> {
    let mut reader = ByteReader(output);
    if reader.take(4)? != MAGIC {
        return None;
    }

    // Each part has its own limit.
    let metadata: Metadata = serde_json::from_slice(reader.read_part(MAX_METADATA_BYTES)?).ok()?;
    // The worker writes at most 190 characters, which are at most 760 bytes.
    let error = super::metadata::clean_text(&String::from_utf8_lossy(reader.read_part(1024)?), 190);
    let thumbhash = reader.read_part(MAX_THUMBHASH_BYTES)?.to_vec();

    let mut pictures = Vec::new();
    while !reader.0.is_empty() {
        // Pictures follow until the end of the output.
        let (width, height) = (reader.read_u32()?, reader.read_u32()?);
        let bytes = reader.read_part(limits.picture_bytes)?;
        let is_webp = bytes.get(..4) == Some(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
        // A RIFF header contains the number of bytes after its first eight.
        let declared_length = bytes
            .get(4..8)
            .and_then(|length| Some(u32::from_le_bytes(length.try_into().ok()?) as usize + 8));

        if !(1..=limits.side).contains(&width)
            || !(1..=limits.side).contains(&height)
            || !is_webp
            || declared_length != Some(bytes.len())
        {
            return None;
        }

        if pictures.len() == MAX_PREVIEWS {
            return None;
        }
        pictures.push(Picture { width, height, bytes: bytes.to_vec() });
    }
    Some(Rendered { metadata: metadata.bounded(), thumbhash, pictures, error, found: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(output: &[u8]) -> Option<Rendered> {
        super::decode(output, OutputLimits::for_sides(&PREVIEW_SIDES))
    }

    fn rendered() -> Rendered {
        let bytes = b"RIFF\x0c\0\0\0WEBPVP8 \0\0\0\0".to_vec();
        Rendered {
            metadata: Metadata { title: Some("a".into()), ..Metadata::default() },
            thumbhash: vec![1; 20],
            pictures: vec![Picture { width: 2, height: 3, bytes }],
            error: None,
            found: None,
        }
    }

    #[test]
    fn a_response_round_trips() {
        assert_eq!(decode(&encode(&rendered())), Some(rendered()));
    }

    #[test]
    fn a_truncated_overlong_or_inconsistent_response_is_rejected() {
        let whole = encode(&rendered());
        for cut in 0..whole.len() {
            let cut_at_a_picture =
                decode(&whole[..cut]).is_none_or(|rendered| rendered.pictures.is_empty());
            assert!(cut_at_a_picture, "{cut}");
        }
        assert_eq!(decode(&[whole.as_slice(), b"x"].concat()), None);
        let with =
            |picture: Picture| decode(&encode(&Rendered { pictures: vec![picture], ..rendered() }));
        assert_eq!(with(Picture { width: 5000, ..rendered().pictures[0].clone() }), None);
        assert_eq!(
            with(Picture {
                bytes: b"<script>alert(1)</script>".to_vec(),
                ..rendered().pictures[0].clone()
            }),
            None
        );
        let large = Picture { width: 5000, ..rendered().pictures[0].clone() };
        let output = encode(&Rendered { pictures: vec![large], ..rendered() });
        let limits = OutputLimits::for_sides(&FULL_SIZE_SIDES);
        assert!(super::decode(&output, limits).is_some(), "only a full-size view may be larger");
        let four = Rendered { pictures: vec![rendered().pictures[0].clone(); 4], ..rendered() };
        assert_eq!(decode(&encode(&four)), None);
    }
}
