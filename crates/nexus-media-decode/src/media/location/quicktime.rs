//! MP4 and `QuickTime`: boxes with a place become free space, and keys about places get another name.

use super::fill::{Fill, Found, Trouble};
use super::window::Window;
use super::xmp;

/// Boxes that are read.
const MAX_BOXES: usize = 20_000;
/// Longest value about a place.
const MAX_VALUE: u64 = 4096;
/// Boxes that contain boxes, and on the way to places.
const CONTAINERS: [&[u8; 4]; 6] = [b"moov", b"trak", b"udta", b"mdia", b"minf", b"stbl"];
/// Boxes that are a place: the texts of `QuickTime` and of 3GPP, and the one of some cameras.
const PLACES: [&[u8; 4]; 4] = [b"\xa9xyz", b"loci", b"gps ", b"GPS "];
/// The packet of XMP in a box with a UUID.
const XMP_UUID: [u8; 16] = [
    0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac,
];
/// Tracks in which cameras record their way, by the kind of their samples.
const RECORDINGS: [&[u8; 4]; 7] = [b"gpmd", b"camm", b"rtmd", b"djmd", b"dbgi", b"CTMD", b"NVMM"];

pub fn find(window: &Window<'_>, fills: &mut Vec<Fill>) -> Found {
    Walk::new(window, fills).boxes(0, window.length, 0)
}

/// The box `moov` whose name is at `at`: the video of a moving photo. By chance, the letters can be in compressed pixels.
pub fn find_movie(window: &Window<'_>, at: u64, fills: &mut Vec<Fill>) -> Found {
    let Some(start) = at.checked_sub(4) else { return Ok(()) };
    let size = u64::from(u32::from_be_bytes(window.array(start)?));
    let first = window.array::<4>(at + 8);
    let is_movie = size > 16
        && start + size <= window.length
        && first.is_ok_and(|kind| kind.iter().all(u8::is_ascii_alphanumeric));
    if !is_movie {
        return Ok(());
    }
    Walk::new(window, fills).boxes(start, start + size, 0)
}

struct Walk<'a, 'b> {
    window: &'a Window<'a>,
    fills: &'b mut Vec<Fill>,
    /// Boxes that may still be read.
    left: usize,
    /// The numbers of keys about places, of the metadata that are being read.
    places: Vec<u32>,
}

/// A box: where it begins, where its content does, and where both end.
struct Place {
    kind: [u8; 4],
    start: u64,
    content: u64,
    end: u64,
}

impl<'a, 'b> Walk<'a, 'b> {
    const fn new(window: &'a Window<'a>, fills: &'b mut Vec<Fill>) -> Self {
        Self { window, fills, left: MAX_BOXES, places: Vec::new() }
    }

    fn boxes(&mut self, start: u64, end: u64, depth: usize) -> Found {
        let mut at = start;
        // Some containers end with four zeros.
        while at + 8 <= end {
            self.left = self.left.checked_sub(1).ok_or(Trouble::Unknown)?;
            let Some(place) = self.place(at, end)? else { return Ok(()) };
            at = place.end;
            self.look_into(&place, depth)?;
        }
        Ok(())
    }

    /// The box at `at`; `None` if there is none.
    fn place(&self, at: u64, end: u64) -> Found<Option<Place>> {
        let [a, b, c, d, kind @ ..] = self.window.array::<8>(at)?;
        let (header, size) = match u32::from_be_bytes([a, b, c, d]) {
            0 if kind == [0; 4] => return Ok(None),
            0 => (8, end - at),
            1 => (16, u64::from_be_bytes(self.window.array(at + 8)?)),
            size => (8, u64::from(size)),
        };
        let box_end = at.checked_add(size).ok_or(Trouble::Unknown)?;
        if size < header {
            return Err(Trouble::Unknown);
        }
        // The last box of a cut off file.
        Ok(Some(Place { kind, start: at, content: at + header, end: box_end.min(end) }))
    }

    fn look_into(&mut self, place: &Place, depth: usize) -> Found {
        let Place { kind, content, end, .. } = place;
        if PLACES.contains(&kind) {
            self.free(place);
        } else if CONTAINERS.contains(&kind) && depth < 12 {
            self.boxes(*content, *end, depth + 1)?;
        } else if kind == b"meta" && depth < 12 {
            self.metadata(*content, *end, depth)?;
        } else if kind == b"keys" {
            self.keys(*content, *end)?;
        } else if kind == b"ilst" && depth < 12 {
            self.values(*content, *end)?;
        } else if kind == b"stsd" {
            self.samples(*content, *end)?;
        } else if kind == b"XMP_" || self.is_packet(place)? {
            self.free(place);
        }
        Ok(())
    }

    /// Whether a box has a packet of XMP.
    fn is_packet(&self, place: &Place) -> Found<bool> {
        let length = place.end.saturating_sub(place.content);
        Ok(&place.kind == b"uuid"
            && length >= 16
            && self.window.array::<16>(place.content)? == XMP_UUID)
    }

    /// Turns a box into free space.
    fn free(&mut self, place: &Place) {
        self.fills.push(Fill { at: place.start + 4, bytes: b"free".to_vec() });
        self.fills.push(Fill::zeros(place.content, place.end.saturating_sub(place.content)));
    }

    /// The box of metadata, which begins with a version except in `QuickTime`.
    fn metadata(&mut self, content: u64, end: u64, depth: usize) -> Found {
        if content + 8 > end {
            return Ok(());
        }
        let is_quicktime = &self.window.array::<4>(content + 4)? == b"hdlr";
        self.boxes(if is_quicktime { content } else { content + 4 }, end, depth + 1)
    }

    /// Names of metadata: those about places get another one of the same length.
    fn keys(&mut self, content: u64, end: u64) -> Found {
        let (mut at, mut number) = (content + 8, 0);
        self.places.clear();
        while at + 8 <= end {
            self.left = self.left.checked_sub(1).ok_or(Trouble::Unknown)?;
            number += 1;
            let size = u64::from(u32::from_be_bytes(self.window.array(at)?));
            if size < 8 || at + size > end {
                return Err(Trouble::Unknown);
            }
            let name = self.window.bytes(at + 8, size - 8)?;
            if xmp::says_where(&name) {
                self.fills.push(Fill::repeat(at + 8, size - 8, b'x'));
                self.places.push(number);
            }
            at += size;
        }
        Ok(())
    }

    /// Values of metadata: those of keys about places become blank, and what is like a position in the form of ISO 6709.
    fn values(&mut self, content: u64, end: u64) -> Found {
        let mut at = content;
        while at + 8 <= end {
            self.left = self.left.checked_sub(1).ok_or(Trouble::Unknown)?;
            let Some(place) = self.place(at, end)? else { return Ok(()) };
            at = place.end;
            if PLACES.contains(&&place.kind) {
                self.free(&place);
                continue;
            }
            let length = place.end.saturating_sub(place.content);
            if (16..=MAX_VALUE).contains(&length) {
                // A box `data`: its name, kind and country are before the value.
                let value = self.window.bytes(place.content + 16, length - 16)?;
                let is_of_place = self.places.contains(&u32::from_be_bytes(place.kind));
                if is_of_place || is_position(&value) {
                    self.fills.push(Fill::repeat(place.content + 16, length - 16, b' '));
                }
            }
        }
        Ok(())
    }

    /// The description of the samples of a track.
    fn samples(&mut self, content: u64, end: u64) -> Found {
        let length = end.saturating_sub(content).min(64 << 10);
        let bytes = self.window.bytes(content, length)?;
        let kind = bytes.get(12..16).unwrap_or_default();
        let is_recording = RECORDINGS.iter().any(|name| name.as_slice() == kind);
        let has_places = kind == b"mebx" && xmp::says_where(&bytes);
        if is_recording || has_places { Err(Trouble::Unknown) } else { Ok(()) }
    }
}

/// `+48.2082+016.3738/`: two numbers with signs.
fn is_position(value: &[u8]) -> bool {
    let is_sign = |byte: &u8| matches!(byte, b'+' | b'-');
    let is_part =
        |byte: &u8| is_sign(byte) || byte.is_ascii_digit() || b"./CRS_WGEPAZ: ".contains(byte);
    value.first().is_some_and(is_sign)
        && value.iter().filter(|byte| is_sign(byte)).count() >= 2
        && value.iter().all(is_part)
}
