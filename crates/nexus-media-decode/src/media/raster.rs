//! PNG, WebP, GIF, TIFF, BMP and ICO: the first image of the file.

use std::io::Cursor;

use image::{ColorType, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::bitmap::Bitmap;

/// Longest side in pixels.
const MAX_SIDE: u32 = 65_535;
/// Memory that a decoder may use, in bytes.
const MAX_MEMORY: u64 = 384 << 20;

/// A decoded image with its color profile and orientation.
pub struct DecodedRaster {
    /// The size in the file. The bitmap may already be smaller.
    pub width: u32,
    pub height: u32,
    pub bitmap: Bitmap,
    pub profile: Option<Vec<u8>>,
    pub orientation: u8,
    /// The file ends before the image does, or is damaged. The bitmap shows what was decoded.
    pub is_damaged: bool,
}

#[must_use]
pub fn format(mime: &str) -> Option<ImageFormat> {
    Some(match mime {
        "image/png" | "image/vnd.mozilla.apng" | "image/apng" => ImageFormat::Png,
        "image/webp" => ImageFormat::WebP,
        "image/gif" => ImageFormat::Gif,
        "image/bmp" => ImageFormat::Bmp,
        "image/vnd.microsoft.icon" => ImageFormat::Ico,
        "image/tiff" => ImageFormat::Tiff,
        _ => return None,
    })
}

/// Decodes the first image of a file to no less than `side` pixels on its longer side, if it has as many. Its color
/// profile and orientation are returned, not applied.
pub fn decode(bytes: &[u8], format: ImageFormat, side: u32) -> Result<DecodedRaster, String> {
    let decoded = decode_as(bytes, format, side);
    // The decoder of icons only accepts PNG with transparency inside.
    match (&decoded, memchr::memmem::find(bytes, b"\x89PNG\r\n\x1a\n")) {
        (Err(_), Some(start)) if format == ImageFormat::Ico => {
            decode_as(bytes.get(start..).unwrap_or_default(), ImageFormat::Png, side)
        }
        _ => decoded,
    }
}

fn decode_as(bytes: &[u8], format: ImageFormat, side: u32) -> Result<DecodedRaster, String> {
    // The decoder rejects larger pictures before it allocates.
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height, limits.max_alloc) =
        (Some(MAX_SIDE), Some(MAX_SIDE), Some(MAX_MEMORY));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|cause| cause.to_string())?;
    let (width, height) = decoder.dimensions();

    // What the decoder writes, whose size depends on the depth of its colors.
    let (color, length) = (decoder.color_type(), decoder.total_bytes());
    if length > MAX_MEMORY {
        return Err(format!("{width} × {height} pixels are too many"));
    }

    // A profile or orientation that cannot be read must not prevent the preview; orientation 1 is upright.
    let profile = decoder.icc_profile().ok().flatten();
    let orientation = decoder.orientation().map_or(1, image::metadata::Orientation::to_exif);

    let mut pixels = vec![0; usize::try_from(length).map_err(|cause| cause.to_string())?];
    let decoded = decoder.read_image(&mut pixels);
    // After an error, the pixels before it are there, unless nothing was decoded.
    if let Err(cause) = &decoded
        && pixels.iter().all(|byte| *byte == 0)
    {
        return Err(cause.to_string());
    }

    let (pixels, channels) = to_eight_bits(pixels, color)?;
    let bitmap = shrink(pixels, (width, height), channels, side)?;
    Ok(DecodedRaster { width, height, bitmap, profile, orientation, is_damaged: decoded.is_err() })
}

/// Converts to eight bits per channel; returns the number of channels.
fn to_eight_bits(pixels: Vec<u8>, color: ColorType) -> Result<(Vec<u8>, usize), String> {
    let channels = usize::from(color.channel_count());
    let converted = match color {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => pixels,
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => pixels
            .chunks_exact(2)
            .map(|pair| {
                <[u8; 2]>::try_from(pair).map_or(0, |pair| (u16::from_ne_bytes(pair) >> 8) as u8)
            })
            .collect(),
        ColorType::Rgb32F | ColorType::Rgba32F => pixels
            .chunks_exact(4)
            .map(|part| {
                <[u8; 4]>::try_from(part).map_or(0, |part| to_byte(f32::from_ne_bytes(part)))
            })
            .collect(),
        _ => return Err("this kind of pixels is not supported".into()),
    };
    Ok((converted, channels))
}

/// A channel from 0 to 1 as a byte.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates, and NaN becomes 0"
)]
fn to_byte(value: f32) -> u8 {
    (value * 255.0).round() as u8
}

/// Makes an RGB or RGBA bitmap of pixels with one to four channels. An image of more than twice `side` pixels is
/// averaged over squares, so that a large gray image is never held in color.
fn shrink(
    pixels: Vec<u8>,
    (width, height): (u32, u32),
    channels: usize,
    side: u32,
) -> Result<Bitmap, String> {
    let square = width.max(height).checked_div(side).map_or(1, |sides| (sides / 2).max(1));
    // The pixels are what the bitmap needs.
    match channels {
        3 if square == 1 => return Bitmap::new(width, height, 3, pixels),
        4 if square == 1 => return Bitmap::new(width, height, 4, pixels),
        _ => {}
    }

    let (small_width, small_height) = (width.div_ceil(square), height.div_ceil(square));
    let to_size = |number: u32| usize::try_from(number).map_err(|cause| cause.to_string());
    let (width, height, square) = (to_size(width)?, to_size(height)?, to_size(square)?);

    let shown_channels = if channels.is_multiple_of(2) { 4 } else { 3 };
    let mut shown =
        Vec::with_capacity(to_size(small_width)? * to_size(small_height)? * shown_channels);
    let row_length = width * channels;

    for top in (0..height).step_by(square) {
        for left in (0..width).step_by(square) {
            let (bottom, right) = ((top + square).min(height), (left + square).min(width));
            let mut sums = [0_u64; 4];
            for row in top..bottom {
                let start = row * row_length;
                let part = pixels
                    .get(start + left * channels..start + right * channels)
                    .unwrap_or_default();
                for pixel in part.chunks_exact(channels) {
                    for (sum, value) in sums.iter_mut().zip(pixel) {
                        *sum += u64::from(*value);
                    }
                }
            }

            let count = ((bottom - top) * (right - left)) as u64;
            let [a, b, c, d] = sums.map(|sum| u8::try_from(sum / count).unwrap_or(u8::MAX));
            match channels {
                1 => shown.extend([a, a, a]),
                2 => shown.extend([a, a, a, b]),
                3 => shown.extend([a, b, c]),
                _ => shown.extend([a, b, c, d]),
            }
        }
    }
    Bitmap::new(small_width, small_height, if shown_channels == 4 { 4 } else { 3 }, shown)
}

/// Returns the width and height of the first image of a file.
#[must_use]
pub fn size(bytes: &[u8], format: ImageFormat) -> Option<(u32, u32)> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // Nothing is decoded.
    reader.no_limits();
    reader.into_decoder().ok().map(|decoder| decoder.dimensions())
}
