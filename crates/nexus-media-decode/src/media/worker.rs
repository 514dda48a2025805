//! The sandboxed side: decodes one file in a process of its own.

use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;

use image::ImageFormat;

use super::metadata::Metadata;
use super::raster::DecodedRaster;
use super::sniff::{SIDECAR_JSON, SIDECAR_XMP, sniff};
use super::wire_format::{self, FULL_SIZE_SIDES, PREVIEW_SIDES, Rendered};
use super::{
    audio_tags, container_dates, embedded_jpeg, exif, heif, iptc, jpeg, motion, png_text, raster,
    resize, svg, takeout, x3f, xmp,
};
use crate::sandbox::lockdown::{self, ResourceLimits, StandardInput};
use crate::sandbox::supervisor::{EXIT_NO_SANDBOX, EXIT_REFUSED};

/// Limits of a decoder.
const LIMITS: ResourceLimits = ResourceLimits { memory: 1 << 30, seconds: 30 };
/// Limits for SVG, which is close to a program.
const SVG_LIMITS: ResourceLimits = ResourceLimits { memory: 1 << 30, seconds: 8 };
/// Limits of an external tool, whose libraries reserve more memory than they use.
const TOOL_LIMITS: ResourceLimits = ResourceLimits { memory: 3 << 29, seconds: 30 };
/// Largest image file in bytes.
const MAX_INPUT_BYTES: u64 = 384 << 20;

/// Runs the worker if the program was started as one, with `sandbox-worker` as the first argument; otherwise returns
/// `None`.
#[must_use]
pub fn run_if_requested(arguments: &[String]) -> Option<ExitCode> {
    let (first, rest) = arguments.split_first()?;
    if first != "sandbox-worker" {
        return None;
    }
    Some(match rest {
        [what, mime, sides] if what == "decode" => decode(mime, sides),
        [what, program, arguments @ ..] if what == "tool" => run_tool(program, arguments),
        // Tests use this to verify the sandbox; release builds do not contain it.
        #[cfg(debug_assertions)]
        [what, call] if what == "canary" => run_canary(call),
        // Wrong arguments.
        _ => ExitCode::from(2),
    })
}

fn exit(code: i32, message: &str) -> ExitCode {
    drop(std::io::stdout().write_all(message.as_bytes()));
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Reads the input, locks the process down, decodes, and writes the result.
fn decode(mime: &str, sides: &str) -> ExitCode {
    // An empty text results in no sides; then of an image only the metadata is read.
    let sides: Vec<u32> = sides
        .split(',')
        .filter_map(|side| side.parse().ok())
        .filter(|side| PREVIEW_SIDES.contains(side) || FULL_SIZE_SIDES.contains(side))
        .collect();

    // Read before the lock-down, except audio, which is read in parts afterwards.
    let input = WorkerInput::read(mime);
    let limits = if mime == SVG { SVG_LIMITS } else { LIMITS };
    if let Err(cause) = lockdown::lock_down(limits) {
        return exit(EXIT_NO_SANDBOX, &format!("the kernel cannot lock decoders down: {cause}"));
    }

    // The default hook would only write to standard error, which is /dev/null; the panic is caught below.
    std::panic::set_hook(Box::new(|_| {}));

    let rendered = input.and_then(|input| {
        // A panic becomes a reason why the file is rejected.
        let work = std::panic::AssertUnwindSafe(|| render(input, mime, &sides));
        std::panic::catch_unwind(work).unwrap_or_else(|_| Err("the decoder panicked".into()))
    });

    match rendered {
        Ok(rendered) => match std::io::stdout().write_all(&wire_format::encode(&rendered)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(why) => exit(EXIT_REFUSED, &why),
    }
}

/// What must be read before the process is locked down. Nothing has been parsed yet.
enum WorkerInput {
    /// Read in parts, after lock-down.
    Audio,
    Picture {
        bytes: Vec<u8>,
        fonts: Vec<Vec<u8>>,
    },
}

impl WorkerInput {
    /// Reads standard input, except for audio, and the system's fonts if an SVG contains text.
    fn read(mime: &str) -> Result<Self, String> {
        // The audio decoder reads standard input itself, in parts.
        if mime.starts_with("audio/") {
            return Ok(Self::Audio);
        }
        let mut bytes = Vec::new();
        if container_dates::can_have(mime) {
            StandardInput
                .take(container_dates::SEARCHED_BYTES)
                .read_to_end(&mut bytes)
                .map_err(|cause| cause.to_string())?;
            return Ok(Self::Picture { bytes, fonts: Vec::new() });
        }
        StandardInput
            // One byte more than allowed, so that a larger file is noticed.
            .take(MAX_INPUT_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|cause| cause.to_string())?;
        if bytes.len() as u64 > MAX_INPUT_BYTES {
            return Err("too large to be decoded".into());
        }
        // Fonts are loaded now, because files cannot be opened after the lock-down.
        let fonts =
            if mime == SVG && svg::has_text(&bytes) { svg::load_fonts() } else { Vec::new() };
        Ok(Self::Picture { bytes, fonts })
    }
}

const SVG: &str = "image/svg+xml";

/// Reads the metadata of a file and renders its previews. An image without `sides` only has its metadata read.
fn render(input: WorkerInput, mime: &str, sides: &[u32]) -> Result<Rendered, String> {
    match input {
        // Files that describe others have no picture.
        WorkerInput::Picture { bytes, .. } if mime == SIDECAR_JSON => {
            let metadata = takeout::read(&bytes).ok_or("this file describes no other")?;
            Ok(Rendered { metadata, ..Rendered::default() })
        }
        WorkerInput::Picture { bytes, .. } if container_dates::can_have(mime) => {
            Ok(Rendered { metadata: container_dates::read(&bytes), ..Rendered::default() })
        }
        WorkerInput::Picture { bytes, .. } if mime == SIDECAR_XMP => {
            Ok(Rendered { metadata: xmp::read(&bytes), ..Rendered::default() })
        }
        WorkerInput::Audio => {
            let (metadata, cover) = audio_tags::read(StandardInput)?;
            let mut rendered = Rendered { metadata, ..Rendered::default() };
            // A broken cover must not prevent the metadata.
            if let Some(cover) = cover {
                // Without a name, because the name only distinguishes text formats.
                let mime = sniff(&cover, "").mime;
                // No fonts are loaded for audio files, so text in an SVG cover is not drawn.
                match decode_image(cover, mime, Vec::new(), sides) {
                    Ok(image) => {
                        (rendered.pictures, rendered.thumbhash) = (image.pictures, image.thumbhash);
                    }
                    Err(why) => rendered.error = Some(why),
                }
            }
            Ok(rendered)
        }
        // Metadata and pixels come from the same bytes.
        WorkerInput::Picture { bytes, fonts } => {
            // Broken metadata must not prevent the preview.
            let (mut metadata, orientation) =
                catch_panic(|| exif::read(&bytes)).unwrap_or((Metadata::default(), 1));
            // EXIF has precedence over XMP, and XMP over IPTC.
            metadata.merge_missing(catch_panic(|| xmp::read(&bytes)).unwrap_or_default());
            metadata.merge_missing(catch_panic(|| iptc::read(&bytes)).unwrap_or_default());
            metadata.merge_missing(catch_panic(|| png_text::read(&bytes)).unwrap_or_default());
            metadata.merge_missing(catch_panic(|| x3f::read(&bytes)).unwrap_or_default());
            metadata.motion = catch_panic(|| motion::find(&bytes)).flatten();
            // Without sides, only metadata is wanted.
            if sides.is_empty() {
                set_size_without_decoding(&mut metadata, &bytes, mime, orientation);
                return Ok(Rendered { metadata, ..Rendered::default() });
            }
            match decode_image(bytes, mime, fonts, sides) {
                Ok(image) => Ok(Rendered {
                    metadata: Metadata {
                        width: image.width,
                        height: image.height,
                        is_damaged: image.is_damaged,
                        ..metadata
                    },
                    ..image.into()
                }),
                Err(why) => Ok(Rendered { metadata, error: Some(why), ..Rendered::default() }),
            }
        }
    }
}

/// Sets the size of an image that another program decodes.
fn set_size_without_decoding(metadata: &mut Metadata, bytes: &[u8], mime: &str, orientation: u8) {
    // HEIF and AVIF say how they are shown in their boxes; what their EXIF says may be of another file.
    if bytes.get(4..8) == Some(b"ftyp") {
        let info = catch_panic(|| heif::info(bytes)).flatten();
        (metadata.width, metadata.height) = info.map(|info| (info.width, info.height)).unzip();
        metadata.has_color_profile = info.is_some_and(|info| info.has_profile);
        return;
    }
    if let Some((width, height)) = raster::format(mime)
        .and_then(|format| catch_panic(|| raster::size(bytes, format)).flatten())
    {
        (metadata.width, metadata.height) = (Some(width), Some(height));
    }
    if mime == "image/tiff"
        && let Some((width, height, has_profile)) = catch_panic(|| exif::tiff_size(bytes)).flatten()
    {
        (metadata.width, metadata.height) = (Some(width), Some(height));
        metadata.has_color_profile = has_profile;
    }
    // Orientations 5 to 8 turn the image by 90 degrees, which swaps its sides.
    if matches!(orientation, 5..=8) {
        (metadata.width, metadata.height) = (metadata.height, metadata.width);
    }
}

fn catch_panic<T>(read: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).ok()
}

/// Previews of an image, and the size of the original.
struct DecodedImage {
    width: Option<u32>,
    height: Option<u32>,
    pictures: Vec<wire_format::Picture>,
    thumbhash: Vec<u8>,
    is_damaged: bool,
}

impl From<DecodedImage> for Rendered {
    fn from(image: DecodedImage) -> Self {
        Self { pictures: image.pictures, thumbhash: image.thumbhash, ..Self::default() }
    }
}

/// Decodes an image and makes its previews in sRGB and with the orientation applied.
fn decode_image(
    bytes: Vec<u8>,
    mime: &str,
    fonts: Vec<Vec<u8>>,
    sides: &[u32],
) -> Result<DecodedImage, String> {
    // The sides are ordered from the largest to the smallest.
    let side = sides.first().copied().unwrap_or_default();
    let source = decoded(&bytes, mime, fonts, side)?;

    // Frees the memory of the file for the next steps.
    drop(bytes);
    // Orientations 5 to 8 turn the image by 90 degrees, which swaps its sides.
    let turned = matches!(source.orientation, 5..=8);
    let (width, height) =
        if turned { (source.height, source.width) } else { (source.width, source.height) };
    // Scaled down first, so that the next steps process fewer pixels.
    let small = resize::downscale(source.bitmap, side)?
        .into_srgb(source.profile.as_deref())
        .oriented(source.orientation);
    let (pictures, thumbhash) = resize::previews(small, sides)?;
    let (width, height) = (Some(width), Some(height));
    Ok(DecodedImage { width, height, pictures, thumbhash, is_damaged: source.is_damaged })
}

/// Decodes an image with the decoder for its format. A larger image may already be scaled down, but to no less than
/// `side` pixels on its longer side.
fn decoded(
    bytes: &[u8],
    mime: &str,
    fonts: Vec<Vec<u8>>,
    side: u32,
) -> Result<DecodedRaster, String> {
    // JPEG and SVG have decoders of their own.
    match mime {
        "image/jpeg" => return from_jpeg(bytes, side),
        SVG => {
            let bitmap = svg::render(bytes, fonts, side)?;
            // An SVG is always upright (orientation 1) and has no color profile.
            let (width, height, profile, orientation) = (bitmap.width, bitmap.height, None, 1);
            let is_damaged = false;
            return Ok(DecodedRaster { width, height, bitmap, profile, orientation, is_damaged });
        }
        _ => {}
    }

    // An embedded JPEG has precedence, because many RAW files are TIFF files with a small image of their own.
    if let Some((jpeg, _, _)) = embedded_image(mime, bytes) {
        let decoded = from_jpeg(jpeg, side)?;
        let raw_orientation = catch_panic(|| exif::read(bytes).1).unwrap_or(1);
        // The orientation in the RAW file has precedence over that of its embedded JPEG.
        let orientation = if raw_orientation == 1 { decoded.orientation } else { raw_orientation };
        return Ok(DecodedRaster { orientation, ..decoded });
    }
    let format = raster::format(mime).ok_or("this image format is not supported")?;
    raster::decode(bytes, format, side)
}

fn from_jpeg(bytes: &[u8], side: u32) -> Result<DecodedRaster, String> {
    let header = jpeg::header(bytes)?;
    let (bitmap, is_damaged) = jpeg::decode(bytes, side)?;
    Ok(DecodedRaster {
        width: header.width,
        height: header.height,
        bitmap,
        profile: jpeg::icc_profile(bytes),
        orientation: catch_panic(|| exif::read(bytes).1).unwrap_or(1),
        is_damaged,
    })
}

/// The JPEG inside a camera RAW file: in an unknown format, or in a TIFF whose own image is smaller.
fn embedded_image<'a>(mime: &str, bytes: &'a [u8]) -> Option<(&'a [u8], u32, u32)> {
    if raster::format(mime).is_some() && mime != "image/tiff" {
        return None;
    }
    let found = embedded_jpeg::largest(bytes)?;
    let is_larger = mime != "image/tiff"
        || raster::size(bytes, ImageFormat::Tiff).is_none_or(|(own, _)| own < found.1);
    is_larger.then_some(found)
}

/// Becomes an external tool after locking the process down. Only returns if that fails.
fn run_tool(program: &str, arguments: &[String]) -> ExitCode {
    use std::os::unix::process::CommandExt;
    if let Err(cause) = lockdown::lock_down_tool(TOOL_LIMITS, Path::new(program)) {
        return exit(EXIT_NO_SANDBOX, &format!("the kernel cannot lock {program} down: {cause}"));
    }
    let cause = std::process::Command::new(program).args(arguments).exec();
    exit(EXIT_NO_SANDBOX, &format!("{program} cannot be started: {cause}"))
}

#[cfg(debug_assertions)]
fn run_canary(call: &str) -> ExitCode {
    if let Err(cause) = lockdown::lock_down(LIMITS) {
        return exit(EXIT_NO_SANDBOX, &cause.to_string());
    }
    match crate::sandbox::canary::run(call) {
        Ok(()) => exit(0, "alive"),
        Err(cause) => exit(EXIT_REFUSED, &cause.to_string()),
    }
}
