//! Determines the media type of a file from its first bytes, never from its name alone.

/// Longest extension including the dot. A longer one is part of the name.
const MAX_EXTENSION: usize = 16;

/// The kind of a file, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Photo,
    Video,
    Audio,
    Document,
    Other,
}

/// The result of sniffing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    pub kind: Kind,
    /// The media type.
    pub mime: &'static str,
}

/// Media types that browsers may show inline, because they cannot carry scripts.
const INLINE_TYPES: [&str; 22] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "video/ogg",
    "video/x-matroska",
    "video/x-m4v",
    "audio/mpeg",
    "audio/mp4",
    "audio/m4a",
    "audio/ogg",
    "audio/flac",
    "audio/x-flac",
    "audio/wav",
    "audio/x-wav",
    "audio/aac",
];

/// Whether browsers may show this media type inline.
#[must_use]
pub fn is_shown_inline(mime: &str) -> bool {
    INLINE_TYPES.contains(&mime)
}

/// Determines kind and media type from the first bytes; a few kB are enough. `name` only distinguishes plain-text formats,
/// which have no signature.
#[must_use]
pub fn sniff(head: &[u8], name: &str) -> Sniffed {
    if let Some(found) = sniff_container(head).or_else(|| sniff_signature(head)) {
        return found;
    }
    match std::str::from_utf8(head) {
        // An empty file would otherwise count as text.
        _ if head.is_empty() => Sniffed { kind: Kind::Other, mime: "application/octet-stream" },
        Ok(text) => sniff_text(text, name),
        // Text that is cut inside a character is still text.
        Err(error) if error.error_len().is_none() => head
            .get(..error.valid_up_to())
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .map_or(UNKNOWN_TYPE, |text| sniff_text(text, name)),
        Err(_) => UNKNOWN_TYPE,
    }
}

const UNKNOWN_TYPE: Sniffed = Sniffed { kind: Kind::Other, mime: "application/octet-stream" };

/// Recognizes container formats, of which a brand or a stream inside says more than the signature.
fn sniff_container(head: &[u8]) -> Option<Sniffed> {
    let at = |range: std::ops::Range<usize>| head.get(range).unwrap_or_default();
    let sniffed = |kind, mime| Some(Sniffed { kind, mime });

    // ISO base media: the brand decides.
    if at(4..8) == b"ftyp" {
        return match at(8..12) {
            b"M4A " | b"M4B " | b"M4P " => sniffed(Kind::Audio, "audio/mp4"),
            b"avif" | b"avis" => sniffed(Kind::Photo, "image/avif"),
            b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" => sniffed(Kind::Photo, "image/heic"),
            b"mif1" | b"msf1" => sniffed(Kind::Photo, "image/heif"),
            b"crx " => sniffed(Kind::Photo, "image/x-canon-cr3"),
            b"qt  " => sniffed(Kind::Video, "video/quicktime"),
            _ => sniffed(Kind::Video, "video/mp4"),
        };
    }

    // Camera formats that are not plain TIFF.
    match (at(0..15), at(0..4)) {
        (b"FUJIFILMCCD-RAW", _) => return sniffed(Kind::Photo, "image/x-fuji-raf"),
        (_, b"IIRO" | b"IIRS" | b"MMOR") => return sniffed(Kind::Photo, "image/x-olympus-orf"),
        (_, b"IIU\0") => return sniffed(Kind::Photo, "image/x-panasonic-rw2"),
        _ => {}
    }

    // Ogg is video if it contains a Theora stream.
    if at(0..4) == b"OggS" {
        // A Theora stream begins with this signature, near the start of the file.
        let is_video = head.windows(7).take(400).any(|part| part == b"\x80theora");
        return if is_video {
            sniffed(Kind::Video, "video/ogg")
        } else {
            sniffed(Kind::Audio, "audio/ogg")
        };
    }

    // Matroska, of which WebM is a subset.
    if at(0..4) == b"\x1a\x45\xdf\xa3" {
        // The header at the start of the file contains the document type, `webm` or `matroska`.
        let is_webm = head.windows(4).take(64).any(|part| part == b"webm");
        return if is_webm {
            sniffed(Kind::Video, "video/webm")
        } else {
            sniffed(Kind::Video, "video/x-matroska")
        };
    }
    None
}

/// Recognizes formats by a signature with the crate `infer`; `None` for unknown and for text formats.
fn sniff_signature(head: &[u8]) -> Option<Sniffed> {
    let file_type = infer::get(head)?;
    let mime = file_type.mime_type();
    let kind = match file_type.matcher_type() {
        infer::MatcherType::Image => Kind::Photo,
        infer::MatcherType::Video => Kind::Video,
        infer::MatcherType::Audio => Kind::Audio,
        infer::MatcherType::Doc | infer::MatcherType::Book => Kind::Document,
        // Text formats are left to `sniff_text`.
        infer::MatcherType::Text => return None,
        // `infer` counts PDF among the archives.
        _ if mime == "application/pdf" => Kind::Document,
        _ => Kind::Other,
    };
    Some(Sniffed { kind, mime })
}

/// Determines the type of text: markup by its tags, other text by the extension of the name. Text with control
/// characters is of unknown type.
fn sniff_text(text: &str, name: &str) -> Sniffed {
    // Form feed and escape occur in plain text such as logs; other control characters indicate binary data.
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}'))
    {
        return UNKNOWN_TYPE;
    }

    // A byte order mark and white space may precede the markup. Tags are searched for in the first 1024 characters.
    let start: String = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .chars()
        .take(1024)
        .collect::<String>()
        .to_ascii_lowercase();

    let is_markup = start.starts_with('<');
    // A page that contains both is HTML.
    if is_markup && start.contains("<svg") && !start.contains("<html") {
        return Sniffed { kind: Kind::Photo, mime: "image/svg+xml" };
    }

    if is_markup
        && ["<!doctype html", "<html", "<head", "<body", "<script"]
            .iter()
            .any(|tag| start.contains(tag))
    {
        return Sniffed { kind: Kind::Document, mime: "text/html" };
    }

    if start.starts_with("<?xml") {
        return Sniffed { kind: Kind::Document, mime: "text/xml" };
    }

    // Plain text has no signature, so the name decides.
    let mime = match split_extension(name).1.to_ascii_lowercase().as_str() {
        ".csv" => "text/csv",
        ".md" | ".markdown" => "text/markdown",
        ".json" => "application/json",
        ".ics" => "text/calendar",
        ".vcf" => "text/vcard",
        ".srt" => "application/x-subrip",
        ".vtt" => "text/vtt",
        _ => "text/plain",
    };
    Sniffed { kind: Kind::Document, mime }
}

/// Splits a name into stem and extension with its dot. A leading dot does not start an extension.
#[must_use]
pub fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.').and_then(|dot| name.split_at_checked(dot)) {
        Some((stem, extension))
            if !stem.is_empty() && (2..=MAX_EXTENSION).contains(&extension.len()) =>
        {
            (stem, extension)
        }
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(head: &[u8]) -> (Kind, &'static str) {
        let found = sniff(head, "x.bin");
        (found.kind, found.mime)
    }

    #[test]
    fn images_videos_and_music_are_recognised_by_their_bytes() {
        assert_eq!(of(b"\xff\xd8\xff\xe0\0\x10JFIF"), (Kind::Photo, "image/jpeg"));
        assert_eq!(of(b"\x89PNG\r\n\x1a\n"), (Kind::Photo, "image/png"));
        assert_eq!(of(b"\0\0\0\x18ftypmp42"), (Kind::Video, "video/mp4"));
        assert_eq!(of(b"\0\0\0\x18ftypisom"), (Kind::Video, "video/mp4"));
        assert_eq!(of(b"\0\0\0\x18ftypM4A "), (Kind::Audio, "audio/mp4"));
        assert_eq!(of(b"\0\0\0\x18ftypheic"), (Kind::Photo, "image/heic"));
        assert_eq!(of(b"ID3\x03\0\0\0\0\0\0"), (Kind::Audio, "audio/mpeg"));
        assert_eq!(of(b"fLaC\0\0\0\x22"), (Kind::Audio, "audio/x-flac"));
        assert_eq!(of(b"RIFF\0\0\0\0WAVEfmt "), (Kind::Audio, "audio/x-wav"));
        assert_eq!(of(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm"), (Kind::Video, "video/webm"));
        assert_eq!(of(b"FUJIFILMCCD-RAW 0201"), (Kind::Photo, "image/x-fuji-raf"));
        assert_eq!(of(b"IIRO\x08\0\0\0"), (Kind::Photo, "image/x-olympus-orf"));
        assert_eq!(of(b"IIU\0\x18\0\0\0"), (Kind::Photo, "image/x-panasonic-rw2"));
        assert_eq!(of(b"OggS\0\x02\0\0\0\0\0\0\0\0OpusHead"), (Kind::Audio, "audio/ogg"));
    }

    #[test]
    fn a_file_name_never_turns_other_content_into_an_image() {
        assert_eq!(sniff(b"<html><script>alert(1)</script>", "holiday.jpg").mime, "text/html");
        assert_eq!(sniff(b"MZ\x90\0\x03", "holiday.jpg").kind, Kind::Other);
        assert_eq!(sniff(b"just words", "holiday.jpg").mime, "text/plain");
    }

    #[test]
    fn markup_is_recognised_and_never_shown_inline() {
        assert_eq!(
            of(b"<?xml version=\"1.0\"?>\n<svg xmlns='http://www.w3.org/2000/svg'>"),
            (Kind::Photo, "image/svg+xml")
        );
        assert_eq!(of(b"  <!DOCTYPE html>"), (Kind::Document, "text/html"));
        assert_eq!(of(b"%PDF-1.7"), (Kind::Document, "application/pdf"));
        for mime in [
            "image/svg+xml",
            "text/html",
            "text/xml",
            "application/pdf",
            "text/plain",
            "application/octet-stream",
        ] {
            assert!(!is_shown_inline(mime), "{mime}");
        }
    }

    #[test]
    fn text_is_a_document_and_the_rest_is_other() {
        assert_eq!(
            sniff(b"a,b\n1,2\n", "list.csv"),
            Sniffed { kind: Kind::Document, mime: "text/csv" }
        );
        assert_eq!(of("Grüße".as_bytes().get(..4).unwrap()), (Kind::Document, "text/plain"));
        assert_eq!(of(b"\0\x01\x02\x03"), (Kind::Other, "application/octet-stream"));
        assert_eq!(of(b""), (Kind::Other, "application/octet-stream"));
    }
}
