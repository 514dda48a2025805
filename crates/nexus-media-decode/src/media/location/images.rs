//! Photos of any format but PNG: what says where they were taken is found by how it begins, wherever it is in the file.

use memchr::memmem;

use super::fill::{Fill, Found, Trouble};
use super::tiff::Tiff;
use super::window::Window;
use super::{iptc, quicktime, xmp};

/// Bytes that are searched at once.
const CHUNK: usize = 1 << 20;
/// What is found may begin this many bytes before the end of a chunk.
const OVERLAP: usize = 64;
/// The name before each part of a long packet in a JPEG.
const EXTENDED_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

/// What is looked for.
#[derive(Clone, Copy)]
enum Sign {
    Tiff,
    Xmp(&'static [u8]),
    ExtendedXmp,
    Iptc,
    Movie,
    /// What cannot be replaced.
    Unknown,
}

const SIGNS: [(&[u8], Sign); 9] = [
    (b"II*\0", Sign::Tiff),
    (b"MM\0*", Sign::Tiff),
    (b"<x:xmpmeta", Sign::Xmp(b"</x:xmpmeta>")),
    (b"<rdf:RDF", Sign::Xmp(b"</rdf:RDF>")),
    (EXTENDED_XMP, Sign::ExtendedXmp),
    (b"8BIM\x04\x04", Sign::Iptc),
    // The video of a moving photo.
    (b"moov", Sign::Movie),
    // Compressed metadata of JPEG XL.
    (b"brobExif", Sign::Unknown),
    (b"brobxml ", Sign::Unknown),
];

pub fn find(window: &Window<'_>, fills: &mut Vec<Fill>) -> Found {
    raw_header(window, fills)?;
    // Packets that were read: what is in them is not looked at again.
    let mut read_until = 0;
    let finders = SIGNS.map(|(sign, kind)| (memmem::Finder::new(sign), kind));
    let (mut at, mut buffer) = (0, vec![0; CHUNK]);
    while at < window.length {
        let read = window.read(at, &mut buffer)?;
        let chunk = buffer.get(..read).unwrap_or_default();
        let is_last = at + read as u64 >= window.length;
        let mut found: Vec<(usize, Sign)> = Vec::new();
        for (finder, kind) in &finders {
            found.extend(finder.find_iter(chunk).map(|position| (position, *kind)));
        }
        found.sort_by_key(|(position, _)| *position);
        for (position, kind) in found {
            // The rest is found again at the beginning of the next chunk.
            if !is_last && position >= read - OVERLAP {
                continue;
            }
            let position = at + position as u64;
            if position >= read_until {
                read_until = sign_at(window, position, kind, fills)?.max(read_until);
            }
        }
        if is_last || read <= OVERLAP {
            break;
        }
        at += (read - OVERLAP) as u64;
    }
    Ok(())
}

/// Adds what replaces what begins at `at`. Returns up to where it was read.
fn sign_at(window: &Window<'_>, at: u64, sign: Sign, fills: &mut Vec<Fill>) -> Found<u64> {
    match sign {
        Sign::Tiff => {
            if let Some(tiff) = Tiff::new(window, at)? {
                // By chance, the letters can be in compressed pixels, where no directory follows.
                tiff.find(fills)?;
            }
        }
        Sign::Xmp(end_tag) => return xmp::blank(window, at, end_tag, fills),
        Sign::ExtendedXmp => extended_xmp(window, at, fills)?,
        Sign::Iptc => iptc::blank(window, at, fills)?,
        Sign::Movie => quicktime::find_movie(window, at, fills)?,
        Sign::Unknown => return Err(Trouble::Unknown),
    }
    Ok(0)
}

/// A file that begins like TIFF, with another number after the letters: RAW files of some cameras.
fn raw_header(window: &Window<'_>, fills: &mut Vec<Fill>) -> Found {
    let Ok(head) = window.array::<4>(0) else { return Ok(()) };
    match &head {
        // Sixty-four bits.
        b"II+\0" | b"MM\0+" => Err(Trouble::Unknown),
        b"IIRO" | b"IIRS" | b"MMOR" | b"IIU\0" => match Tiff::new(window, 0)? {
            Some(tiff) => tiff.find(fills).map(drop),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// A part of a long packet: a segment of a JPEG, in which the name is followed by 40 bytes and the text.
fn extended_xmp(window: &Window<'_>, at: u64, fills: &mut Vec<Fill>) -> Found {
    let head: [u8; 4] = window.array(at.checked_sub(4).ok_or(Trouble::Unknown)?)?;
    let [0xff, 0xe1, high, low] = head else { return Ok(()) };
    let end = at - 2 + u64::from(u16::from_be_bytes([high, low]));
    let start = at + EXTENDED_XMP.len() as u64 + 40;
    if start < end && end <= window.length {
        fills.push(Fill::repeat(start, end - start, b' '));
    }
    Ok(())
}

/// Films of other formats: whether words about places are where such formats have their texts.
pub fn find_words(window: &Window<'_>) -> Found {
    const SEARCHED: u64 = 4 << 20;
    let head = window.bytes(0, SEARCHED.min(window.length))?;
    let tail = window.bytes(window.length.saturating_sub(SEARCHED), SEARCHED.min(window.length))?;
    let has_word = |bytes: &[u8]| {
        let lower = bytes.to_ascii_lowercase();
        [&b"location"[..], b"gps"].iter().any(|word| memmem::find(&lower, word).is_some())
    };
    if has_word(&head) || has_word(&tail) { Err(Trouble::Unknown) } else { Ok(()) }
}
