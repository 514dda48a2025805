//! Edits as XMP, which photo programs read from a file beside the photo.

use crate::media::{Precision, TakenAt};
use crate::model::WallClock;
use crate::model::item_annotations::{EditedPosition, ItemEdits};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The content of the file, or `None` if the edits say nothing that XMP can express: that a value of the file does not
/// count has no notation.
pub(crate) fn write(edits: &ItemEdits) -> Option<String> {
    let mut properties = String::new();
    if let Some(taken) = &edits.taken {
        let date = date_text(taken);
        // Programs differ in which of the two they read.
        element(&mut properties, "exif:DateTimeOriginal", &date);
        element(&mut properties, "photoshop:DateCreated", &date);
    }
    if let Some(caption) = edits.caption.as_ref().filter(|caption| !caption.is_empty()) {
        let caption = escape(caption);
        properties.push_str("   <dc:description>\n    <rdf:Alt>\n");
        let item = format!("     <rdf:li xml:lang=\"x-default\">{caption}</rdf:li>\n");
        properties.push_str(&item);
        properties.push_str("    </rdf:Alt>\n   </dc:description>\n");
    }
    if let Some(tags) = edits.keywords.as_ref().filter(|tags| !tags.is_empty()) {
        properties.push_str("   <dc:subject>\n    <rdf:Bag>\n");
        for tag in tags {
            let item = format!("     <rdf:li>{}</rdf:li>\n", escape(tag));
            properties.push_str(&item);
        }
        properties.push_str("    </rdf:Bag>\n   </dc:subject>\n");
    }
    if let Some(EditedPosition::At(north, east)) = edits.position {
        element(&mut properties, "exif:GPSLatitude", &degrees_text(north, ['N', 'S']));
        element(&mut properties, "exif:GPSLongitude", &degrees_text(east, ['E', 'W']));
    }
    if properties.is_empty() {
        return None;
    }

    Some(format!(
        r#"<?xpacket begin="{BYTE_ORDER_MARK}" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Nexus Media Server">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">
{properties}  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"#
    ))
}

fn element(out: &mut String, name: &str, text: &str) {
    let line = format!("   <{name}>{}</{name}>\n", escape(text));
    out.push_str(&line);
}

/// The date as exactly as it is known, with the offset if it is.
fn date_text(taken: &TakenAt) -> String {
    let whole = WallClock(taken.local_ms).iso();
    let end = match taken.precision {
        Precision::Year => 4,
        Precision::Month => 7,
        Precision::Day => 10,
        Precision::Second => whole.len(),
    };
    let date = whole.get(..end).unwrap_or(&whole).to_owned();
    match (taken.precision, taken.offset) {
        (Precision::Second, Some(minutes)) => {
            let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.unsigned_abs());
            format!("{date}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
        _ => date,
    }
}

/// Degrees and decimal minutes: `48,12.5N`.
fn degrees_text(degrees: f64, [positive, negative]: [char; 2]) -> String {
    let letter = if degrees < 0.0 { negative } else { positive };
    // Rounded as a whole, so that there are never 60 minutes. Six decimals of a minute are two millimeters.
    let minutes = (degrees.abs() * 60_000_000.0).round() / 1_000_000.0;
    let whole = (minutes / 60.0).floor();
    format!("{whole},{:.6}{letter}", minutes - whole * 60.0)
}

/// The text without characters that XML cannot contain, and with those escaped that have a meaning in it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' | '\n' => escaped.push(c),
            '\r' | '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Metadata;

    /// What the reader of XMP finds in the file.
    fn read(edits: &ItemEdits) -> Metadata {
        crate::media::xmp::read(write(edits).unwrap().as_bytes())
    }

    #[test]
    fn what_is_written_is_read_again() {
        let edits = ItemEdits {
            taken: TakenAt::parse("2019-07-04T15:30:12-03:30"),
            caption: Some("Grandma & <b>Anna</b>\nat the lake \u{1}]]>".into()),
            keywords: Some(vec!["sea & sun".into(), "Ørsted \"quoted\"".into()]),
            position: Some(EditedPosition::At(-48.208_333, 16.999_999_9)),
        };
        let found = read(&edits);
        let taken = found.taken.unwrap();
        assert_eq!((taken.local_ms, taken.offset), (edits.taken.unwrap().local_ms, Some(-210)));
        assert_eq!(found.caption.as_deref(), Some("Grandma & <b>Anna</b>\nat the lake ]]>"));
        assert_eq!(found.keywords, ["sea & sun", "Ørsted \"quoted\""]);
        let (north, east) = (found.latitude.unwrap(), found.longitude.unwrap());
        assert!((north + 48.208_333).abs() < 1e-7 && (east - 16.999_999_9).abs() < 1e-7);
    }

    #[test]
    fn a_date_stays_as_exact_as_it_is() {
        for (text, written) in [
            ("1962", ">1962<"),
            ("1962-08", ">1962-08<"),
            ("1962-08-15", ">1962-08-15<"),
            ("1962-08-15 10:00", ">1962-08-15T10:00:00<"),
        ] {
            let edits = ItemEdits { taken: TakenAt::parse(text), ..ItemEdits::default() };
            assert!(write(&edits).unwrap().contains(written), "{text}");
            assert_eq!(read(&edits).taken.unwrap().precision, edits.taken.unwrap().precision);
        }
    }

    #[test]
    fn edits_that_only_remove_values_need_no_file() {
        let edits = ItemEdits {
            caption: Some(String::new()),
            keywords: Some(Vec::new()),
            position: Some(EditedPosition::Cleared),
            ..ItemEdits::default()
        };
        assert_eq!(write(&edits), None);
    }
}
