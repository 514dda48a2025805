//! Where a photo or video was taken, as far as its file says so: which bytes to replace so that it says so no more. Nothing
//! else changes, neither the length nor a pixel.
//!
//! Files are read here without decoding anything: only lengths and offsets are followed, each checked against the file.

mod fill;
mod images;
mod iptc;
mod png;
mod quicktime;
mod tiff;
mod window;
mod xmp;

use std::fs::File;
use std::io;

pub use fill::Fill;
use fill::Trouble;
use window::Window;

/// Bytes to replace in a range of a file, by their position in the range; `None` if it may say where it was taken in a
/// way that cannot be replaced. What is neither photo nor video says nothing.
///
/// # Errors
/// Errors of reading.
pub fn find(file: &File, offset: u64, length: u64, mime: &str) -> io::Result<Option<Vec<Fill>>> {
    let window = Window::new(file, offset, length);
    let mut fills = Vec::new();
    let found = match mime {
        "image/png" => png::find(&window, &mut fills),
        "image/svg+xml" | "image/bmp" | "image/vnd.microsoft.icon" => Ok(()),
        mime if mime.starts_with("image/") => images::find(&window, &mut fills),
        "video/mp4" | "video/quicktime" | "video/x-m4v" | "video/3gpp" | "video/3gpp2"
        | "audio/mp4" | "audio/x-m4a" => quicktime::find(&window, &mut fills),
        mime if mime.starts_with("video/") => images::find_words(&window),
        _ => Ok(()),
    };
    match found {
        Ok(()) => {
            fills.sort_by_key(|fill: &Fill| fill.at);
            Ok(Some(fills))
        }
        Err(Trouble::Unknown) => Ok(None),
        Err(Trouble::Read(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests;
