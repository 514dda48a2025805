//! Every kind of file that has a preview, and what is read out of it.

use image::ImageFormat;
use rstest::rstest;

use super::*;
use crate::samples::*;

/// The colours of a preview's corners, in reading order: r, g, b or w.
fn corners_of(made: &Rendered) -> String {
    let largest = made.pictures.first().unwrap_or_else(|| panic!("no picture: {:?}", made.error));
    let shown =
        image::load_from_memory_with_format(&largest.bytes, ImageFormat::WebP).unwrap().into_rgb8();
    assert_eq!((shown.width(), shown.height()), (largest.width, largest.height));
    let (right, bottom) = (shown.width() - 4, shown.height() - 4);
    let name = |x, y| match shown.get_pixel(x, y).0 {
        [red, green, blue] if red > 200 && green > 200 && blue > 200 => 'w',
        [red, ..] if red > 180 => 'r',
        [_, green, _] if green > 180 => 'g',
        [_, _, blue] if blue > 180 => 'b',
        _ => '?',
    };
    [name(4, 4), name(right, 4), name(4, bottom), name(right, bottom)].iter().collect()
}

#[rstest]
#[case(ImageFormat::Png, "image/png")]
#[case(ImageFormat::WebP, "image/webp")]
#[case(ImageFormat::Gif, "image/gif")]
#[case(ImageFormat::Tiff, "image/tiff")]
#[case(ImageFormat::Bmp, "image/bmp")]
fn a_picture_has_previews_in_three_sizes_and_a_placeholder(
    #[case] format: ImageFormat,
    #[case] mime: &str,
) {
    let made = make(shared_renderer(), &encoded(&corners(1500, 1000), format), mime).unwrap();
    assert_eq!(corners_of(&made), "rgbw");
    let sizes: Vec<_> =
        made.pictures.iter().map(|picture| (picture.width, picture.height)).collect();
    assert_eq!(sizes, [(1280, 853), (640, 427), (320, 214)]);
    assert_eq!((made.metadata.width, made.metadata.height), (Some(1500), Some(1000)));
    assert!((15..=25).contains(&made.thumbhash.len()));
}

#[rstest]
#[case(1, "rgbw")]
#[case(2, "grwb")]
#[case(3, "wbgr")]
#[case(4, "bwrg")]
#[case(5, "rbgw")]
#[case(6, "brwg")]
#[case(7, "wgbr")]
#[case(8, "gwrb")]
fn a_photo_is_shown_upright_however_the_camera_was_held(
    #[case] orientation: u16,
    #[case] expected: &str,
) {
    let photo = with_exif(&jpeg(&corners(1600, 1200)), orientation, "2024:05:06 07:08:09");
    let made = make(shared_renderer(), &photo, "image/jpeg").unwrap();
    assert_eq!(corners_of(&made), expected);
    let size = if orientation > 4 { (1200, 1600) } else { (1600, 1200) };
    assert_eq!((made.metadata.width, made.metadata.height), (Some(size.0), Some(size.1)));
}

#[test]
fn a_photo_has_its_time_place_and_camera_and_its_preview_has_none_of_them() {
    let photo = with_exif(&jpeg(&corners(1600, 1200)), 1, "2024:05:06 07:08:09");
    let made = make(shared_renderer(), &photo, "image/jpeg").unwrap();
    let facts = &made.metadata;
    assert_eq!(
        facts.taken.map(|taken| (taken.local_ms, taken.offset)),
        Some((1_714_979_289_000, Some(120)))
    );
    assert_eq!(
        (facts.camera.as_deref(), facts.lens.as_deref()),
        (Some("Canon EOS R5"), Some("RF 35mm F1.8"))
    );
    assert_eq!(
        (facts.exposure.as_deref(), facts.aperture.as_deref(), facts.iso),
        (Some("1/250 s"), Some("f/2.8"), Some(200))
    );
    assert!(
        (facts.latitude.unwrap() - 48.2083).abs() < 0.001
            && (facts.longitude.unwrap() - 16.3667).abs() < 0.001
    );
    for picture in &made.pictures {
        for secret in [b"Exif".as_slice(), b"EXIF", b"Canon", b"XMP "] {
            assert!(
                !picture.bytes.windows(secret.len()).any(|part| part == secret),
                "a preview carries {secret:?}"
            );
        }
    }
}

#[test]
fn hostile_photo_metadata_never_prevents_the_preview() {
    let strange = with_exif(
        &jpeg(&corners(64, 48)),
        1,
        "\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}",
    );
    assert_eq!(corners_of(&make(shared_renderer(), &strange, "image/jpeg").unwrap()), "rgbw");
    // A caption longer than the limit.
    let caption = format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><d xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:description>{}</dc:description></d></x:xmpmeta>",
        "word ".repeat(30_000)
    );
    let long = [jpeg(&corners(64, 48)), caption.into_bytes()].concat();
    let made = make(shared_renderer(), &long, "image/jpeg").unwrap();
    assert_eq!(
        made.metadata.caption.as_ref().map(|words| words.chars().count() > 1900),
        Some(true)
    );
    assert_eq!(corners_of(&made), "rgbw");
}

#[test]
fn a_photo_with_another_colour_space_is_shown_in_srgb() {
    let wide = packaged("pillow_heif-1.8.1/tests/images/heif_other/pug.heic");
    let made = shared_renderer().render(&File::open(wide).unwrap(), "image/heic").unwrap();
    assert!(!made.pictures.is_empty());
    // Display P3's red is outside of sRGB: converted, it is brighter than as it was written.
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let plain = jpeg(&image::RgbImage::from_pixel(64, 64, image::Rgb([200, 60, 60])));
    let mut segment = b"ICC_PROFILE\0\x01\x01".to_vec();
    segment.extend(&profile);
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    let tagged = [&plain[..2], b"\xff\xe2", &length, &segment, &plain[2..]].concat();
    let red = |bytes: &[u8]| {
        let made = make(shared_renderer(), bytes, "image/jpeg").unwrap();
        image::load_from_memory(&made.pictures[0].bytes).unwrap().into_rgb8().get_pixel(32, 32).0[0]
    };
    assert!(red(&tagged) > red(&plain) + 5);
}

#[test]
fn an_svg_is_rendered_without_external_resources() {
    let drawing = br#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40" height="20">
        <script>alert(1)</script><image xlink:href="/etc/hostname" width="10" height="10"/>
        <image xlink:href="http://127.0.0.1:1/x.png" width="10" height="10"/>
        <rect width="20" height="10" fill="red"/><rect x="20" width="20" height="10" fill="lime"/>
        <rect y="10" width="20" height="10" fill="blue"/><rect x="20" y="10" width="20" height="10" fill="white"/></svg>"#;
    let made = make(shared_renderer(), drawing, "image/svg+xml").unwrap();
    assert_eq!(corners_of(&made), "rgbw");
    assert_eq!(made.pictures[0].width, 1280);
    let words = br#"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text y="15">Words</text></svg>"#;
    assert_eq!(make(shared_renderer(), words, "image/svg+xml").unwrap().error, None);
}

#[test]
fn a_camera_raw_file_is_shown_by_its_embedded_preview() {
    // A TIFF with a small image and the JPEG of the camera.
    let raw = [
        encoded(&corners(160, 120), ImageFormat::Tiff),
        vec![0; 999],
        jpeg(&corners(1600, 1200)),
        vec![7; 99],
    ]
    .concat();
    for mime in ["image/tiff", "image/x-canon-cr2", "image/x-canon-cr3", "image/x-fuji-raf"] {
        let made = make(shared_renderer(), &raw, mime).unwrap();
        assert_eq!(
            (corners_of(&made).as_str(), made.metadata.width),
            ("rgbw", Some(1600)),
            "{mime}"
        );
    }
}

#[rstest]
#[case("heif_other/L_exif_xmp_iptc.heic", Some("SONY ILCE-7SM3"))]
#[case("heif_other/arrow.heic", None)]
#[case("heif_other/nokia/alpha.heic", None)]
#[case("heif_other/spatial_photo.heic", None)]
fn pictures_of_phones_are_shown(#[case] name: &str, #[case] camera: Option<&str>) {
    let path = packaged(&format!("pillow_heif-1.8.1/tests/images/{name}"));
    let made = shared_renderer().render(&File::open(path).unwrap(), "image/heic").unwrap();
    assert!(!made.pictures.is_empty(), "{:?}", made.error);
    if camera.is_some() {
        assert_eq!(made.metadata.camera.as_deref(), camera);
        assert!(made.metadata.taken.is_some());
    }
}

#[test]
fn an_avif_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("a.png");
    std::fs::write(&source, encoded(&corners(640, 480), ImageFormat::Png)).unwrap();
    let avif = made_by_ffmpeg(
        "a.avif",
        &[
            "-i",
            source.to_str().unwrap(),
            "-c:v",
            "libaom-av1",
            "-still-picture",
            "1",
            "-cpu-used",
            "8",
        ],
    );
    let made = make(shared_renderer(), &avif, "image/avif").unwrap();
    assert_eq!(corners_of(&made), "rgbw");
}

#[rstest]
#[case("a.mp4", &["-c:v", "libx264", "-pix_fmt", "yuv420p"], "video/mp4", "h264")]
#[case("a.mov", &["-c:v", "libx264", "-pix_fmt", "yuv420p"], "video/quicktime", "h264")]
#[case("a.mkv", &["-c:v", "libx264", "-pix_fmt", "yuv420p"], "video/x-matroska", "h264")]
#[case("a.webm", &["-c:v", "libvpx", "-c:a", "libvorbis"], "video/webm", "vp8")]
#[case("a.avi", &["-c:v", "mpeg4"], "video/x-msvideo", "mpeg4")]
fn a_video_has_a_poster_a_duration_and_codecs(
    #[case] name: &str,
    #[case] codec: &[&str],
    #[case] mime: &str,
    #[case] said: &str,
) {
    let made = make(shared_renderer(), &film(name, codec), mime).unwrap();
    assert_eq!(
        made.pictures.first().map(|poster| (poster.width, poster.height)),
        Some((320, 180)),
        "{:?}",
        made.error
    );
    assert_eq!(
        (made.metadata.width, made.metadata.height, made.metadata.video_codec.as_deref()),
        (Some(320), Some(180), Some(said))
    );
    assert!(
        made.metadata.duration_ms.is_some_and(|length| (2800..3300).contains(&length)),
        "{:?}",
        made.metadata.duration_ms
    );
}

#[test]
fn a_video_filmed_upright_is_shown_upright() {
    let flat = film("flat.mp4", &["-c:v", "libx264", "-pix_fmt", "yuv420p"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flat.mp4");
    std::fs::write(&path, flat).unwrap();
    let turned = made_by_ffmpeg(
        "up.mp4",
        &["-i", path.to_str().unwrap(), "-c", "copy", "-metadata:s:v:0", "rotate=90"],
    );
    let made = make(shared_renderer(), &turned, "video/mp4").unwrap();
    assert_eq!((made.metadata.width, made.metadata.height), (Some(180), Some(320)));
    assert_eq!(made.pictures.first().map(|poster| (poster.width, poster.height)), Some((180, 320)));
}

#[rstest]
#[case("a.mp3", &["-c:a", "libmp3lame"], "audio/mpeg")]
#[case("a.m4a", &["-c:a", "aac"], "audio/mp4")]
#[case("a.flac", &["-c:a", "flac"], "audio/x-flac")]
#[case("a.ogg", &["-c:a", "libvorbis"], "audio/ogg")]
#[case("a.opus", &["-c:a", "libopus"], "audio/ogg")]
#[case("a.wav", &[], "audio/x-wav")]
fn a_recording_has_its_duration_title_and_artist(
    #[case] name: &str,
    #[case] codec: &[&str],
    #[case] mime: &str,
) {
    let made = make(shared_renderer(), &recording(name, codec), mime).unwrap();
    let facts = made.metadata;
    assert!(
        facts.duration_ms.is_some_and(|length| (2900..3200).contains(&length)),
        "{:?}",
        facts.duration_ms
    );
    assert_eq!(
        (facts.title.as_deref(), facts.artist.as_deref()),
        (Some("Harbour Lights"), Some("Mara Quell"))
    );
    if name != "a.wav" {
        assert_eq!(
            (facts.album.as_deref(), facts.track, facts.year),
            (Some("Tidewater"), Some(2), Some(2021))
        );
    }
}

#[test]
fn cover_art_becomes_the_preview_of_a_recording() {
    let path = packaged("iscc_samples-0.6.0/iscc_samples/files/audio/withcover.mp3");
    let made = shared_renderer().render(&File::open(path).unwrap(), "audio/mpeg").unwrap();
    assert_eq!(made.pictures.first().map(|cover| (cover.width, cover.height)), Some((500, 500)));
}

#[test]
fn a_truncated_photo_is_shown_as_far_as_it_was_decoded() {
    let whole = jpeg(&corners(1600, 1200));
    let made = make(shared_renderer(), &whole[..whole.len() * 2 / 3], "image/jpeg").unwrap();
    assert_eq!(&corners_of(&made)[..2], "rg");
}
