//! Real media for tests: generated here, or from packages of other projects, fetched once; none of it is stored
//! with the source.
#![allow(dead_code, clippy::allow_attributes, reason = "each test takes what it needs")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use image::{ImageFormat, Rgb, RgbImage};

/// Packages that contain files of phones and music programs.
const PACKAGES: [&str; 3] = ["pillow-heif==1.8.1", "mutagen==1.48.1", "iscc-samples==0.6.0"];

/// An image with a different colour in each corner: red and green above, blue and white below.
pub fn corners(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => Rgb([250, 10, 10]),
        (false, true) => Rgb([10, 250, 10]),
        (true, false) => Rgb([10, 10, 250]),
        (false, false) => Rgb([250, 250, 250]),
    })
}

pub fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let image = turbojpeg::Image {
        pixels: picture.as_raw().as_slice(),
        width,
        pitch: width * 3,
        height,
        format: turbojpeg::PixelFormat::RGB,
    };
    turbojpeg::compress(image, 92, turbojpeg::Subsamp::None).unwrap().to_vec()
}

/// One value of EXIF: tag, type, count, and its bytes.
type Entry = (u16, u16, u32, Vec<u8>);

fn ascii(tag: u16, text: &str) -> Entry {
    let bytes = [text.as_bytes(), b"\0"].concat();
    (tag, 2, u32::try_from(bytes.len()).unwrap(), bytes)
}

fn rationals(tag: u16, values: &[(u32, u32)]) -> Entry {
    let bytes = values
        .iter()
        .flat_map(|(top, bottom)| [top.to_le_bytes(), bottom.to_le_bytes()].concat())
        .collect();
    (tag, 5, u32::try_from(values.len()).unwrap(), bytes)
}

/// A directory of entries at offset `at`, followed by the values that do not fit into it.
fn directory(at: usize, entries: &[Entry]) -> Vec<u8> {
    let mut fixed = u16::try_from(entries.len()).unwrap().to_le_bytes().to_vec();
    let mut loose: Vec<u8> = Vec::new();
    let behind = at + 2 + 12 * entries.len() + 4;
    for (tag, kind, count, bytes) in entries {
        fixed.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        fixed.extend(count.to_le_bytes());
        if bytes.len() <= 4 {
            fixed.extend(bytes.iter().copied().chain([0; 4]).take(4));
        } else {
            fixed.extend(u32::try_from(behind + loose.len()).unwrap().to_le_bytes());
            loose.extend(bytes);
        }
    }
    fixed.extend([0; 4]);
    fixed.extend(loose);
    fixed
}

/// Adds the EXIF of a camera in Vienna on 6 May 2024, with that orientation, to a JPEG.
pub fn with_exif(jpeg: &[u8], orientation: u16, taken: &str) -> Vec<u8> {
    const MAIN: usize = 8;
    let pointer = |tag, at: usize| (tag, 4, 1, u32::try_from(at).unwrap().to_le_bytes().to_vec());
    let main = |camera: usize, place: usize| {
        let turn = (0x0112, 3, 1, orientation.to_le_bytes().to_vec());
        directory(
            MAIN,
            &[
                ascii(0x010f, "Canon"),
                ascii(0x0110, "Canon EOS R5"),
                turn,
                pointer(0x8769, camera),
                pointer(0x8825, place),
            ],
        )
    };
    let camera_at = MAIN + main(0, 0).len();
    let camera = directory(
        camera_at,
        &[
            rationals(0x829a, &[(1, 250)]),
            rationals(0x829d, &[(28, 10)]),
            (0x8827, 3, 1, 200_u16.to_le_bytes().to_vec()),
            ascii(0x9003, taken),
            ascii(0x9011, "+02:00"),
            ascii(0xa434, "RF 35mm F1.8"),
        ],
    );
    let place_at = camera_at + camera.len();
    let place = directory(
        place_at,
        &[
            ascii(1, "N"),
            rationals(2, &[(48, 1), (12, 1), (30, 1)]),
            ascii(3, "E"),
            rationals(4, &[(16, 1), (22, 1), (0, 1)]),
        ],
    );
    let tiff =
        [b"II*\0\x08\0\0\0".as_slice(), &main(camera_at, place_at), &camera, &place].concat();
    let length = u16::try_from(tiff.len() + 8).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, b"Exif\0\0", &tiff, &jpeg[2..]].concat()
}

/// Adds the content identifier of an Apple camera to a JPEG.
pub fn with_content_id(jpeg: &[u8], identifier: &str) -> Vec<u8> {
    const MAIN: usize = 8;
    let text = [identifier.as_bytes(), b"\0"].concat();
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    // The text begins after the header, the entry, and the end of the directory.
    let note = [
        b"Apple iOS\0\0\x01MM\0\x01\0\x11\0\x02".as_slice(),
        &length,
        &32_u32.to_be_bytes(),
        &[0; 4],
        &text,
    ]
    .concat();
    let main = |at: usize| {
        let at = u32::try_from(at).unwrap().to_le_bytes().to_vec();
        directory(MAIN, &[ascii(0x010f, "Apple"), (0x8769, 4, 1, at)])
    };
    let camera_at = MAIN + main(0).len();
    let count = u32::try_from(note.len()).unwrap();
    let camera = directory(camera_at, &[(0x927c, 7, count, note)]);
    let tiff = [b"II*\0\x08\0\0\0".as_slice(), &main(camera_at), &camera].concat();
    let length = u16::try_from(tiff.len() + 8).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, b"Exif\0\0", &tiff, &jpeg[2..]].concat()
}

/// A video or audio file made by ffmpeg.
pub fn made_by_ffmpeg(name: &str, arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-y"]).args(arguments).arg(&path);
    let ended = ffmpeg.output().expect("ffmpeg: run `make test-packages`");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    std::fs::read(path).unwrap()
}

/// A video of three seconds with a tone.
pub fn film(name: &str, codec: &[&str]) -> Vec<u8> {
    let source = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=duration=3:size=320x180:rate=15",
        "-f",
        "lavfi",
        "-i",
        "sine=duration=3",
        "-shortest",
    ];
    made_by_ffmpeg(name, &[&source, codec].concat())
}

/// A JPEG file that says that `video` is appended to it.
pub fn moving_photo(photo: &[u8], video: &[u8]) -> Vec<u8> {
    let said = format!(
        "http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
         xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description xmlns:GCamera=\"g\" \
         GCamera:MicroVideo=\"1\" GCamera:MicroVideoOffset=\"{}\"/></rdf:RDF></x:xmpmeta>",
        video.len()
    );
    let length = u16::try_from(said.len() + 2).unwrap().to_be_bytes();
    [&photo[..2], &[0xff, 0xe1], &length, said.as_bytes(), &photo[2..], video].concat()
}

/// Three seconds of a tone with tags.
pub fn recording(name: &str, codec: &[&str]) -> Vec<u8> {
    let source = [
        "-f",
        "lavfi",
        "-i",
        "sine=duration=3",
        "-metadata",
        "title=Harbour Lights",
        "-metadata",
        "artist=Mara Quell",
    ];
    let tags = ["-metadata", "album=Tidewater", "-metadata", "track=2", "-metadata", "date=2021"];
    made_by_ffmpeg(name, &[&source, &tags[..], codec].concat())
}

/// A file from one of the packages.
pub fn packaged(path: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let cache = std::env::var_os("HOME")
            .map_or_else(std::env::temp_dir, |home| Path::new(&home).join(".cache/nexus-media"));
        let folder = cache.join("samples-1");
        if !folder.join("whole").exists() {
            fetch(&folder);
        }
        folder
    });
    let found = folder.join(path);
    assert!(found.exists(), "{} is not in the packages", found.display());
    found
}

fn fetch(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let mut pip = Command::new("pip3");
    pip.args(["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest"])
        .arg(folder)
        .args(PACKAGES);
    let ended = pip.output().expect("pip3: run `make test-packages`");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    for entry in std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "gz"))
    {
        let ended = Command::new("tar")
            .arg("xzf")
            .arg(entry.path())
            .arg("-C")
            .arg(folder)
            .status()
            .unwrap();
        assert!(ended.success());
        std::fs::remove_file(entry.path()).unwrap();
    }
    std::fs::write(folder.join("whole"), "").unwrap();
}
