//! [`Metadata`]: what a file says about itself, bounded and plausible but never trusted.

use serde::{Deserialize, Serialize};

use super::taken_at::TakenAt;

/// Characters of an ordinary value.
const MAX_SHORT_TEXT: usize = 190;
/// Characters of a caption.
const MAX_LONG_TEXT: usize = 2000;
/// Keywords per file.
const MAX_KEYWORDS: usize = 40;

/// What a file says about itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Pixels, after applying the orientation.
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_ms: Option<u64>,
    pub taken: Option<TakenAt>,
    pub title: Option<String>,
    pub artist: Option<String>,
    pub album: Option<String>,
    pub album_artist: Option<String>,
    /// Several are separated by commas, as several artists are.
    pub genre: Option<String>,
    /// An album of several artists.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_compilation: bool,
    pub year: Option<u16>,
    pub track: Option<u16>,
    pub disc: Option<u16>,
    pub camera: Option<String>,
    pub lens: Option<String>,
    /// `1/250 s`.
    pub exposure: Option<String>,
    /// `f/2.8`.
    pub aperture: Option<String>,
    /// `35 mm`.
    pub focal_length: Option<String>,
    pub iso: Option<u32>,
    /// Pages of a document.
    pub pages: Option<u32>,
    /// Degrees; north and east are positive.
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    /// City, region, country.
    pub place: Option<String>,
    pub caption: Option<String>,
    pub keywords: Vec<String>,
    pub video_codec: Option<String>,
    pub audio_codec: Option<String>,
    pub frame_rate: Option<f64>,
    /// Bits per second.
    pub bit_rate: Option<u64>,
    /// Hertz.
    pub sample_rate: Option<u32>,
    pub channels: Option<u8>,
    /// The file ends before its picture does, or is damaged in the middle. The preview shows what could be decoded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_damaged: bool,
    /// Of a file that describes another one: the name of that file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub describes: Option<String>,
    /// Of a file that describes another one: that file is a favorite.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_favorite: bool,
    /// The file contains a color profile. Only known for HEIF and AVIF.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_color_profile: bool,
    /// Of a moving photo: offset and length of the video in its file, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub motion: Option<[u64; 2]>,
    /// What a photo and a video have in common that an Apple camera took together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
}

/// Whether a text has the form of an identifier of Apple's, a UUID.
fn is_content_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

impl Metadata {
    /// Returns the metadata with texts shortened and cleaned, and implausible numbers removed.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.content_id = self.content_id.filter(|id| is_content_id(id));
        // Texts are cleaned and shortened.
        for text in [
            &mut self.title,
            &mut self.artist,
            &mut self.album,
            &mut self.album_artist,
            &mut self.genre,
            &mut self.camera,
            &mut self.lens,
            &mut self.exposure,
            &mut self.aperture,
            &mut self.focal_length,
            &mut self.place,
            &mut self.describes,
            &mut self.video_codec,
            &mut self.audio_codec,
        ] {
            *text = text.take().and_then(|text| clean_text(&text, MAX_SHORT_TEXT));
        }

        self.caption = self.caption.and_then(|caption| clean_text(&caption, MAX_LONG_TEXT));
        self.keywords = self
            .keywords
            .iter()
            .take(MAX_KEYWORDS)
            .filter_map(|text| clean_text(text, MAX_SHORT_TEXT))
            .collect();

        // Values that cannot be true are dropped.
        self.width = self.width.filter(|side| (1..=1_000_000).contains(side));
        self.height = self.height.filter(|side| (1..=1_000_000).contains(side));

        // One hundred days.
        self.duration_ms = self.duration_ms.filter(|length| (1..8_640_000_000).contains(length));
        self.taken = self.taken.filter(TakenAt::is_plausible);
        self.year = self.year.filter(|year| (1000..=2200).contains(year));

        let place = (self.latitude, self.longitude);
        let is_place = matches!(place, (Some(north), Some(east)) if north.abs() <= 90.0 && east.abs() <= 180.0);

        // Cameras without a position fix write zeros.
        if !is_place || place == (Some(0.0), Some(0.0)) {
            (self.latitude, self.longitude) = (None, None);
        }

        self.frame_rate =
            self.frame_rate.filter(|rate| rate.is_finite() && (0.1..=1000.0).contains(rate));
        self
    }

    /// Fills in what is missing from another source, and adds its keywords. A time that knows more of the day replaces
    /// one that knows less.
    pub fn merge_missing(&mut self, other: Self) {
        macro_rules! fill {
            ($($field:ident),*) => { $(if self.$field.is_none() { self.$field = other.$field; })* };
        }

        match (self.taken, other.taken) {
            (Some(own), Some(other)) if other.precision >= own.precision => {}
            (own, other) => self.taken = other.or(own),
        }
        // Both sides, and both coordinates, come from the same source.
        if self.width.is_none() || self.height.is_none() {
            (self.width, self.height) = (other.width, other.height);
        }
        if self.latitude.is_none() || self.longitude.is_none() {
            (self.latitude, self.longitude) = (other.latitude, other.longitude);
        }

        fill!(duration_ms, title, artist, album, album_artist, genre, year, track, disc, camera);
        fill!(lens, exposure, aperture, focal_length, iso, place, caption, video_codec);
        fill!(audio_codec, frame_rate, bit_rate, sample_rate, channels, motion, content_id);
        self.is_compilation |= other.is_compilation;
        self.is_damaged |= other.is_damaged;
        self.has_color_profile |= other.has_color_profile;

        for word in other.keywords {
            if !self.keywords.contains(&word) {
                self.keywords.push(word);
            }
        }
    }
}

/// Returns the visible text on one line, up to `max_chars` characters; `None` if nothing is left.
#[must_use]
pub fn clean_text(text: &str, max_chars: usize) -> Option<String> {
    // Control and zero-width characters, direction marks, byte order marks and replacement characters.
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffd}')
    };
    // Line breaks and tabs become spaces first, because as control characters they would be removed.
    let spaced: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_hidden(*c))
        .collect();
    let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
    let line: String = words.join(" ").chars().take(max_chars).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_removed_from_words_and_long_words_cut() {
        assert_eq!(clean_text(" a\u{202e}b\n\tc\0 ", 10).as_deref(), Some("ab c"));
        assert_eq!(clean_text("\u{0}\u{200b} ", 10), None);
        assert_eq!(clean_text(&"ü".repeat(500), 190).unwrap().chars().count(), 190);
    }

    #[test]
    fn impossible_numbers_are_omitted() {
        let facts = Metadata {
            width: Some(0),
            height: Some(4_000_000_000),
            latitude: Some(91.0),
            longitude: Some(1.0),
            taken: Some(TakenAt { local_ms: i64::MAX, ..TakenAt::default() }),
            frame_rate: Some(f64::NAN),
            ..Metadata::default()
        };
        assert_eq!(facts.bounded(), Metadata::default());
    }
}
