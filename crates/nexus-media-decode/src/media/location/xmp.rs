//! Packets of XMP: blank if they say where something was taken.

use super::fill::{Fill, Found, Trouble};
use super::window::Window;

/// Longest packet.
const MAX_PACKET: u64 = 16 << 20;
/// Words of which one is in the name of every property about a place.
const WORDS: [&[u8]; 8] =
    [b"gps", b"location", b"latitude", b"longitude", b"city", b"country", b"state", b"geo"];

/// A packet that begins at `at` with `<x:xmpmeta` or `<rdf:RDF`.
pub fn blank(window: &Window<'_>, at: u64, end_tag: &[u8], fills: &mut Vec<Fill>) -> Found<u64> {
    let mut length = (64 << 10).min(window.length - at);
    loop {
        let bytes = window.bytes(at, length)?;
        if let Some(end) = memchr::memmem::find(&bytes, end_tag) {
            let packet = bytes.get(..end + end_tag.len()).unwrap_or_default();
            if says_where(packet) {
                fills.push(Fill::repeat(at, packet.len() as u64, b' '));
            }
            return Ok(at + packet.len() as u64);
        }
        if length == window.length - at || length >= MAX_PACKET {
            // It has no end: nobody reads it as a packet, but it may be a part of one.
            return if says_where(&bytes) { Err(Trouble::Unknown) } else { Ok(at + 1) };
        }
        length = (length * 4).min(window.length - at).min(MAX_PACKET);
    }
}

/// Whether a text has a word about places in it.
pub fn says_where(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    WORDS.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}
