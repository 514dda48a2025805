//! The short video inside a moving photo, as Google's, Samsung's and other phones append it.

use super::xmp::{self, Announced};

/// Longest video in bytes.
const MAX_VIDEO_BYTES: u64 = 64 << 20;
/// In Samsung's trailer: the type of the entry that holds the video.
const SAMSUNG_VIDEO: u16 = 0x0a30;
/// Bytes of an entry in that trailer's directory.
const SAMSUNG_ENTRY_BYTES: usize = 12;

/// The range of the video in the file: offset and length.
#[must_use]
pub fn find(bytes: &[u8]) -> Option<[u64; 2]> {
    let length = bytes.len() as u64;
    let announced = xmp::motion(bytes);
    let by_length = match announced {
        Some(Announced::At { from_end, length: video }) => {
            length.checked_sub(from_end).map(|start| [start, video])
        }
        _ => None,
    };
    let is_video = |range: &[u64; 2]| is_video(bytes, *range);
    by_length
        .filter(is_video)
        .or_else(|| samsung_trailer(bytes).filter(is_video))
        .or_else(|| heif_box(bytes).filter(is_video))
        // Some phones only say that there is a video.
        .or_else(|| announced.and_then(|_| search(bytes)).filter(is_video))
}

fn is_video(bytes: &[u8], [start, length]: [u64; 2]) -> bool {
    let Some(end) = start.checked_add(length) else { return false };
    let at = usize::try_from(start).unwrap_or(usize::MAX);
    let kind = at.checked_add(8).and_then(|end| bytes.get(at + 4..end));
    start > 0
        && (16..=MAX_VIDEO_BYTES).contains(&length)
        && end <= bytes.len() as u64
        && kind == Some(b"ftyp")
}

fn u32_le(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(number.try_into().ok()?)).ok()
}

/// Samsung's trailer: parts, and a directory that says how far before it each of them begins.
fn samsung_trailer(bytes: &[u8]) -> Option<[u64; 2]> {
    let end = bytes.len().checked_sub(8)?;
    if bytes.get(end + 4..) != Some(b"SEFT") {
        return None;
    }
    let directory_at = end.checked_sub(u32_le(bytes, end)?)?;
    let directory = bytes.get(directory_at..end)?;
    if directory.get(..4) != Some(b"SEFH") {
        return None;
    }
    // After the name: version and number of entries.
    let entries = directory.get(12..)?.chunks_exact(SAMSUNG_ENTRY_BYTES);
    for entry in entries.take(u32_le(directory, 8)?) {
        let kind = u16::from_le_bytes(entry.get(2..4)?.try_into().ok()?);
        if kind != SAMSUNG_VIDEO {
            continue;
        }
        // The part begins with its type and its name.
        let (start, length) = (directory_at.checked_sub(u32_le(entry, 4)?)?, u32_le(entry, 8)?);
        let header = u32_le(bytes, start.checked_add(4)?)?.checked_add(8)?;
        return Some([(start.checked_add(header)?) as u64, length.checked_sub(header)? as u64]);
    }
    None
}

/// The box `mpvd` beside those of a HEIF image.
fn heif_box(bytes: &[u8]) -> Option<[u64; 2]> {
    if bytes.get(4..8) != Some(b"ftyp") {
        return None;
    }
    let mut at = 0_usize;
    loop {
        let header = bytes.get(at..at.checked_add(8)?)?;
        let short = u32::from_be_bytes(header.get(..4)?.try_into().ok()?);
        let (header_bytes, size) = match short {
            0 => (8, bytes.len() - at),
            1 => {
                let long = bytes.get(at + 8..at + 16)?.try_into().ok()?;
                (16, usize::try_from(u64::from_be_bytes(long)).ok()?)
            }
            size => (8, usize::try_from(size).ok()?),
        };
        if header.get(4..) == Some(b"mpvd") {
            return Some([(at + header_bytes) as u64, size.checked_sub(header_bytes)? as u64]);
        }
        at = at.checked_add(size.max(8))?;
    }
}

/// The first box `ftyp` that is not the beginning of the file, up to the end.
fn search(bytes: &[u8]) -> Option<[u64; 2]> {
    let found = memchr::memmem::find_iter(bytes, b"ftyp").filter(|at| *at > 8).find(|at| {
        let size =
            bytes.get(at - 4..*at).and_then(|size| Some(u32::from_be_bytes(size.try_into().ok()?)));
        size.is_some_and(|size| (16..=256).contains(&size))
    })?;
    let start = (found - 4) as u64;
    Some([start, bytes.len() as u64 - start])
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIDEO: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08mdat";

    fn photo(xmp: &str) -> Vec<u8> {
        format!("\u{1}JPEG<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description xmlns:GCamera=\"g\" xmlns:Container=\"c\" xmlns:Item=\"i\" {xmp}</rdf:Description></rdf:RDF></x:xmpmeta>end")
            .into_bytes()
    }

    fn found(parts: &[&[u8]]) -> Option<Vec<u8>> {
        let whole = parts.concat();
        let [start, length] = find(&whole)?.map(|number| usize::try_from(number).unwrap());
        Some(whole[start..start + length].to_vec())
    }

    #[test]
    fn the_video_is_found_by_what_the_photo_says() {
        let old = photo(&format!(
            "GCamera:MicroVideo=\"1\" GCamera:MicroVideoOffset=\"{}\">",
            VIDEO.len()
        ));
        assert_eq!(found(&[&old, VIDEO]).as_deref(), Some(VIDEO));

        // The video is followed by another part.
        let container = photo(&format!(
            "GCamera:MotionPhoto=\"1\"><Container:Directory><rdf:Seq>\
            <rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Semantic=\"Primary\" Item:Padding=\"2\"/></rdf:li>\
            <rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Semantic=\"GainMap\" Item:Length=\"3\"/></rdf:li>\
            <rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Semantic=\"MotionPhoto\" Item:Length=\"{}\"/></rdf:li>\
            <rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Semantic=\"Other\" Item:Length=\"4\"/></rdf:li>\
            </rdf:Seq></Container:Directory>",
            VIDEO.len()
        ));
        assert_eq!(found(&[&container, b"..gmp", VIDEO, b"tail"]).as_deref(), Some(VIDEO));

        let only_said = photo("GCamera:MotionPhoto=\"1\">");
        assert_eq!(found(&[&only_said, VIDEO]).as_deref(), Some(VIDEO));
    }

    #[test]
    fn samsung_keeps_it_in_a_trailer_and_heif_in_a_box() {
        let name = b"MotionPhoto_Data";
        let part = [&[0, 0, 0x30, 0x0a][..], &16_u32.to_le_bytes(), name, VIDEO].concat();
        let numbers =
            |all: [usize; 2]| all.map(|n| u32::try_from(n).unwrap().to_le_bytes()).concat();
        let directory = [
            &b"SEFH\x6a\0\0\0\x01\0\0\0"[..],
            &[0, 0, 0x30, 0x0a],
            &numbers([part.len(), part.len()]),
        ]
        .concat();
        let end = [&u32::try_from(directory.len()).unwrap().to_le_bytes()[..], b"SEFT"].concat();
        assert_eq!(found(&[b"JPEG", &part, &directory, &end]).as_deref(), Some(VIDEO));

        let heif = b"\0\0\0\x0cftypheic\0\0\0\x08meta";
        let size = u32::try_from(VIDEO.len() + 8).unwrap().to_be_bytes();
        assert_eq!(found(&[heif, &size, b"mpvd", VIDEO]).as_deref(), Some(VIDEO));
    }

    #[test]
    fn nothing_that_is_not_a_video_within_the_file_is_one() {
        assert_eq!(found(&[b"JPEG without a word", VIDEO]), None, "nothing announces it");
        let too_long = photo("GCamera:MicroVideo=\"1\" GCamera:MicroVideoOffset=\"99999999999\">");
        assert_eq!(found(&[&too_long, b"no video"]), None);
        let whole = [&photo("GCamera:MotionPhoto=\"1\">")[..], VIDEO].concat();
        for cut in 0..whole.len() {
            let range = find(&whole[..cut]);
            assert!(range.is_none_or(|[start, length]| start + length <= cut as u64), "{cut}");
        }
        for trailer in [
            &b"\xff\xff\xff\xffSEFT"[..],
            b"\0\0\0\0SEFT",
            b"SEFH\0\0\0\0\xff\xff\xff\xff\x0c\0\0\0SEFT",
        ] {
            assert_eq!(find(trailer), None);
        }
    }
}
