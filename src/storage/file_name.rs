//! File and folder names, made safe to be one path component.

use crate::media::sniff::split_extension;
use crate::text_fold::fold;
use unicode_normalization::UnicodeNormalization;

/// Longest name in bytes: the limit of all common file systems.
const MAX_BYTES: usize = 255;
/// Digits by whose count numbers are compared; of longer numbers, only the digits are.
const MAX_DIGITS: u8 = 70;

/// A safe path component: NFC, 1 to 255 bytes, not reserved, without separators, control or bidi characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName(String);

impl FileName {
    /// Cleans a name given by a user or program. Returns `None` when nothing remains.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
        let cleaned: String = last.nfc().filter(|c| !is_unsafe(*c)).collect();
        let trimmed = cleaned.trim().trim_end_matches(['.', ' ']);
        if trimmed.is_empty() || trimmed.chars().all(|c| c == '.') {
            return None;
        }
        let name = if is_reserved(trimmed) { format!("_{trimmed}") } else { trimmed.to_owned() };
        Some(Self(shorten(&name, "")))
    }

    /// Cleans a name typed by a user. Unlike [`FileName::parse`], rejects paths and names of more than 255 characters.
    /// Names of more than 255 bytes are still shortened.
    #[must_use]
    pub fn parse_typed(raw: &str) -> Option<Self> {
        if raw.contains(['/', '\\']) || raw.chars().count() > MAX_BYTES {
            None
        } else {
            Self::parse(raw)
        }
    }

    /// Parses a name; `unnamed` for one of which nothing remains.
    #[must_use]
    pub fn parse_or_unnamed(raw: &str) -> Self {
        Self::parse(raw).unwrap_or_else(|| Self("unnamed".into()))
    }

    /// Returns `name (1).jpg` for `name.jpg`; for 0 the name itself.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        if number == 0 { self.clone() } else { Self(shorten(&self.0, &format!(" ({number})"))) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the key by which names are sorted, the same on both databases: without case and accents, and numbers by their
/// value.
#[must_use]
pub fn sort_key(name: &str) -> String {
    let mut key = String::new();
    let mut digits = String::new();

    // The final character that is no digit ends the last number.
    for c in fold(name).map(Some).chain([None]) {
        if let Some(digit) = c.filter(char::is_ascii_digit) {
            digits.push(digit);
            continue;
        }
        if !digits.is_empty() {
            // A number with more digits is greater, so their count comes first. Zeros in front do not count.
            let value = digits.trim_start_matches('0');
            let value = if value.is_empty() { "0" } else { value };
            let count = u8::try_from(value.len()).unwrap_or(MAX_DIGITS).min(MAX_DIGITS);
            key.push(char::from(b'0' + count));
            key.push_str(value);
            digits.clear();
        }
        key.extend(c);
    }

    let mut end = key.len().min(MAX_BYTES);
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    key.truncate(end);
    key
}

/// Inserts `suffix` before the extension and shortens the stem so that the result fits.
fn shorten(name: &str, suffix: &str) -> String {
    let (stem, extension) = split_extension(name);
    let max_stem = MAX_BYTES.saturating_sub(suffix.len() + extension.len());
    let mut stem = stem.to_owned();
    while stem.len() > max_stem {
        stem.pop();
    }
    format!("{}{suffix}{extension}", stem.trim_end())
}

/// Control characters, invisible characters, and characters that change the direction of text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}')
}

/// Device names of Windows, with or without an extension.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            let mut digits = rest.chars();
            // Windows also reserves COM and LPT with superscript digits.
            matches!((digits.next(), digits.next()), (Some('1'..='9' | '¹' | '²' | '³'), None))
        })
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || is_numbered("COM")
        || is_numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(raw: &str) -> Option<String> {
        FileName::parse(raw).map(|name| name.0)
    }

    #[test]
    fn names_are_sorted_as_people_sort_them() {
        let sorted = [
            "2 dogs.jpg",
            "10 dogs.jpg",
            "Äpfel.jpg",
            "Banane.jpg",
            "img1.jpg",
            "IMG2.jpg",
            "img010.jpg",
            "img11.jpg",
            "img100.jpg",
            "Øre.jpg",
            "Straße 9.jpg",
            "strasse 10.jpg",
            "Zoé.jpg",
            "Zoe 2.jpg",
        ];
        let mut names = sorted.to_vec();
        names.reverse();
        names.sort_by_key(|name| sort_key(name));
        // A space comes before a dot.
        let expected: Vec<&str> =
            sorted[..12].iter().copied().chain(["Zoe 2.jpg", "Zoé.jpg"]).collect();
        assert_eq!(names, expected);
        assert!(sort_key(&"9".repeat(300)).len() <= 255);
        assert!(sort_key(&"ß".repeat(200)).len() <= 255);
    }

    #[test]
    fn an_acceptable_name_is_kept_unchanged() {
        for name in [
            "a.jpg",
            "Été à la mer.jpeg",
            "写真.png",
            "What? (1).mp3",
            ".htaccess",
            "👨‍👩‍👧.heic",
            "no extension",
        ] {
            assert_eq!(parsed(name).as_deref(), Some(name));
        }
    }

    #[test]
    fn only_the_last_component_counts() {
        assert_eq!(parsed("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(parsed("C:\\Users\\ada\\pic.png").as_deref(), Some("pic.png"));
        for nothing in ["", ".", "..", "...", "a/..", "  ", "/", "\u{202e}"] {
            assert_eq!(parsed(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn control_and_bidi_characters_go() {
        assert_eq!(parsed("evil\u{202e}gpj.exe").as_deref(), Some("evilgpj.exe"));
        assert_eq!(parsed("a\0b\n\tc\u{7f}.txt").as_deref(), Some("abc.txt"));
        assert_eq!(parsed("\u{feff}x\u{2066}.txt").as_deref(), Some("x.txt"));
    }

    #[test]
    fn windows_device_names_and_trailing_dots_change() {
        assert_eq!(parsed("CON").as_deref(), Some("_CON"));
        assert_eq!(parsed("lpt1.txt").as_deref(), Some("_lpt1.txt"));
        assert_eq!(parsed("com10.txt").as_deref(), Some("com10.txt"));
        assert_eq!(parsed("report. . ").as_deref(), Some("report"));
    }

    #[test]
    fn composed_and_decomposed_spellings_are_unified() {
        assert_eq!(parsed("e\u{301}.txt"), parsed("\u{e9}.txt"));
    }

    #[test]
    fn a_name_has_at_most_255_bytes_and_keeps_its_extension() {
        let name = parsed(&format!("{}.jpeg", "ü".repeat(300))).unwrap();
        assert!(name.len() <= 255 && name.strip_suffix(".jpeg").is_some(), "{name}");
        let numbered = FileName::parse(&name).unwrap().numbered(12);
        assert!(numbered.as_str().len() <= 255 && numbered.as_str().ends_with(" (12).jpeg"));
    }

    #[test]
    fn a_number_is_inserted_before_the_extension() {
        let name = FileName::parse("holiday.jpg").unwrap();
        assert_eq!(name.numbered(0).as_str(), "holiday.jpg");
        assert_eq!(name.numbered(2).as_str(), "holiday (2).jpg");
        assert_eq!(FileName::parse(".profile").unwrap().numbered(1).as_str(), ".profile (1)");
    }
}
