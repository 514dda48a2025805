//! Finds the largest JPEG inside another file; camera RAW files carry their preview like this.

use super::jpeg;

/// Start markers examined in one file.
const MAX_MARKERS: usize = 200;

/// Returns the largest decodable JPEG in these bytes, with its width and height.
#[must_use]
pub fn largest(bytes: &[u8]) -> Option<(&[u8], u32, u32)> {
    let mut best: Option<(&[u8], u32, u32)> = None;
    for start in memchr::memmem::find_iter(bytes, b"\xff\xd8\xff").take(MAX_MARKERS) {
        let Some(part) = bytes.get(start..) else { continue };
        // Skips lossless RAW data and bytes that only look like a start marker.
        if !is_decodable(part) {
            continue;
        }
        let Ok(header) = jpeg::header(part) else { continue };
        let area = |width: u32, height: u32| u64::from(width) * u64::from(height);
        if best.is_none_or(|(_, width, height)| {
            area(header.width, header.height) > area(width, height)
        }) {
            best = Some((part, header.width, header.height));
        }
    }
    best
}

/// Whether the first frame is baseline, extended or progressive, which the decoder supports. RAW data itself may be
/// lossless JPEG, which is not supported.
fn is_decodable(part: &[u8]) -> bool {
    // After the two bytes of the start marker.
    let mut at = 2;

    // A limit on segments, so that a crafted file does not take long.
    for _ in 0..64 {
        let (Some(0xff), Some(marker)) = (part.get(at), part.get(at + 1)) else { return false };
        match marker {
            // Baseline, extended or progressive frame (SOF0 to SOF2).
            0xc0..=0xc2 => return true,
            // Another kind of frame, or the start, end or scan of an image before any frame.
            0xc3 | 0xc5..=0xcf | 0xd8 | 0xd9 | 0xda => return false,
            // A marker may be preceded by any number of 0xff bytes.
            0xff => at += 1,
            // Any other segment is skipped by its length, which follows the marker.
            _ => {
                let (Some(high), Some(low)) = (part.get(at + 2), part.get(at + 3)) else {
                    return false;
                };
                at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
            }
        }
    }
    false
}
