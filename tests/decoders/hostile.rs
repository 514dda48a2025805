//! A hostile corpus: every file is decoded, rejected or its decoder killed, with a reason; nothing else happens.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use image::ImageFormat;

use super::*;
use crate::samples::*;

/// The outcome for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Decoded,
    Refused,
    Killed,
}

fn end(name: &str, bytes: &[u8], mime: &str) -> End {
    let started = Instant::now();
    let ended = match make(shared_renderer(), bytes, mime) {
        Ok(made) if made.error.is_none() => End::Decoded,
        Ok(made) => {
            assert!(made.pictures.is_empty(), "{name}: a picture and error");
            End::Refused
        }
        Err(SandboxError::Refused(why)) => {
            assert!(!why.is_empty(), "{name}");
            End::Refused
        }
        Err(SandboxError::Died(why)) => {
            assert!(!why.is_empty() && !why.contains("nonsense"), "{name}: {why}");
            End::Killed
        }
        Err(SandboxError::TimedOut) => End::Killed,
        Err(failure) => panic!("{name}: {failure:?}"),
    };
    assert!(started.elapsed() < Duration::from_secs(90), "{name}");
    ended
}

/// Small valid files of every format, each with its media type.
fn seeds() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let small = corners(96, 64);
    let svg =
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9' fill='red'/></svg>".to_vec();
    vec![
        ("jpeg", with_exif(&jpeg(&small), 6, "2024:05:06 07:08:09"), "image/jpeg"),
        ("png", encoded(&small, ImageFormat::Png), "image/png"),
        ("gif", encoded(&small, ImageFormat::Gif), "image/gif"),
        ("webp", encoded(&small, ImageFormat::WebP), "image/webp"),
        ("tiff", encoded(&small, ImageFormat::Tiff), "image/tiff"),
        ("bmp", encoded(&small, ImageFormat::Bmp), "image/bmp"),
        ("svg", svg, "image/svg+xml"),
        ("mp3", recording("a.mp3", &["-c:a", "libmp3lame"]), "audio/mpeg"),
        ("m4a", recording("a.m4a", &["-c:a", "aac"]), "audio/mp4"),
        ("flac", recording("a.flac", &["-c:a", "flac"]), "audio/x-flac"),
        ("ogg", recording("a.ogg", &["-c:a", "libvorbis"]), "audio/ogg"),
        ("wav", recording("a.wav", &[]), "audio/x-wav"),
        (
            "heic",
            std::fs::read(packaged("pillow_heif-1.8.1/tests/images/heif/zPug_3.heic")).unwrap(),
            "image/heic",
        ),
        ("mp4", film("a.mp4", &["-c:v", "libx264", "-pix_fmt", "yuv420p"]), "video/mp4"),
        ("mkv", film("a.mkv", &["-c:v", "libx264", "-pix_fmt", "yuv420p"]), "video/x-matroska"),
        ("avi", film("a.avi", &["-c:v", "mpeg4"]), "video/x-msvideo"),
    ]
}

/// Pseudo-random numbers that are the same in each run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

#[test]
fn truncated_or_corrupted_files_are_decoded_rejected_or_killed() {
    let mut ends: BTreeMap<(&str, End), u32> = BTreeMap::new();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for (name, seed, mime) in seeds() {
        assert_eq!(end(name, &seed, mime), End::Decoded, "the {name} they are made of");
        for part in 1..6 {
            let cut = &seed[..seed.len() * part / 6];
            *ends.entry((name, end(name, cut, mime))).or_default() += 1;
        }
        for _ in 0..8 {
            let mut flipped = seed.clone();
            for _ in 0..6 {
                // Headers are at the beginning, where errors have the most effect.
                let within =
                    if numbers.below(2) == 0 { flipped.len().min(512) } else { flipped.len() };
                let at = numbers.below(within);
                flipped[at] ^= u8::try_from(1 + numbers.below(255)).unwrap();
            }
            *ends.entry((name, end(name, &flipped, mime))).or_default() += 1;
        }
    }
    let total: u32 = ends.values().sum();
    println!("{total} cut or flipped files: {ends:?}");
}

#[test]
fn decompression_bombs_and_false_types_are_decoded_rejected_or_killed() {
    let mut ends: BTreeMap<End, Vec<&str>> = BTreeMap::new();
    for (name, bytes, mime) in bombs() {
        ends.entry(end(name, &bytes, mime)).or_default().push(name);
    }
    println!("hostile files: {ends:?}");
    // The renderer still works afterwards.
    assert_eq!(end("after", &encoded(&corners(9, 9), ImageFormat::Png), "image/png"), End::Decoded);
}

/// A PNG that claims that size; its pixels would be zeros.
fn png_bomb(width: u32, height: u32) -> Vec<u8> {
    let mut png = encoded(&corners(8, 8), ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// A JPEG whose header claims that size.
fn jpeg_bomb(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = jpeg(&corners(16, 16));
    let frame = bytes
        .windows(2)
        .position(|pair| pair[0] == 0xff && (pair[1] == 0xc0 || pair[1] == 0xc2))
        .unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

fn bombs() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let nested = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{}</svg>",
        "<g>".repeat(100_000)
    );
    let laughs = "<!DOCTYPE svg [<!ENTITY a 'lollollollol'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>\
        <!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'><!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'>]><svg xmlns='http://www.w3.org/2000/svg' \
        width='9' height='9'><text>&e;&e;&e;&e;</text></svg>";
    let uses = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><g id='a'><use href='#b'/></g><g id='b'><use href='#a'/></g></svg>";
    let tag = [b"ID3\x04\0\0\x20\0\0\0".as_slice(), &vec![b'T'; 64 << 20]].concat();
    let mut gif = encoded(&corners(8, 8), ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    let mut bmp = encoded(&corners(8, 8), ImageFormat::Bmp);
    bmp[18..26].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f]);
    let polyglot = [
        encoded(&corners(8, 8), ImageFormat::Gif),
        b"<script>alert(1)</script><?php system('id'); ?>".to_vec(),
    ]
    .concat();
    let playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXTINF:5,\nself.m3u8\n".to_vec();
    let concat = b"ffconcat version 1.0\nfile /etc/passwd\nfile 'http://127.0.0.1:1/'\n".to_vec();
    let heif = |name: &str| {
        std::fs::read(packaged(&format!("pillow_heif-1.8.1/tests/images/{name}"))).unwrap()
    };
    let tune =
        |name: &str| std::fs::read(packaged(&format!("mutagen-1.48.1/tests/data/{name}"))).unwrap();
    vec![
        ("png of 60,000 x 60,000", png_bomb(60_000, 60_000), "image/png"),
        ("png of 2^31 x 1", png_bomb(0x7fff_ffff, 1), "image/png"),
        ("png of nothing", png_bomb(0, 0), "image/png"),
        ("jpeg of 65,535 x 65,535", jpeg_bomb(65_535, 65_535), "image/jpeg"),
        ("jpeg of 30,000 x 10,000", jpeg_bomb(30_000, 10_000), "image/jpeg"),
        ("gif of 65,535 x 65,535", gif, "image/gif"),
        ("bmp of 2^31 x 2^31", bmp, "image/bmp"),
        ("svg nested 100,000 deep", nested.into_bytes(), "image/svg+xml"),
        ("svg of a million laughs", laughs.into(), "image/svg+xml"),
        ("svg that uses itself", uses.into(), "image/svg+xml"),
        (
            "svg without end",
            b"<svg xmlns='http://www.w3.org/2000/svg' width='1e30' height='1e30'/>".to_vec(),
            "image/svg+xml",
        ),
        ("64 MiB of tag", tag, "audio/mpeg"),
        ("polyglot of gif and script", polyglot, "image/gif"),
        ("script called png", b"<html><script>alert(1)</script>".to_vec(), "image/png"),
        ("elf called jpeg", b"\x7fELF\x02\x01\x01".to_vec(), "image/jpeg"),
        ("playlist of other files", playlist, "video/mp4"),
        ("list of other files", concat, "video/x-msvideo"),
        ("heic that is broken", heif("heif_corrupted/corrupted.heic"), "image/heic"),
        ("heic that is cut", heif("heif_truncated/truncated.heic"), "image/heic"),
        ("heic of 200 megapixels", heif("heif_special/200MP.heic"), "image/heic"),
        ("heic with a broken thumbnail", heif("heif_special/broken_thumbnail.heic"), "image/heic"),
        ("mp3 with a bad year", tune("bad-TYER-frame.mp3"), "audio/mpeg"),
        ("flac with a bad block", tune("106-invalid-streaminfo.flac"), "audio/x-flac"),
        ("mp4 with a cut atom", tune("truncated-64bit.mp4"), "video/mp4"),
        ("nothing", Vec::new(), "image/png"),
        ("nothing as a film", Vec::new(), "video/mp4"),
        ("zeros", vec![0; 1 << 20], "image/tiff"),
    ]
}

#[test]
fn a_preview_is_rendered_from_its_own_file_alone() {
    let red =
        encoded(&image::RgbImage::from_pixel(400, 300, image::Rgb([255, 0, 0])), ImageFormat::Png);
    let first = make(shared_renderer(), &red, "image/png").unwrap();
    for _ in 0..3 {
        make(shared_renderer(), &encoded(&corners(1600, 1200), ImageFormat::Png), "image/png")
            .unwrap();
    }
    assert_eq!(
        make(shared_renderer(), &red, "image/png").unwrap(),
        first,
        "what came before leaves no trace"
    );
}
