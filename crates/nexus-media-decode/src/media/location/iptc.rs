//! IPTC records, in a resource of Photoshop or alone: the names of places become blank.

use super::fill::{Fill, Found, Trouble};
use super::window::Window;

/// Data sets of the second record: content location code and name, city, sublocation, state, country code and name.
const PLACES: [u8; 7] = [26, 27, 90, 92, 95, 100, 101];

/// A resource that begins at `at` with `8BIM` and the number of IPTC.
pub fn blank(window: &Window<'_>, at: u64, fills: &mut Vec<Fill>) -> Found {
    // A name with its length, padded to an even number of bytes, and the size.
    let name = u64::from(window.array::<1>(at + 6)?[0]);
    let size_at = at + 6 + (name + 1).next_multiple_of(2);
    let size = u64::from(u32::from_be_bytes(window.array(size_at)?));
    let start = size_at + 4;
    if start + size > window.length {
        return Err(Trouble::Unknown);
    }
    blank_records(window, start, size, fills)
}

/// Records alone, as a TIFF has them.
pub fn blank_records(window: &Window<'_>, start: u64, size: u64, fills: &mut Vec<Fill>) -> Found {
    let (mut at, end) = (start, start + size);
    while at + 5 <= end {
        let [mark, record, set, high, low] = window.array(at)?;
        // Lengths with the highest bit are those of very long values, which places are not.
        if mark != 0x1c || high & 0x80 != 0 {
            return Ok(());
        }
        let length = u64::from(u16::from_be_bytes([high, low]));
        if at + 5 + length > end {
            return Err(Trouble::Unknown);
        }
        if record == 2 && PLACES.contains(&set) {
            fills.push(Fill::repeat(at + 5, length, b' '));
        }
        at += 5 + length;
    }
    Ok(())
}
