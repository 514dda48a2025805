//! PNG, WebP, GIF, TIFF, BMP and ICO: the first image of the file.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::bitmap::Bitmap;

/// Longest side in pixels.
const MAX_SIDE: u32 = 65_535;
/// Memory that a decoder may use, in bytes.
const MAX_MEMORY: u64 = 384 << 20;

/// A decoded image with its color profile and orientation.
pub struct DecodedRaster {
    pub bitmap: Bitmap,
    pub profile: Option<Vec<u8>>,
    pub orientation: u8,
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

/// Decodes the first image of a file. Its color profile and orientation are returned, not applied.
pub fn decode(bytes: &[u8], format: ImageFormat) -> Result<DecodedRaster, String> {
    // The decoder rejects larger pictures before it allocates.
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height, limits.max_alloc) =
        (Some(MAX_SIDE), Some(MAX_SIDE), Some(MAX_MEMORY));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|cause| cause.to_string())?;
    let (width, height) = decoder.dimensions();

    // Room for four channels of eight bits beside what the decoder itself holds.
    if u64::from(width) * u64::from(height) * 4 > MAX_MEMORY {
        return Err(format!("{width} × {height} pixels are too many"));
    }

    // A profile or orientation that cannot be read must not prevent the preview; orientation 1 is upright.
    let profile = decoder.icc_profile().ok().flatten();
    let orientation = decoder.orientation().map_or(1, image::metadata::Orientation::to_exif);
    let decoded = DynamicImage::from_decoder(decoder).map_err(|cause| cause.to_string())?;
    let (width, height) = (decoded.width(), decoded.height());

    // Without an alpha channel, three channels are enough.
    let bitmap = if decoded.color().has_alpha() {
        Bitmap::new(width, height, 4, decoded.into_rgba8().into_raw())?
    } else {
        Bitmap::new(width, height, 3, decoded.into_rgb8().into_raw())?
    };
    Ok(DecodedRaster { bitmap, profile, orientation })
}

/// Returns the width of a TIFF's first image.
#[must_use]
pub fn width(bytes: &[u8]) -> Option<u32> {
    let reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Tiff);
    reader.into_decoder().ok().map(|decoder| decoder.dimensions().0)
}
