//! Files with places in them, and what is left of these.

use std::io::{Cursor, Write};

use super::*;
use crate::media::exif;

/// The file without where it was taken; `None` if it cannot be cleaned.
fn cleaned(bytes: &[u8], mime: &str) -> Option<Vec<u8>> {
    let mut file = tempfile::tempfile().unwrap();
    // It may be a part of a file.
    file.write_all(b"before").unwrap();
    file.write_all(bytes).unwrap();
    file.write_all(b"+48.2082+016.3738/").unwrap();
    let fills = find(&file, 6, bytes.len() as u64, mime).unwrap()?;
    let mut clean = bytes.to_vec();
    for fill in fills {
        let at = usize::try_from(fill.at).unwrap();
        clean[at..at + fill.bytes.len()].copy_from_slice(&fill.bytes);
    }
    assert_eq!(clean.len(), bytes.len());
    Some(clean)
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}

/// A directory of a TIFF at `at`: entries of kind 2 (text) and 5 (fractions) have their values after it, others within.
fn directory(at: u32, entries: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let mut bytes = u16::try_from(entries.len()).unwrap().to_le_bytes().to_vec();
    let mut values = Vec::new();
    let after = at + 2 + 12 * u32::try_from(entries.len()).unwrap() + 4;
    for (tag, kind, value) in entries {
        let size = match kind {
            5 => 8,
            4 => 4,
            _ => 1,
        };
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(u32::try_from(value.len() / size).unwrap().to_le_bytes());
        if value.len() <= 4 {
            bytes.extend(value.iter().copied().chain([0; 4]).take(4));
        } else {
            bytes.extend((after + u32::try_from(values.len()).unwrap()).to_le_bytes());
            values.extend_from_slice(value);
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(values);
    bytes
}

fn fractions(numbers: [u32; 3]) -> Vec<u8> {
    numbers.iter().flat_map(|number| [*number, 1]).flat_map(u32::to_le_bytes).collect()
}

/// A TIFF of a camera in Vienna.
fn tiff() -> Vec<u8> {
    let (north, east) = (fractions([48, 12, 29]), fractions([16, 22, 25]));
    let gps: [(u16, u16, &[u8]); 4] =
        [(1, 2, b"N\0"), (2, 5, &north), (3, 2, b"E\0"), (4, 5, &east)];
    let maker = (0x010f, 2, &b"Nexus Camera\0"[..]);
    let first = |gps_at: u32| {
        let pointer = gps_at.to_le_bytes();
        directory(8, &[maker, (0x8825, 4, &pointer)])
    };
    let gps_at = 8 + u32::try_from(first(0).len()).unwrap();
    [&b"II*\0\x08\0\0\0"[..], &first(gps_at), &directory(gps_at, &gps)].concat()
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], content].concat()
}

/// A JPEG with these segments, whose pixels are `pixels`.
fn jpeg(segments: &[Vec<u8>]) -> Vec<u8> {
    let scan = [&segment(0xda, b"\x01\x01\0\0\x3f\0")[..], b"pixels", b"\xff\xd9"].concat();
    [&[0xff, 0xd8][..], &segments.concat(), &scan].concat()
}

fn exif_segment() -> Vec<u8> {
    segment(0xe1, &[&b"Exif\0\0"[..], &tiff()].concat())
}

const XMP: &[u8] = b"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF><rdf:Description \
    exif:GPSLatitude=\"48,12.5N\" photoshop:City=\"Vienna\"/></rdf:RDF></x:xmpmeta>";

#[test]
fn gps_values_of_a_jpeg_are_emptied_and_everything_else_stays() {
    let photo = jpeg(&[exif_segment()]);
    let (before, _) = exif::read(&photo);
    assert!((before.latitude.unwrap() - 48.208).abs() < 0.01);
    let clean = cleaned(&photo, "image/jpeg").unwrap();
    let (after, _) = exif::read(&clean);
    assert_eq!((after.latitude, after.longitude), (None, None));
    assert_eq!(after.camera, before.camera);
    assert!(has(&clean, b"Nexus Camera") && has(&clean, b"pixels"));
    assert!(!has(&clean, &fractions([48, 12, 29])) && !has(&clean, &fractions([16, 22, 25])));
    // What was clean already stays as it is.
    assert_eq!(cleaned(&clean, "image/jpeg").unwrap(), clean);
}

#[test]
fn gps_values_are_emptied_wherever_a_format_has_them() {
    let raw = tiff();
    let webp = [&b"RIFF\0\0\0\0WEBPEXIF\0\0\0\0"[..], &raw].concat();
    let heic = [&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\0mdat\0\0\0\0"[..], &raw].concat();
    for (bytes, mime) in [(&raw, "image/tiff"), (&webp, "image/webp"), (&heic, "image/heic")] {
        let clean = cleaned(bytes, mime).unwrap();
        assert!(!has(&clean, &fractions([48, 12, 29])), "{mime}");
        assert!(has(&clean, b"Nexus Camera"), "{mime}");
    }
    let (metadata, _) = exif::read(&cleaned(&raw, "image/x-adobe-dng").unwrap());
    assert_eq!(metadata.latitude, None);
    // RAW files that begin like a TIFF.
    let olympus = [&b"IIRO"[..], &raw[4..]].concat();
    assert!(!has(&cleaned(&olympus, "image/x-olympus-orf").unwrap(), &fractions([48, 12, 29])));
    // With offsets of 64 bits, which no camera has.
    assert_eq!(cleaned(b"II+\0\x08\0\0\0rest", "image/tiff"), None);
}

#[test]
fn packets_of_xmp_and_names_of_places_become_blank() {
    let name = b"http://ns.adobe.com/xap/1.0/\0";
    let iptc = b"\x1c\x02\x05\0\x05title\x1c\x02\x5a\0\x06Vienna\x1c\x02\x65\0\x07Austria";
    let size = u32::try_from(iptc.len()).unwrap().to_be_bytes();
    let resource = [&b"Photoshop 3.0\08BIM\x04\x04\0\0"[..], &size, iptc].concat();
    let part = [
        &b"http://ns.adobe.com/xmp/extension/\0"[..],
        &[b'A'; 32],
        b"\0\0\x01\0\0\0\0\0",
        b"exif:GPSLongitude=\"16,22E\"",
    ]
    .concat();
    let photo = jpeg(&[
        segment(0xe1, &[&name[..], XMP].concat()),
        segment(0xe1, &part),
        segment(0xed, &resource),
    ]);
    let clean = cleaned(&photo, "image/jpeg").unwrap();
    for gone in [&b"GPSLatitude"[..], b"GPSLongitude", b"Vienna", b"Austria"] {
        assert!(!has(&clean, gone), "{}", String::from_utf8_lossy(gone));
    }
    assert!(has(&clean, b"title") && has(&clean, b"pixels") && has(&clean, b"8BIM"));
    // What says nothing about places stays.
    let other = b"<x:xmpmeta><rdf:RDF GCamera:MotionPhoto=\"1\"/></x:xmpmeta>";
    let photo = jpeg(&[segment(0xe1, &[&name[..], other].concat())]);
    assert_eq!(cleaned(&photo, "image/jpeg").unwrap(), photo);
    // A packet without an end.
    let cut = jpeg(&[segment(0xe1, &[&name[..], &XMP[..80]].concat())]);
    assert_eq!(cleaned(&cut, "image/jpeg"), None);
}

#[test]
fn names_of_places_in_a_tiff_become_blank() {
    let records = b"\x1c\x02\x05\0\x05title\x1c\x02\x5a\0\x06Vienna";
    let photo = [&b"II*\0\x08\0\0\0"[..], &directory(8, &[(0x83bb, 7, records)])].concat();
    let clean = cleaned(&photo, "image/tiff").unwrap();
    assert!(has(&photo, b"Vienna") && !has(&clean, b"Vienna") && has(&clean, b"title"));
}

fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], kind, data, b"sum!"].concat()
}

#[test]
fn chunks_of_a_png_are_skipped_with_a_right_checksum() {
    let mut picture = Vec::new();
    let pixels = image::RgbImage::from_pixel(3, 2, image::Rgb([1, 2, 3]));
    pixels.write_to(&mut Cursor::new(&mut picture), image::ImageFormat::Png).unwrap();
    let (signature, rest) = picture.split_at(8 + 25);
    let parts = [
        signature,
        &chunk(b"eXIf", &tiff()),
        &chunk(b"iTXt", &[&b"XML:com.adobe.xmp\0\0\0\0\0"[..], XMP].concat()),
        &chunk(b"zTXt", b"Raw profile type exif\0\0compressed"),
        &chunk(b"tEXt", b"Title\0Holidays"),
    ];
    // The title has a wrong checksum, which decoders forgive in a text.
    let photo = [&parts.concat()[..], rest].concat();
    let clean = cleaned(&photo, "image/png").unwrap();
    for gone in [&fractions([48, 12, 29])[..], b"GPSLatitude", b"Raw profile", b"eXIf"] {
        assert!(!has(&clean, gone));
    }
    assert!(has(&clean, b"Title\0Holidays"));
    let (first, last) = (clean.len() - rest.len(), clean.len());
    assert_eq!(&clean[first..last], rest);
    let read = image::load_from_memory_with_format(&clean, image::ImageFormat::Png).unwrap();
    assert_eq!(read.to_rgb8(), pixels);
    assert_eq!(cleaned(&[&photo[..], b"behind it"].concat(), "image/png"), None);
}

fn named(kind: &[u8], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(8 + content.len()).unwrap().to_be_bytes();
    [&size[..], kind, content].concat()
}

/// A film that was taken in Vienna, with samples of this kind.
fn film(samples: &[u8]) -> Vec<u8> {
    let key = |name: &[u8]| {
        let size = u32::try_from(8 + name.len()).unwrap().to_be_bytes();
        [&size[..], b"mdta", name].concat()
    };
    let keys = [
        &[0, 0, 0, 0, 0, 0, 0, 3][..],
        &key(b"com.apple.quicktime.make"),
        &key(b"com.apple.quicktime.location.ISO6709"),
        &key(b"com.apple.quicktime.location.name"),
    ]
    .concat();
    let value = |number: u32, text: &[u8]| {
        let data = named(b"data", &[&[0, 0, 0, 1, 0, 0, 0, 0][..], text].concat());
        named(&number.to_be_bytes(), &data)
    };
    let list =
        [value(1, b"Nexus"), value(2, b"+48.2082+016.3738+183.0/"), value(3, b"Vienna")].concat();
    let handler = named(b"hdlr", &[0; 20]);
    let meta =
        named(b"meta", &[&handler[..], &named(b"keys", &keys), &named(b"ilst", &list)].concat());
    let text = [&b"\0\x12\x15\xc7"[..], b"+48.2082+016.3738/"].concat();
    let user = named(
        b"udta",
        &[named(b"\xa9xyz", &text), named(b"loci", b"\0\0\0\0\0\0Vienna\0")].concat(),
    );
    let description = [&[0, 0, 0, 0, 0, 0, 0, 1][..], &named(samples, &[0; 8])].concat();
    let table = named(b"stbl", &named(b"stsd", &description));
    let track = named(b"trak", &named(b"mdia", &named(b"minf", &table)));
    let packet = named(
        b"uuid",
        &[
            &[
                0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3,
                0xaf, 0xac,
            ][..],
            XMP,
        ]
        .concat(),
    );
    [
        named(b"ftyp", b"qt  \0\0\0\0qt  "),
        packet,
        named(b"moov", &[named(b"mvhd", &[0; 100]), track, user, meta].concat()),
        named(b"mdat", b"frames"),
    ]
    .concat()
}

#[test]
fn places_of_a_film_become_free_space() {
    let clean = cleaned(&film(b"avc1"), "video/quicktime").unwrap();
    for gone in [&b"+48.2"[..], b"Vienna", b"location", b"\xa9xyz", b"loci", b"GPSLatitude"] {
        assert!(!has(&clean, gone), "{}", String::from_utf8_lossy(gone));
    }
    for kept in [&b"com.apple.quicktime.make"[..], b"Nexus", b"frames", b"avc1"] {
        assert!(has(&clean, kept), "{}", String::from_utf8_lossy(kept));
    }
    // The video in a moving photo.
    let photo = [jpeg(&[exif_segment()]), film(b"avc1")].concat();
    let clean = cleaned(&photo, "image/jpeg").unwrap();
    assert!(!has(&clean, b"+48.2") && !has(&clean, b"Vienna") && has(&clean, b"frames"));
}

#[test]
fn a_film_with_a_recorded_way_cannot_be_cleaned() {
    for samples in [b"gpmd", b"camm", b"djmd"] {
        assert_eq!(cleaned(&film(samples), "video/mp4"), None);
    }
    assert_eq!(cleaned(b"....LOCATION....", "video/x-matroska"), None);
    assert_eq!(cleaned(b"........", "video/webm").unwrap(), b"........");
    assert_eq!(cleaned(b"GPS log", "text/plain").unwrap(), b"GPS log", "it is no photo");
}

#[test]
fn files_that_are_cut_off_or_damaged_are_read_to_their_end() {
    let photo = [jpeg(&[exif_segment(), segment(0xe1, XMP)]), film(b"avc1")].concat();
    for cut in 0..photo.len() {
        cleaned(&photo[..cut], "image/jpeg");
    }
    for (whole, mime) in [(film(b"avc1"), "video/mp4"), (tiff(), "image/tiff")] {
        for cut in 0..whole.len() {
            cleaned(&whole[..cut], mime);
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                cleaned(&damaged, mime);
            }
        }
    }
}

#[test]
fn what_is_far_into_a_large_file_is_found() {
    for before in [(1 << 20) - 20, (1 << 20) - 3, 1 << 20, 3_000_000] {
        let photo = [vec![b'p'; before], XMP.to_vec(), vec![b'q'; 500]].concat();
        let clean = cleaned(&photo, "image/jpeg").unwrap();
        assert!(!has(&clean, b"Vienna"), "{before}");
    }
}
