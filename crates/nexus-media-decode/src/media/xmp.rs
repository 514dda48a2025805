//! XMP metadata, searched for anywhere in the file, since each format stores it elsewhere.

use roxmltree::{Document, Node, ParsingOptions};

use super::metadata::Metadata;
use super::taken_at::{TakenAt, TakenIn};

/// Bytes at the start and at the end of a file that are searched.
const SEARCHED_BYTES: usize = 8 << 20;
/// Longest XMP packet in bytes.
const MAX_PACKET_BYTES: usize = 512 * 1024;

pub fn read(bytes: &[u8]) -> Metadata {
    let head = bytes.get(..SEARCHED_BYTES.min(bytes.len())).unwrap_or_default();
    let tail = bytes.get(bytes.len().saturating_sub(SEARCHED_BYTES)..).unwrap_or_default();
    find_packet(head).or_else(|| find_packet(tail)).and_then(parse).unwrap_or_default()
}

/// What a photo says about the video after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    /// Bytes from the start of the video to the end of the file, and the length of the video.
    At { from_end: u64, length: u64 },
    /// There is one, somewhere.
    Somewhere,
}

/// What a photo says about the video that is appended to it.
pub(super) fn motion(bytes: &[u8]) -> Option<Announced> {
    let head = bytes.get(..SEARCHED_BYTES.min(bytes.len()))?;
    let document = parse_document(find_packet(head)?)?;
    let root = document.root_element();
    let is_set = |name| first_text(&root, name).is_some_and(|value| value.trim() == "1");
    if !is_set("MotionPhoto") && !is_set("MicroVideo") {
        return None;
    }

    // The parts of the file in their order, the photo first.
    let parts: Vec<(String, u64)> = root
        .descendants()
        .filter(|node| node.is_element() && node.tag_name().name() == "Item")
        .map(|item| {
            let number = |name| first_text(&item, name).and_then(|text| text.trim().parse().ok());
            (first_text(&item, "Semantic").unwrap_or_default(), number("Length").unwrap_or(0))
        })
        .collect();
    if let Some(at) = parts.iter().position(|(semantic, _)| semantic == "MotionPhoto") {
        let lengths = parts.get(at..)?.iter().map(|(_, length)| *length);
        let from_end = lengths.fold(0, u64::saturating_add);
        return Some(Announced::At { from_end, length: parts.get(at)?.1 });
    }
    let offset = first_text(&root, "MicroVideoOffset").and_then(|text| text.trim().parse().ok());
    Some(
        offset
            .map_or(Announced::Somewhere, |from_end| Announced::At { from_end, length: from_end }),
    )
}

/// Finds the packet, or only its inner part in files of programs that leave out the outer one.
fn find_packet(bytes: &[u8]) -> Option<&str> {
    find_element(bytes, b"<x:xmpmeta", b"</x:xmpmeta>")
        .or_else(|| find_element(bytes, b"<rdf:RDF", b"</rdf:RDF>"))
}

fn find_element<'a>(bytes: &'a [u8], start_tag: &[u8], end_tag: &[u8]) -> Option<&'a str> {
    let start = memchr::memmem::find(bytes, start_tag)?;
    let rest = bytes.get(start..)?;
    let head = rest.get(..MAX_PACKET_BYTES.min(rest.len()))?;
    let end = memchr::memmem::find(head, end_tag)? + end_tag.len();
    std::str::from_utf8(rest.get(..end)?).ok()
}

fn parse_document(text: &str) -> Option<Document<'_>> {
    // Without a DTD and with a limit on nodes, a hostile packet cannot exhaust the memory.
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: 20_000, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).ok()
}

/// Parses an XMP packet, which is XML, into metadata; `None` if it is not valid XML or has too many nodes.
fn parse(text: &str) -> Option<Metadata> {
    let document = parse_document(text)?;
    let root = document.root_element();
    let place: Vec<String> =
        ["City", "State", "Country"].iter().filter_map(|name| first_text(&root, name)).collect();

    let degrees = |name, letters| parse_degrees(&first_text(&root, name)?, letters);
    let position = degrees("GPSLatitude", ['N', 'S']).zip(degrees("GPSLongitude", ['E', 'W']));

    Some(Metadata {
        taken: ["DateTimeOriginal", "DateTimeDigitized", "DateCreated", "CreateDate"]
            .iter()
            .find_map(|name| TakenAt::parse(&first_text(&root, name)?))
            .map(|taken| taken.found_in(TakenIn::Xmp)),
        latitude: position.map(|(north, _)| north),
        longitude: position.map(|(_, east)| east),
        // The highest of five, which programs show as stars.
        is_favorite: first_text(&root, "Rating").as_deref() == Some("5"),
        title: first_text(&root, "title"),
        caption: first_text(&root, "description"),
        artist: all_texts(&root, "creator"),
        camera: first_text(&root, "Model"),
        lens: first_text(&root, "LensModel").or_else(|| first_text(&root, "Lens")),
        place: (!place.is_empty()).then(|| place.join(", ")),
        keywords: find_property(&root, "subject").map(|node| list_items(&node)).unwrap_or_default(),
        ..Metadata::default()
    })
}

/// Parses `48,12.5N` and `48,12,30N`. The letter is the hemisphere, without which there is no position.
fn parse_degrees(text: &str, [positive, negative]: [char; 2]) -> Option<f64> {
    let text = text.trim();
    let letter = text.chars().last()?.to_ascii_uppercase();
    let sign = match letter {
        letter if letter == positive => 1.0,
        letter if letter == negative => -1.0,
        _ => return None,
    };
    let numbers = text.strip_suffix(|c: char| c.is_ascii_alphabetic())?;
    let mut degrees = 0.0;
    for (part, unit) in numbers.split(',').zip([1.0, 60.0, 3600.0]) {
        degrees += part.trim().parse::<f64>().ok().filter(|part| *part >= 0.0)? / unit;
    }
    Some(sign * degrees)
}

fn find_property<'a, 'i>(root: &Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    root.descendants().find(|node| node.tag_name().name() == name)
}

fn list_items(node: &Node<'_, '_>) -> Vec<String> {
    let items = node.descendants().filter(|inner| inner.tag_name().name() == "li");
    items.filter_map(|inner| inner.text()).map(str::to_owned).collect()
}

/// Returns the value of a property: an attribute, the first item of a list, or the text of an element.
fn first_text(root: &Node<'_, '_>, name: &str) -> Option<String> {
    let attribute = root.descendants().find_map(|node| {
        node.attributes()
            // Attributes without a namespace are not XMP properties.
            .find(|attribute| attribute.name() == name && attribute.namespace().is_some())
            .map(|a| a.value())
    });
    if let Some(value) = attribute {
        return Some(value.to_owned());
    }
    let node = find_property(root, name)?;
    // Of several languages, the one for everybody.
    let for_all = node
        .descendants()
        .find(|inner| inner.attributes().any(|a| a.name() == "lang" && a.value() == "x-default"));
    let text = for_all
        .and_then(|inner| inner.text().map(str::to_owned))
        .or_else(|| list_items(&node).into_iter().next())
        .or_else(|| node.text().map(str::to_owned))?;
    (!text.trim().is_empty()).then_some(text)
}

/// As [`first_text`], but with all items of a list, separated by commas.
fn all_texts(root: &Node<'_, '_>, name: &str) -> Option<String> {
    let items = find_property(root, name).map(|node| list_items(&node)).unwrap_or_default();
    if items.len() > 1 { Some(items.join(", ")) } else { first_text(root, name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: &str = r#"....<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
        photoshop:City="Lisbon" photoshop:Country="Portugal" photoshop:DateCreated="2021-06-05T10:11:12+01:00">
        <dc:title><rdf:Alt><rdf:li xml:lang="x-default">The harbour</rdf:li></rdf:Alt></dc:title>
        <dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>boats</rdf:li></rdf:Bag></dc:subject>
      </rdf:Description></rdf:RDF></x:xmpmeta>...."#;

    #[test]
    fn title_place_time_and_keywords_are_read() {
        let facts = read(PACKET.as_bytes());
        assert_eq!(facts.title.as_deref(), Some("The harbour"));
        assert_eq!(facts.place.as_deref(), Some("Lisbon, Portugal"));
        assert_eq!(facts.keywords, ["sea", "boats"]);
        assert_eq!(facts.taken.map(|taken| taken.offset), Some(Some(60)));
        let several = PACKET
            .replace("xml:lang=\"x-default\">", "xml:lang=\"de\">Der Hafen</rdf:li><rdf:li xml:lang=\"x-default\">")
            .replace("<dc:subject>", "<dc:creator><rdf:Seq><rdf:li>Anna</rdf:li><rdf:li>Bertram</rdf:li></rdf:Seq></dc:creator><dc:subject>");
        let facts = read(several.as_bytes());
        assert_eq!(facts.title.as_deref(), Some("The harbour"));
        assert_eq!(facts.artist.as_deref(), Some("Anna, Bertram"));
    }

    #[test]
    fn a_position_has_a_hemisphere_or_is_none() {
        assert_eq!(parse_degrees("48,12.5N", ['N', 'S']), Some(48.0 + 12.5 / 60.0));
        assert_eq!(
            parse_degrees("70,40,12w", ['E', 'W']),
            Some(-(70.0 + 40.0 / 60.0 + 12.0 / 3600.0))
        );
        for text in ["48,12.5", "48,12.5E", "", "N", "-48,1N"] {
            assert_eq!(parse_degrees(text, ['N', 'S']), None, "{text}");
        }
    }

    #[test]
    fn a_packet_without_its_outer_element_is_read() {
        let inner = PACKET.split_once("<rdf:RDF").unwrap().1.split_once("</x:xmpmeta>").unwrap().0;
        assert_eq!(read(format!("..<rdf:RDF{inner}").as_bytes()), read(PACKET.as_bytes()));
    }

    #[test]
    fn broken_or_hostile_xmp_yields_no_metadata() {
        let bomb = r#"<x:xmpmeta><!DOCTYPE a [<!ENTITY b "c">]>&b;</x:xmpmeta>"#;
        for text in ["<x:xmpmeta>", "<x:xmpmeta></x:xmpmeta>", bomb, "</x:xmpmeta><x:xmpmeta"] {
            assert_eq!(read(text.as_bytes()), Metadata::default(), "{text}");
        }
    }
}
