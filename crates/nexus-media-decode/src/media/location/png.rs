//! PNG: chunks with EXIF or XMP become chunks that no program knows, because each has a checksum.

use super::fill::{Fill, Found, Trouble};
use super::window::Window;
use super::xmp;

/// Chunks that are read.
const MAX_CHUNKS: usize = 100_000;
/// The kind of a chunk that programs skip: ancillary, private, and safe to copy.
const SKIPPED: &[u8; 4] = b"nxSk";
/// The beginnings of texts in which programs keep metadata, in lower case.
const PROFILES: [&[u8]; 2] = [b"raw profile type ", b"xml:com.adobe.xmp"];

pub fn find(window: &Window<'_>, fills: &mut Vec<Fill>) -> Found {
    // The signature.
    let mut at = 8;
    for _ in 0..MAX_CHUNKS {
        // What follows the last chunk is no part of the picture; a cut off file ends here as well.
        let Ok(head) = window.array::<8>(at) else { return trailing(window, at) };
        let [a, b, c, d, kind @ ..] = head;
        let length = u64::from(u32::from_be_bytes([a, b, c, d]));
        let data = at + 8;
        if data + length + 4 > window.length {
            return trailing(window, at);
        }
        let is_told = match &kind {
            b"eXIf" => true,
            b"iTXt" | b"tEXt" | b"zTXt" => {
                let start = window.bytes(data, length.min(64))?.to_ascii_lowercase();
                PROFILES.iter().any(|profile| start.starts_with(profile)) || xmp::says_where(&start)
            }
            _ => false,
        };
        if is_told {
            skip(at, length, fills);
        }
        if &kind == b"IEND" {
            return trailing(window, data + length + 4);
        }
        at = data + length + 4;
    }
    Err(Trouble::Unknown)
}

/// Replaces kind, data and checksum of a chunk.
fn skip(at: u64, length: u64, fills: &mut Vec<Fill>) {
    let mut bytes = SKIPPED.to_vec();
    bytes.resize(4 + usize::try_from(length).unwrap_or(0), 0);
    let sum = checksum(&bytes);
    bytes.extend(sum.to_be_bytes());
    fills.push(Fill { at: at + 4, bytes });
}

/// What is behind the picture is not known.
fn trailing(window: &Window<'_>, at: u64) -> Found {
    if at >= window.length { Ok(()) } else { Err(Trouble::Unknown) }
}

/// The CRC of ISO 3309, as the specification of PNG has it.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 }
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}
