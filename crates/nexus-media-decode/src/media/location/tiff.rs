//! EXIF and other TIFF structures: the directory of GPS values is emptied.

use std::collections::BTreeSet;

use super::fill::{Fill, Found, Trouble};
use super::iptc;
use super::window::Window;

const EXIF_DIRECTORY: u16 = 0x8769;
const GPS_DIRECTORY: u16 = 0x8825;
const SUB_DIRECTORIES: u16 = 0x014a;
const IPTC_RECORDS: u16 = 0x83bb;
/// Directories and their entries that are read.
const MAX_DIRECTORIES: usize = 64;
const MAX_ENTRIES: u16 = 1000;
/// Tags of a GPS directory.
const MAX_GPS_ENTRIES: u16 = 128;
/// Longest value of one of these.
const MAX_GPS_VALUE: u64 = 64 << 10;

/// One entry of a directory.
struct Entry {
    tag: u16,
    kind: u16,
    count: u32,
    /// The value, or where it is.
    value: [u8; 4],
}

pub struct Tiff<'a> {
    window: &'a Window<'a>,
    /// Where the structure begins; its offsets count from there.
    base: u64,
    is_big_endian: bool,
}

impl<'a> Tiff<'a> {
    /// A structure that begins with the two letters of its byte order.
    pub fn new(window: &'a Window<'a>, base: u64) -> Found<Option<Self>> {
        let is_big_endian = match &window.array::<2>(base)? {
            b"II" => false,
            b"MM" => true,
            _ => return Ok(None),
        };
        Ok(Some(Self { window, base, is_big_endian }))
    }

    /// Adds what replaces the GPS values. Returns whether the structure is one: at other places of a file, the letters may
    /// be there by chance.
    pub fn find(&self, fills: &mut Vec<Fill>) -> Found<bool> {
        let first = self.u32(self.window.array(self.base + 4)?);
        let (mut queue, mut seen) = (vec![first], BTreeSet::new());
        let mut is_tiff = false;
        while let Some(at) = queue.pop() {
            if at == 0 || !seen.insert(at) || seen.len() > MAX_DIRECTORIES {
                continue;
            }
            let Some((entries, next)) = self.directory(at) else { continue };
            is_tiff = true;
            queue.push(next);
            for entry in entries {
                let value = self.u32(entry.value);
                match entry.tag {
                    EXIF_DIRECTORY => queue.push(value),
                    SUB_DIRECTORIES if entry.count == 1 => queue.push(value),
                    SUB_DIRECTORIES => {
                        let count = u64::from(entry.count.min(32));
                        let list = self.window.bytes(self.base + u64::from(value), 4 * count)?;
                        let offset = |four: &[u8]| four.try_into().ok().map(|it| self.u32(it));
                        queue.extend(list.chunks_exact(4).filter_map(offset));
                    }
                    GPS_DIRECTORY => self.empty(value, fills)?,
                    IPTC_RECORDS => {
                        let start = self.base + u64::from(value);
                        let size = u64::from(entry.count) * size_of_kind(entry.kind);
                        if size > 4 && start + size <= self.window.length {
                            iptc::blank_records(self.window, start, size, fills)?;
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(is_tiff)
    }

    /// The entries of a directory and where the next one is; `None` if there is no directory.
    fn directory(&self, at: u32) -> Option<(Vec<Entry>, u32)> {
        let at = self.base + u64::from(at);
        let count = self.u16(self.window.array::<2>(at).ok()?);
        if count == 0 || count > MAX_ENTRIES {
            return None;
        }
        let length = u64::from(count) * 12;
        let bytes = self.window.bytes(at + 2, length).ok()?;
        let entries: Vec<Entry> = bytes.chunks_exact(12).filter_map(|it| self.entry(it)).collect();
        // Cameras write some kinds that the standard does not have.
        let known = entries.iter().filter(|entry| (1..=13).contains(&entry.kind)).count();
        if known * 2 <= usize::from(count) {
            return None;
        }
        // The last directory may end with the file.
        let next = self.window.array(at + 2 + length).map_or(0, |bytes| self.u32(bytes));
        Some((entries, next))
    }

    fn entry(&self, bytes: &[u8]) -> Option<Entry> {
        let two = |at: usize| bytes.get(at..at + 2)?.try_into().ok().map(|it| self.u16(it));
        let four = |at: usize| -> Option<[u8; 4]> { bytes.get(at..at + 4)?.try_into().ok() };
        Some(Entry { tag: two(0)?, kind: two(2)?, count: self.u32(four(4)?), value: four(8)? })
    }

    /// Empties a GPS directory: no entries, and zeros in place of them and of their values.
    fn empty(&self, at: u32, fills: &mut Vec<Fill>) -> Found {
        let start = self.base + u64::from(at);
        // What is outside of the file says nothing.
        if at == 0 || start + 2 > self.window.length {
            return Ok(());
        }
        let count = self.u16(self.window.array(start)?);
        if count > MAX_GPS_ENTRIES {
            return Err(Trouble::Unknown);
        }
        let length = u64::from(count) * 12;
        for entry in self.window.bytes(start + 2, length)?.chunks_exact(12) {
            let entry = self.entry(entry).ok_or(Trouble::Unknown)?;
            let size = u64::from(entry.count).saturating_mul(size_of_kind(entry.kind));
            if size <= 4 {
                continue;
            }
            let value = self.base + u64::from(self.u32(entry.value));
            let is_inside = size <= MAX_GPS_VALUE && value + size <= self.window.length;
            if is_inside {
                fills.push(Fill::zeros(value, size));
            } else if value < self.window.length {
                return Err(Trouble::Unknown);
            }
        }
        let end = (start + 2 + length + 4).min(self.window.length);
        fills.push(Fill::zeros(start, end - start));
        Ok(())
    }

    fn u16(&self, bytes: [u8; 2]) -> u16 {
        if self.is_big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn u32(&self, bytes: [u8; 4]) -> u32 {
        if self.is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// Bytes of one value of a kind.
const fn size_of_kind(kind: u16) -> u64 {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 => 8,
        _ => 1,
    }
}
