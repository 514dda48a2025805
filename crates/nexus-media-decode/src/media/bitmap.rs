//! Uncompressed pixels between decoding and encoding.

/// Pixels with eight bits per channel and no padding between rows.
pub struct Bitmap {
    pub width: u32,
    pub height: u32,
    /// 3 (RGB) or 4 (RGBA).
    pub channels: u8,
    pub pixels: Vec<u8>,
}

impl Bitmap {
    pub fn new(width: u32, height: u32, channels: u8, pixels: Vec<u8>) -> Result<Self, String> {
        let expected = u64::from(width) * u64::from(height) * u64::from(channels);
        if width == 0 || height == 0 || u64::try_from(pixels.len()).ok() != Some(expected) {
            return Err("pixels and size do not fit".into());
        }
        Ok(Self { width, height, channels, pixels })
    }

    /// Mirrors and rotates the pixels by an EXIF orientation (1 to 8), so that the image is upright. An invalid
    /// orientation changes nothing.
    #[must_use]
    pub fn oriented(self, orientation: u8) -> Self {
        let (width, height, channels) =
            (self.width as usize, self.height as usize, usize::from(self.channels));
        let swaps = matches!(orientation, 5..=8);
        if !matches!(orientation, 2..=8) {
            return self;
        }

        let (new_width, new_height) = if swaps { (height, width) } else { (width, height) };

        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..new_height {
            for x in 0..new_width {
                // The source pixel that is shown at (x, y).
                let (from_x, from_y) = match orientation {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    _ => (width - 1 - y, x),
                };
                let at = (from_y * width + from_x) * channels;
                pixels.extend_from_slice(self.pixels.get(at..at + channels).unwrap_or_default());
            }
        }

        let (width, height) =
            if swaps { (self.height, self.width) } else { (self.width, self.height) };
        Self { width, height, channels: self.channels, pixels }
    }

    /// Converts to sRGB from the color space of an ICC profile. An unusable profile changes nothing.
    #[must_use]
    pub fn into_srgb(mut self, profile: Option<&[u8]>) -> Self {
        use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
        let Some(profile) = profile.and_then(|bytes| ColorProfile::new_from_slice(bytes).ok())
        else {
            return self;
        };

        let target = ColorProfile::new_srgb();
        // The pixels of a gray image were made RGB, with three equal values.
        if profile.color_space == DataColorSpace::Gray {
            let transform = profile.create_transform_8bit(
                Layout::Gray,
                &target,
                Layout::Rgb,
                TransformOptions::default(),
            );
            let channels = usize::from(self.channels);
            let is_gray = self.pixels.chunks_exact(channels).all(
                |pixel| matches!(pixel, [red, green, blue, ..] if red == green && green == blue),
            );
            // All 256 values are converted once.
            let values: Vec<u8> = (0..=u8::MAX).collect();
            let mut converted = vec![0; values.len() * 3];
            let is_converted = transform
                .is_ok_and(|transform| transform.transform(&values, &mut converted).is_ok());
            if is_gray && is_converted {
                for pixel in self.pixels.chunks_exact_mut(channels) {
                    if let Some((color, _)) = pixel.split_at_mut_checked(3)
                        && let Some(value) = color.first().map(|value| usize::from(*value) * 3)
                        && let Some(new) = converted.get(value..value + 3)
                    {
                        color.copy_from_slice(new);
                    }
                }
            }
            return self;
        }
        // The pixels are RGB, so a profile for another color space does not describe them.
        if profile.color_space != DataColorSpace::Rgb {
            return self;
        }
        let layout = if self.channels == 4 { Layout::Rgba } else { Layout::Rgb };

        let transform =
            profile.create_transform_8bit(layout, &target, layout, TransformOptions::default());

        if let Ok(transform) = transform {
            let mut converted = vec![0; self.pixels.len()];
            if transform.transform(&self.pixels, &mut converted).is_ok() {
                self.pixels = converted;
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gray_images_are_converted_from_their_profile() {
        let linear = moxcms::ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
        let pixels = vec![54, 54, 54, 255, 255, 255];
        let shown = Bitmap::new(2, 1, 3, pixels).unwrap().into_srgb(Some(&linear));
        // Half as bright as white needs less than half of the light.
        assert!(
            shown.pixels[..3].iter().all(|value| (124..=130).contains(value)),
            "{:?}",
            shown.pixels
        );
        assert_eq!(shown.pixels[3..], [255, 255, 255]);
    }

    #[test]
    fn every_orientation_moves_the_first_corner_to_its_place() {
        // a b c
        // d e f
        let shown = |orientation| {
            let pixels = "abcdef".bytes().flat_map(|byte| [byte; 3]).collect();
            let turned = Bitmap::new(3, 2, 3, pixels).unwrap().oriented(orientation);
            let letters: String =
                turned.pixels.iter().step_by(3).map(|byte| char::from(*byte)).collect();
            (turned.width, letters)
        };
        assert_eq!(shown(1), (3, "abcdef".into()));
        assert_eq!(shown(2), (3, "cbafed".into()));
        assert_eq!(shown(3), (3, "fedcba".into()));
        assert_eq!(shown(4), (3, "defabc".into()));
        assert_eq!(shown(5), (2, "adbecf".into()));
        assert_eq!(shown(6), (2, "daebfc".into()));
        assert_eq!(shown(7), (2, "fcebda".into()));
        assert_eq!(shown(8), (2, "cfbead".into()));
    }
}
