//! Makes previews from pixels: smaller images as WebP, and a thumbhash.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::bitmap::Bitmap;
use super::wire_format::Picture;

/// WebP quality, 0 to 100.
const WEBP_QUALITY: f32 = 78.0;
/// WebP effort, 0 (fast) to 6 (small).
const WEBP_EFFORT: i32 = 2;
/// Longest side of the image that a thumbhash is computed from.
const THUMBHASH_SIDE: u32 = 64;

/// Returns the size scaled down to fit into a square, never enlarged.
#[must_use]
pub fn fit_within(width: u32, height: u32, side: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= side {
        return (width, height);
    }
    let scaled = |length: u32| {
        let exact =
            (u64::from(length) * u64::from(side) + u64::from(longest) / 2) / u64::from(longest);
        u32::try_from(exact).unwrap_or(side).max(1)
    };
    (scaled(width), scaled(height))
}

/// Scales a bitmap down to fit into a square.
pub fn downscale(from: Bitmap, side: u32) -> Result<Bitmap, String> {
    let (width, height) = fit_within(from.width, from.height, side);
    if (width, height) == (from.width, from.height) {
        return Ok(from);
    }
    let kind = if from.channels == 4 { PixelType::U8x4 } else { PixelType::U8x3 };
    let source = ImageRef::new(from.width, from.height, &from.pixels, kind)
        .map_err(|cause| cause.to_string())?;
    let mut target = Image::new(width, height, kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize(&source, &mut target, &options).map_err(|cause| cause.to_string())?;
    Bitmap::new(width, height, from.channels, target.into_vec())
}

/// Makes previews for these sides, largest first, and a thumbhash. A small image has fewer previews.
pub fn previews(picture: Bitmap, sides: &[u32]) -> Result<(Vec<Picture>, Vec<u8>), String> {
    let mut pictures: Vec<Picture> = Vec::new();

    let mut current = picture;
    // Each preview is scaled from the previous, larger one, which is faster than from the original.
    for side in sides {
        let is_same =
            fit_within(current.width, current.height, *side) == (current.width, current.height);
        // The previous preview is already no larger than this side.
        if is_same && !pictures.is_empty() {
            continue;
        }
        if !is_same {
            current = downscale(current, *side)?;
        }

        pictures.push(Picture {
            width: current.width,
            height: current.height,
            bytes: encode_webp(&current)?,
        });
    }

    let small = downscale(current, THUMBHASH_SIDE)?;
    Ok((pictures, thumbhash_of(&small)))
}

/// Encodes a bitmap, with or without an alpha channel, as WebP.
fn encode_webp(picture: &Bitmap) -> Result<Vec<u8>, String> {
    let encoder = if picture.channels == 4 {
        webp::Encoder::from_rgba(&picture.pixels, picture.width, picture.height)
    } else {
        webp::Encoder::from_rgb(&picture.pixels, picture.width, picture.height)
    };
    let mut config = webp::WebPConfig::new().map_err(|()| "no WebP encoder")?;
    config.quality = WEBP_QUALITY;
    config.method = WEBP_EFFORT;
    encoder
        .encode_advanced(&config)
        .map(|bytes| bytes.to_vec())
        .map_err(|cause| format!("{cause:?}"))
}

/// Computes a thumbhash: a few bytes that describe a blurred placeholder of an image.
fn thumbhash_of(picture: &Bitmap) -> Vec<u8> {
    let rgba: Vec<u8> = if picture.channels == 4 {
        picture.pixels.clone()
    } else {
        // The library expects RGBA, so the pixels become opaque.
        picture
            .pixels
            .chunks_exact(3)
            .flat_map(|pixel| pixel.iter().copied().chain([255]))
            .collect()
    };
    thumbhash::rgba_to_thumb_hash(picture.width as usize, picture.height as usize, &rgba)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_fit_into_the_square_and_are_never_enlarged() {
        assert_eq!(fit_within(6000, 4000, 1280), (1280, 853));
        assert_eq!(fit_within(4000, 6000, 320), (213, 320));
        assert_eq!(fit_within(100, 50, 320), (100, 50));
        assert_eq!(fit_within(100_000, 1, 320), (320, 1));
    }

    #[test]
    fn a_small_image_has_one_preview() {
        let picture =
            |side: u32| Bitmap::new(side, side, 3, vec![7; (side * side * 3) as usize]).unwrap();
        let sizes = |side| {
            previews(picture(side), &[1280, 640, 320])
                .unwrap()
                .0
                .iter()
                .map(|one| one.width)
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(100), [100]);
        assert_eq!(sizes(500), [500, 320]);
        assert_eq!(sizes(1400), [1280, 640, 320]);
    }
}
