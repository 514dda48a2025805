//! Avatars: initials on a colored background, or an uploaded image, both as SVG.

use base64::Engine;

/// Largest uploaded image in bytes.
pub const MAX_AVATAR_BYTES: usize = 1 << 20;

/// Backgrounds on which white letters have a contrast of at least 4.5.
const BACKGROUND_COLORS: [&str; 8] =
    ["#1f5fbf", "#1b6e3c", "#7a4f01", "#8a2f6b", "#5b3fa8", "#0f6674", "#a33b16", "#4a5568"];

/// Draws initials on a color derived from the name.
#[must_use]
pub fn initials_svg(first: &str, last: &str) -> String {
    let text: String = initials(first, last).chars().flat_map(escape_xml).collect();
    // A simple hash, so that a name always has the same color.
    let sum = first
        .bytes()
        .chain(last.bytes())
        .fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let color = BACKGROUND_COLORS.get(sum % BACKGROUND_COLORS.len()).copied().unwrap_or("#1f5fbf");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 96\" width=\"96\" height=\"96\" role=\"img\">\
         <rect width=\"96\" height=\"96\" fill=\"{color}\"/>\
         <text x=\"48\" y=\"48\" dy=\".36em\" text-anchor=\"middle\" font-family=\"system-ui, sans-serif\" \
         font-size=\"38\" font-weight=\"600\" fill=\"#ffffff\">{text}</text></svg>\n"
    )
}

/// The first letters of both names in upper case.
#[must_use]
pub fn initials(first: &str, last: &str) -> String {
    [first, last]
        .iter()
        .filter_map(|name| name.chars().find(|c| c.is_alphanumeric()))
        .flat_map(char::to_uppercase)
        .collect()
}

/// Wraps a raster image in an SVG; `None` unless it is a JPEG, PNG, WebP or GIF.
#[must_use]
pub fn picture_svg(bytes: &[u8]) -> Option<String> {
    let mime = infer::get(bytes)?.mime_type();
    if !matches!(mime, "image/jpeg" | "image/png" | "image/webp" | "image/gif") {
        return None;
    }
    let data = base64::engine::general_purpose::STANDARD.encode(bytes);
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 96\" width=\"96\" height=\"96\" role=\"img\">\
         <image width=\"96\" height=\"96\" preserveAspectRatio=\"xMidYMid slice\" href=\"data:{mime};base64,{data}\"/></svg>\n"
    ))
}

fn escape_xml(c: char) -> Vec<char> {
    match c {
        '<' => "&lt;".chars().collect(),
        '&' => "&amp;".chars().collect(),
        other => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_the_first_letters() {
        assert_eq!(initials("Ada", "Lovelace"), "AL");
        assert_eq!(initials("élise", "  o'Neil"), "ÉO");
        assert!(initials_svg("<script>", "&").contains(">S</text>"));
    }

    #[test]
    fn only_raster_pictures_are_taken() {
        assert!(picture_svg(b"<svg onload=alert(1)>").is_none());
        assert!(picture_svg(b"\x89PNG\r\n\x1a\n0000").unwrap().contains("data:image/png;base64,"));
    }
}
