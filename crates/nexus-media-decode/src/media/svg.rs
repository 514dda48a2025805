//! SVG, rendered without scripts, network or files.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{ImageHrefResolver, Options, Tree};

use super::bitmap::Bitmap;

/// Largest SVG in bytes.
const MAX_SVG_BYTES: usize = 8 << 20;
/// Largest font in bytes, and number of fonts loaded.
const MAX_FONT_BYTES: u64 = 2 << 20;
const MAX_FONTS: usize = 12;

/// Whether an SVG contains text, so that fonts must be loaded before the process is locked down.
#[must_use]
pub fn has_text(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"<text").is_some()
}

/// Reads up to `MAX_FONTS` TrueType fonts of the system into memory, because a locked-down process cannot open files.
/// Folders and files that cannot be read are skipped.
#[must_use]
pub fn load_fonts() -> Vec<Vec<u8>> {
    let mut font_files = Vec::new();
    let mut folders = vec![std::path::PathBuf::from("/usr/share/fonts/truetype")];

    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            // The same number limits the folders that are still to be searched.
            if path.is_dir() && folders.len() < MAX_FONTS {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "ttf")
                && entry.metadata().is_ok_and(|of| of.len() <= MAX_FONT_BYTES)
                && font_files.len() < MAX_FONTS
            {
                font_files.extend(std::fs::read(path).ok());
            }
        }
    }
    font_files
}

/// Renders an SVG so that its longer side has `side` pixels, also if that enlarges it.
pub fn render(bytes: &[u8], fonts: Vec<Vec<u8>>, side: u32) -> Result<Bitmap, String> {
    if bytes.len() > MAX_SVG_BYTES {
        return Err("the SVG is too large".into());
    }

    let mut options = Options {
        // External references are not loaded, and embedded images are not decoded.
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    };

    for font in fonts {
        options.fontdb_mut().load_font_data(font);
    }

    let tree = Tree::from_data(bytes, &options).map_err(|cause| cause.to_string())?;
    let size = tree.size();
    let longest = size.width().max(size.height());
    if !longest.is_finite() || longest <= 0.0 {
        return Err("the SVG has no size".into());
    }
    #[expect(clippy::cast_precision_loss, reason = "a side of some hundred pixels")]
    let scale = side as f32 / longest;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and the side"
    )]
    let pixels = |length: f32| (length * scale).round().clamp(1.0, 4096.0) as u32;

    let mut canvas =
        Pixmap::new(pixels(size.width()), pixels(size.height())).ok_or("no room to draw in")?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut canvas.as_mut());
    let (width, height) = (canvas.width(), canvas.height());

    // WebP expects straight alpha.
    let straight = canvas.pixels().iter().flat_map(|pixel| {
        let pixel = pixel.demultiply();
        [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]
    });
    Bitmap::new(width, height, 4, straight.collect())
}
