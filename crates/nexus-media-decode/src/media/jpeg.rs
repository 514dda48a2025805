//! JPEG, decoded at a fraction of its size where that suffices.

use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat, ScalingFactor};

use super::bitmap::Bitmap;

/// Pixels of the largest image that is decoded.
const MAX_PIXELS: usize = 400_000_000;
/// Scans of a progressive image; cameras write about ten.
const MAX_SCANS: u32 = 200;

/// The size of a JPEG.
pub struct JpegHeader {
    pub width: u32,
    pub height: u32,
}

fn to_dimension(number: usize) -> Result<u32, String> {
    u32::try_from(number).map_err(|cause| cause.to_string())
}

pub fn header(bytes: &[u8]) -> Result<JpegHeader, String> {
    let header = Decompressor::new()
        .and_then(|mut of| of.read_header(bytes))
        .map_err(|cause| cause.to_string())?;
    if header.is_lossless {
        return Err("lossless JPEG".into());
    }
    Ok(JpegHeader { width: to_dimension(header.width)?, height: to_dimension(header.height)? })
}

/// Decodes to at least `side` pixels on the longer side, if the image has as many. A truncated image is decoded as far
/// as it goes; then the second value is true.
pub fn decode(bytes: &[u8], side: u32) -> Result<(Bitmap, bool), String> {
    let mut decompressor = Decompressor::new().map_err(|cause| cause.to_string())?;
    let header = decompressor.read_header(bytes).map_err(|cause| cause.to_string())?;
    if header.is_lossless || header.width * header.height > MAX_PIXELS {
        return Err("the image is too large or of an unsupported kind".into());
    }

    // libjpeg decodes at eighths of the size, which saves time and memory.
    let longest = header.width.max(header.height);
    // The smallest scale at which the longer side still has `side` pixels, otherwise the full size.
    let eighths = (1..=8)
        .find(|eighths| ScalingFactor::new(*eighths, 8).scale(longest) >= side as usize)
        .unwrap_or(8);
    let scale = ScalingFactor::new(eighths, 8);
    decompressor.set_scaling_factor(scale).map_err(|cause| cause.to_string())?;

    // Progressive files with many scans take long to decode.
    decompressor.set_scan_limit(MAX_SCANS).map_err(|cause| cause.to_string())?;
    let scaled = header.scaled(scale);

    // CMYK is converted after decoding.
    let is_cmyk = matches!(header.colorspace, Colorspace::CMYK | Colorspace::YCCK);
    let (format, bytes_per_pixel) =
        if is_cmyk { (PixelFormat::CMYK, 4) } else { (PixelFormat::RGB, 3) };
    let mut pixels = vec![0; scaled.width * scaled.height * bytes_per_pixel];

    let image = Image {
        pixels: pixels.as_mut_slice(),
        width: scaled.width,
        pitch: scaled.width * bytes_per_pixel,
        height: scaled.height,
        format,
    };

    // A truncated file still shows its beginning.
    let is_damaged = match decompressor.decompress(bytes, image) {
        Ok(()) => false,
        // If all bytes are zero, nothing was decoded.
        Err(cause) if is_warning(&cause.to_string()) && pixels.iter().any(|byte| *byte != 0) => {
            !is_harmless(&cause.to_string())
        }
        Err(cause) => return Err(cause.to_string()),
    };

    if is_cmyk {
        pixels = cmyk_to_rgb(&pixels);
    }
    let bitmap = Bitmap::new(to_dimension(scaled.width)?, to_dimension(scaled.height)?, 3, pixels)?;
    Ok((bitmap, is_damaged))
}

/// Whether a warning is about bytes that no picture needs.
fn is_harmless(message: &str) -> bool {
    ["extraneous bytes", "Unsupported marker"].iter().any(|part| message.contains(part))
}

/// Whether the decoder reported a warning and continued.
fn is_warning(message: &str) -> bool {
    [
        "Premature end",
        "Corrupt JPEG",
        "extraneous bytes",
        "Unsupported marker",
        "Inconsistent progression",
    ]
    .iter()
    .any(|part| message.contains(part))
}

/// Converts inverted CMYK, as Adobe writes it.
fn cmyk_to_rgb(pixels: &[u8]) -> Vec<u8> {
    let mix =
        |ink: u8, black: u8| u8::try_from(u16::from(ink) * u16::from(black) / 255).unwrap_or(255);
    pixels
        .chunks_exact(4)
        .flat_map(
            |of| if let [c, m, y, k] = *of { [mix(c, k), mix(m, k), mix(y, k)] } else { [0; 3] },
        )
        .collect()
}

/// Assembles the ICC color profile, which a JPEG stores in one or more APP2 segments (ICC.1, annex B.4). Returns `None`
/// if there is no profile or a segment is cut off.
#[must_use]
pub fn icc_profile(bytes: &[u8]) -> Option<Vec<u8>> {
    const NAME: &[u8] = b"ICC_PROFILE\0";
    let mut parts: Vec<(u8, &[u8])> = Vec::new();
    // The segments follow the two bytes of the start marker.
    let mut at = 2;

    while let (Some(0xff), Some(marker)) = (bytes.get(at), bytes.get(at + 1)) {
        // The image data begins (SOS), or there are more segments than a profile can have.
        if *marker == 0xda || parts.len() > 255 {
            break;
        }
        let length = usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
        // The length includes its own two bytes, but not those of the marker.
        let segment = bytes.get(at + 4..at + 2 + length)?;
        // 0xe2 is the marker of APP2, which other data may use as well.
        if let (0xe2, Some(rest)) = (*marker, segment.strip_prefix(NAME)) {
            // The number of this segment and the number of all segments precede the data.
            parts.push((*rest.first()?, rest.get(2..)?));
        }
        at += 2 + length;
    }
    parts.sort_by_key(|(number, _)| *number);
    let assembled: Vec<u8> = parts.into_iter().flat_map(|(_, part)| part.iter().copied()).collect();
    (!assembled.is_empty()).then_some(assembled)
}
