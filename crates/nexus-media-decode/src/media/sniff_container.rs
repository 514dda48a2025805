//! Formats that the signature alone does not tell: containers by their brands and streams, camera RAW, and formats that
//! `infer` does not know.

use super::kind::{Kind, Sniffed};
use super::mpeg_audio;

/// Signatures at the start of a file.
const SIGNATURES: [(&[u8], Kind, &str); 33] = [
    // Camera RAW that is not plain TIFF.
    (b"FUJIFILMCCD-RAW", Kind::Photo, "image/x-fuji-raf"),
    (b"IIRO", Kind::Photo, "image/x-olympus-orf"),
    (b"IIRS", Kind::Photo, "image/x-olympus-orf"),
    (b"MMOR", Kind::Photo, "image/x-olympus-orf"),
    (b"IIU\0", Kind::Photo, "image/x-panasonic-rw2"),
    (b"FOVb", Kind::Photo, "image/x-sigma-x3f"),
    // BigTIFF.
    (b"II+\0", Kind::Photo, "image/tiff"),
    (b"MM\0+", Kind::Photo, "image/tiff"),
    // JPEG XL and JPEG 2000, as a bare codestream and in boxes.
    (b"\xff\x0a", Kind::Photo, "image/jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", Kind::Photo, "image/jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Kind::Photo, "image/jp2"),
    (b"\xff\x4f\xff\x51\0", Kind::Photo, "image/jp2"),
    (b"8BPS\0\x01", Kind::Photo, "image/vnd.adobe.photoshop"),
    (b"8BPS\0\x02", Kind::Photo, "image/vnd.adobe.photoshop"),
    // Sound.
    (b"wvpk", Kind::Audio, "audio/x-wavpack"),
    (b"TTA1", Kind::Audio, "audio/x-tta"),
    (b"TTA2", Kind::Audio, "audio/x-tta"),
    (b"caff\0\x01", Kind::Audio, "audio/x-caf"),
    (b".snd\0\0\0", Kind::Audio, "audio/basic"),
    (b"riff\x2e\x91\xcf\x11", Kind::Audio, "audio/x-w64"),
    (b"DSD \x1c\0\0\0", Kind::Audio, "audio/x-dsf"),
    (b"FRM8", Kind::Audio, "audio/x-dff"),
    (b"MAC ", Kind::Audio, "audio/x-ape"),
    (b"MPCK", Kind::Audio, "audio/x-musepack"),
    (b"MP+", Kind::Audio, "audio/x-musepack"),
    (b"#!AMR", Kind::Audio, "audio/amr"),
    (b"\x0b\x77", Kind::Audio, "audio/ac3"),
    (b"\x7f\xfe\x80\x01", Kind::Audio, "audio/vnd.dts"),
    // Video. The first two are the header of a DIF block for 525 and 625 lines.
    (b"\x1f\x07\0\x3f", Kind::Video, "video/x-dv"),
    (b"\x1f\x07\0\xbf", Kind::Video, "video/x-dv"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", Kind::Video, "application/mxf"),
    (b".RMF\0\0\0", Kind::Video, "application/vnd.rn-realmedia"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind::Video, "video/x-ms-wmv"),
];

/// Brands of HEIF files that name the coding of their pictures.
const AVIF_BRANDS: [&[u8]; 2] = [b"avif", b"avis"];
const HEIC_BRANDS: [&[u8]; 6] = [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"];
/// Brands of HEIF files that do not.
const HEIF_BRANDS: [&[u8]; 3] = [b"mif1", b"msf1", b"miaf"];

/// Names of the boxes with which `QuickTime` files without a `ftyp` box begin.
const QUICKTIME_BOXES: [&[u8]; 6] = [b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"];

/// Sizes of the packets of an MPEG transport stream, with what comes before the packet: plain, with a time code as on
/// Blu-ray discs and camcorders, with error correction.
const TRANSPORT_PACKETS: [(usize, usize); 3] = [(188, 0), (192, 4), (204, 0)];

#[expect(clippy::unnecessary_wraps, reason = "what all callers return")]
fn sniffed(kind: Kind, mime: &'static str) -> Option<Sniffed> {
    Some(Sniffed { kind, mime })
}

/// Recognizes a file by its first bytes.
#[must_use]
pub fn sniff_container(head: &[u8]) -> Option<Sniffed> {
    let at = |range: std::ops::Range<usize>| head.get(range).unwrap_or_default();

    if at(4..8) == b"ftyp" {
        return iso_media(head);
    }
    if let Some((_, kind, mime)) =
        SIGNATURES.iter().find(|(signature, _, _)| head.starts_with(signature))
    {
        return sniffed(*kind, mime);
    }

    match (at(0..4), at(8..12)) {
        (b"RF64" | b"BW64", b"WAVE") => return sniffed(Kind::Audio, "audio/x-wav"),
        (b"FORM", b"AIFF" | b"AIFC") => return sniffed(Kind::Audio, "audio/x-aiff"),
        (b"OggS", _) => return sniff_ogg(head),
        (b"\x1a\x45\xdf\xa3", _) => return sniff_matroska(head),
        _ => {}
    }

    // The length of the first box includes its header of eight bytes; 0 and 1 have special meanings.
    let length = head.first_chunk().map_or(0, |length| u32::from_be_bytes(*length));
    if QUICKTIME_BOXES.contains(&at(4..8)) && (length <= 1 || length >= 8) {
        return sniffed(Kind::Video, "video/quicktime");
    }

    if is_transport_stream(head) {
        return sniffed(Kind::Video, "video/mp2t");
    }
    if mpeg_audio::is_stream(head) {
        return sniffed(Kind::Audio, "audio/mpeg");
    }
    is_adts_stream(head).then_some(Sniffed { kind: Kind::Audio, mime: "audio/aac" })
}

/// ISO base media: the brand decides. Pictures can have a general brand and name their coding among the others.
fn iso_media(head: &[u8]) -> Option<Sniffed> {
    let length = head.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize);
    let major = head.get(8..12)?;
    // The other brands follow a version of four bytes.
    let others = head.get(16..length.min(head.len())).unwrap_or_default();
    let has_any = |brands: &[&[u8]]| {
        brands.contains(&major) || others.chunks_exact(4).any(|brand| brands.contains(&brand))
    };

    match major {
        b"M4A " | b"M4B " | b"M4P " => return sniffed(Kind::Audio, "audio/mp4"),
        b"crx " => return sniffed(Kind::Photo, "image/x-canon-cr3"),
        b"qt  " => return sniffed(Kind::Video, "video/quicktime"),
        b"isom" | b"iso2" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1" | b"M4V "
        | b"dash" => {
            return sniffed(Kind::Video, "video/mp4");
        }
        _ if major.starts_with(b"3g") => return sniffed(Kind::Video, "video/3gpp"),
        _ => {}
    }

    if has_any(&AVIF_BRANDS) {
        sniffed(Kind::Photo, "image/avif")
    } else if has_any(&HEIC_BRANDS) {
        sniffed(Kind::Photo, "image/heic")
    } else if has_any(&HEIF_BRANDS) {
        sniffed(Kind::Photo, "image/heif")
    } else {
        sniffed(Kind::Video, "video/mp4")
    }
}

/// Ogg is video if one of its streams is. The headers of all streams are in its first pages.
fn sniff_ogg(head: &[u8]) -> Option<Sniffed> {
    let streams: [&[u8]; 3] = [b"\x80theora", b"\x01video\0", b"BBCD\0"];
    if streams.iter().any(|stream| memchr::memmem::find(head, stream).is_some()) {
        sniffed(Kind::Video, "video/ogg")
    } else {
        sniffed(Kind::Audio, "audio/ogg")
    }
}

/// Matroska, of which `WebM` is a subset. The header contains the document type.
fn sniff_matroska(head: &[u8]) -> Option<Sniffed> {
    let header = head.get(..64.min(head.len())).unwrap_or_default();
    if memchr::memmem::find(header, b"webm").is_some() {
        sniffed(Kind::Video, "video/webm")
    } else {
        sniffed(Kind::Video, "video/x-matroska")
    }
}

/// Whether packets of the same size follow each other, each with the byte that begins one.
fn is_transport_stream(head: &[u8]) -> bool {
    TRANSPORT_PACKETS.iter().any(|(size, before)| {
        let starts: Vec<u8> = head.iter().skip(*before).step_by(*size).copied().collect();
        starts.len() >= 3 && starts.iter().all(|start| *start == 0x47)
    })
}

/// Whether frames of AAC with ADTS headers follow each other.
fn is_adts_stream(head: &[u8]) -> bool {
    let mut rest = head;
    for frames in 0..3 {
        let [0xff, second, _, high, middle, low, ..] = *rest else { return frames > 1 };
        // Twelve bits of synchronization and layer 0.
        if second & 0xf6 != 0xf0 {
            return false;
        }
        // Thirteen bits.
        let length = usize::from(high & 3) << 11 | usize::from(middle) << 3 | usize::from(low >> 5);
        match rest.get(length.max(7)..) {
            Some(next) => rest = next,
            None => return frames > 0,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mime(head: &[u8]) -> Option<&'static str> {
        sniff_container(head).map(|found| found.mime)
    }

    /// A `ftyp` box.
    fn brands(brands: &[&str]) -> Vec<u8> {
        let (major, others) = brands.split_first().unwrap();
        let length = u32::try_from(16 + others.len() * 4).unwrap();
        let mut head = length.to_be_bytes().to_vec();
        head.extend(b"ftyp");
        head.extend(major.as_bytes());
        head.extend([0; 4]);
        head.extend(others.concat().as_bytes());
        head
    }

    #[test]
    fn pictures_are_told_from_films_by_all_their_brands() {
        for (names, expected) in [
            (&["heic", "mif1"][..], "image/heic"),
            (&["mif1", "mif1", "heic"], "image/heic"),
            (&["mif1", "avif", "miaf"], "image/avif"),
            (&["mif1", "mif1"], "image/heif"),
            (&["MiHE", "mif1", "heix"], "image/heic"),
            (&["isom", "avif"], "video/mp4"),
            (&["XAVC", "mp42"], "video/mp4"),
            (&["3gp5", "isom"], "video/3gpp"),
            (&["qt  "], "video/quicktime"),
            (&["M4B ", "mp42"], "audio/mp4"),
        ] {
            assert_eq!(mime(&brands(names)), Some(expected), "{names:?}");
        }
    }

    #[test]
    fn streams_without_a_signature_are_recognized_by_their_packets() {
        let packets = |size: usize, before: usize| {
            let mut packet = vec![0x11; size];
            packet[before] = 0x47;
            packet.repeat(5)
        };
        for (size, before) in TRANSPORT_PACKETS {
            assert_eq!(mime(&packets(size, before)), Some("video/mp2t"), "{size}");
        }
        assert_eq!(mime(&packets(190, 0)), None);
        let mut frame = vec![0xff, 0xf1, 0x50, 0x80, 0x02, 0x00, 0xfc];
        frame.resize(16, 0);
        assert_eq!(mime(&frame.repeat(4)), Some("audio/aac"));
        assert_eq!(mime(b"\xff\xf1\x50\x80"), None);
    }

    #[test]
    fn quicktime_needs_no_brand() {
        assert_eq!(mime(b"\0\0\0\x08wide\0\0\0\0mdat"), Some("video/quicktime"));
        assert_eq!(mime(b"\0\0\x03\xe8moov\0\0\0\x6cmvhd"), Some("video/quicktime"));
        assert_eq!(mime(b"A book about skip logs"), None);
    }
}
