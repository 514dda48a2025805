//! Determines the media type of a file from its first bytes, never from its name alone.

use super::kind::{Kind, Sniffed};
use super::sniff_container::sniff_container;

/// Longest extension including the dot. A longer one is part of the name.
const MAX_EXTENSION: usize = 16;

/// Media types that browsers may show inline, because they cannot carry scripts.
const INLINE_TYPES: [&str; 24] = [
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
    "video/3gpp",
    "audio/webm",
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
        _ if head.is_empty() => UNKNOWN_TYPE,
        Ok(text) => sniff_text(text, name),
        // Text that is cut inside a character is still text.
        Err(error) if error.error_len().is_none() => head
            .get(..error.valid_up_to())
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .map_or(UNKNOWN_TYPE, |text| sniff_text(text, name)),
        Err(_) => decode_other_text(head)
            .map(|text| sniff_text(&text, name))
            .filter(|found| *found != UNKNOWN_TYPE)
            .or_else(|| is_named_text(head, name).then_some(PLAIN_TEXT))
            .unwrap_or(UNKNOWN_TYPE),
    }
}

const PLAIN_TEXT: Sniffed = Sniffed { kind: Kind::Document, mime: "text/plain" };

/// Whether a file is called a text and contains no bytes that texts do not have, whatever encoding it is in.
fn is_named_text(head: &[u8], name: &str) -> bool {
    let extension = split_extension(name).1.to_ascii_lowercase();
    let is_in_text =
        |byte: &u8| *byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    matches!(extension.as_str(), ".txt" | ".text" | ".log" | ".srt" | ".nfo" | ".diz")
        && head.iter().all(is_in_text)
}

/// Decodes text that is not UTF-8: UTF-16 with a byte order mark, or an encoding with one byte for each character, of
/// which at least half are ASCII. `None` for binary data.
fn decode_other_text(head: &[u8]) -> Option<String> {
    let (encoding, rest) = match head {
        [0xff, 0xfe, rest @ ..] => (encoding_rs::UTF_16LE, rest),
        [0xfe, 0xff, rest @ ..] => (encoding_rs::UTF_16BE, rest),
        _ => (encoding_rs::WINDOWS_1252, head),
    };
    let is_single_byte = rest.len() == head.len();
    let ascii =
        rest.iter().filter(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')).count();
    if is_single_byte && ascii * 2 < rest.len() {
        return None;
    }

    // The head may end inside a character of UTF-16, or of a pair of them.
    let cut = rest.get(..rest.len() - rest.len() % 2).filter(|_| !is_single_byte).unwrap_or(rest);
    let (text, has_errors) = encoding.decode_without_bom_handling(cut);
    let text = text.strip_suffix('\u{fffd}').unwrap_or(&text).to_owned();
    (!has_errors || !text.contains('\u{fffd}')).then_some(text)
}

/// The media type of XMP in a file of its own.
pub const SIDECAR_XMP: &str = "application/rdf+xml";
/// The media type of files of Google Takeout, and of other JSON.
pub const SIDECAR_JSON: &str = "application/json";

const UNKNOWN_TYPE: Sniffed = Sniffed { kind: Kind::Other, mime: "application/octet-stream" };

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

    // A file beside a photo, which describes it.
    if is_markup && (start.contains("<x:xmpmeta") || start.contains("<rdf:rdf")) {
        return Sniffed { kind: Kind::Document, mime: SIDECAR_XMP };
    }

    if start.starts_with("<?xml") {
        return Sniffed { kind: Kind::Document, mime: "text/xml" };
    }

    // Plain text has no signature, so the name decides.
    let mime = match split_extension(name).1.to_ascii_lowercase().as_str() {
        ".csv" => "text/csv",
        ".md" | ".markdown" => "text/markdown",
        ".json" => SIDECAR_JSON,
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
        assert_eq!(of(b"<?xpacket begin=''?><x:xmpmeta>"), (Kind::Document, "application/rdf+xml"));
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
        assert_eq!(of(b"Gr\xfc\xdfe aus Z\xfcrich"), (Kind::Document, "text/plain"));
        assert_eq!(of(b"\xff\xfeG\0r\0\xfc\0\xdf\0e\0"), (Kind::Document, "text/plain"));
        assert_eq!(of(b"\xfe\xff\0G\0r\0\xfc\0\xdf\0e"), (Kind::Document, "text/plain"));
        assert_eq!(of(b"\xff\xfe\0\0\x01\0"), (Kind::Other, "application/octet-stream"));
        assert_eq!(of(b"\x80\x81\x82\x83\xff\xc0"), (Kind::Other, "application/octet-stream"));
        assert_eq!(of(b"\0\x01\x02\x03"), (Kind::Other, "application/octet-stream"));
        assert_eq!(of(b""), (Kind::Other, "application/octet-stream"));
    }
}
