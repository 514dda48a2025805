//! Names of files that describe others: `IMG_1.xmp`, `IMG_1.jpg.xmp`, and the many shortenings of Google Takeout.

use crate::media::sniff::split_extension;

/// Characters to which Google Takeout shortens the name of a file without `.json`.
const TAKEOUT_CHARS: usize = 46;
/// Characters of the common beginning by which names are looked up.
const MAX_PREFIX_CHARS: usize = 24;
/// What Google Takeout adds to the name, often cut off.
const TAKEOUT_SUFFIX: &str = ".supplemental-metadata";
/// What Google adds to the names of edited copies, which have no file of their own.
const EDITED: [&str; 3] = ["-edited", "-bearbeitet", "-modifié"];

/// Whether a name can be that of a file that describes others.
#[must_use]
pub fn is_sidecar(name: &str) -> bool {
    let extension = split_extension(name).1.to_ascii_lowercase();
    matches!(extension.as_str(), ".xmp" | ".json")
}

/// The beginning that the names of a file and of those that describe it have in common.
#[must_use]
pub fn common_prefix(name: &str) -> &str {
    let end = name.find(['.', '(']).unwrap_or(name.len());
    let stem = name.get(..end).unwrap_or(name);
    let stem = EDITED.iter().find_map(|edited| stem.strip_suffix(edited)).unwrap_or(stem);
    match stem.char_indices().nth(MAX_PREFIX_CHARS) {
        // A number is not cut in the middle, because it is compared as a whole.
        Some((cut, _)) => {
            stem.get(..cut).unwrap_or(stem).trim_end_matches(|c: char| c.is_ascii_digit())
        }
        None => stem,
    }
}

/// Whether a file with the name `sidecar` describes the file `name`. `described` is the name that the sidecar states.
#[must_use]
pub fn describes(sidecar: &str, described: Option<&str>, name: &str) -> bool {
    let (base, extension) = split_extension(sidecar);
    match extension.to_ascii_lowercase().as_str() {
        // With or without the extension of the photo.
        ".xmp" => base == name || (!is_sidecar(name) && base == split_extension(name).0),
        ".json" => is_takeout_pair(base, described, name),
        _ => false,
    }
}

fn is_takeout_pair(base: &str, described: Option<&str>, name: &str) -> bool {
    let (base, number) = split_number(base);
    let base = without_suffix(base);
    // The suffix may follow the number.
    let (base, number) = match number {
        Some(_) => (base, number),
        None => split_number(base),
    };

    let (stem, extension) = split_extension(name);
    let (stem, own_number) = split_number(stem);
    if own_number != number {
        return false;
    }
    let stem = EDITED.iter().find_map(|edited| stem.strip_suffix(edited)).unwrap_or(stem);
    let whole = format!("{stem}{extension}");

    // A shortened name is the beginning of the whole one, which the file states; our names have other characters where
    // a file system does not allow them.
    let is_shortened = base.chars().count() >= TAKEOUT_CHARS - 1 && whole.starts_with(base);
    let is_stated = described.is_some_and(|described| {
        described == whole
            && number.is_none()
            && base.starts_with(stem.get(..stem.len().min(8)).unwrap_or(stem))
    });
    base == whole || base == stem || is_shortened || is_stated
}

/// Splits `name(2)` into the name and the number.
fn split_number(text: &str) -> (&str, Option<&str>) {
    let split = text.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    match split {
        Some((name, number))
            if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            (name, Some(number))
        }
        _ => (text, None),
    }
}

/// Removes `.supplemental-metadata`, also cut off.
fn without_suffix(base: &str) -> &str {
    let Some(dot) = base.rfind('.') else { return base };
    let (name, suffix) = base.split_at(dot);
    // Only a dot, or the dot and the first letter, can belong to the name as well.
    if suffix.len() >= 2 && TAKEOUT_SUFFIX.starts_with(suffix) { name } else { base }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xmp_is_named_after_the_photo_with_or_without_its_extension() {
        for (sidecar, name) in [("a.xmp", "a.jpg"), ("a.jpg.xmp", "a.jpg"), ("a.XMP", "a.NEF")] {
            assert!(describes(sidecar, None, name), "{sidecar} {name}");
        }
        for (sidecar, name) in
            [("a.jpg.xmp", "a.png"), ("b.xmp", "a.jpg"), ("a.xmp", "a.xmp"), ("a.txt", "a.jpg")]
        {
            assert!(!describes(sidecar, None, name), "{sidecar} {name}");
        }
    }

    #[test]
    fn files_of_takeout_are_paired_with_all_its_shortenings() {
        for (sidecar, name) in [
            ("IMG_1.jpg.json", "IMG_1.jpg"),
            ("IMG_1.json", "IMG_1.jpg"),
            ("IMG_1.jpg.supplemental-metadata.json", "IMG_1.jpg"),
            ("IMG_20190704_153012.jpg.supplemental-metadat.json", "IMG_20190704_153012.jpg"),
            (
                "PXL_20230604_123456789.PORTRAIT.jpg.supplemen.json",
                "PXL_20230604_123456789.PORTRAIT.jpg",
            ),
            ("IMG_1.jpg.s.json", "IMG_1.jpg"),
            ("IMG_1.jpg(2).json", "IMG_1(2).jpg"),
            ("IMG_1.jpg.supplemental-metadata(2).json", "IMG_1(2).jpg"),
            ("IMG_1.jpg.json", "IMG_1-edited.jpg"),
            (
                "A very long name of a photo that nobody would wa.json",
                "A very long name of a photo that nobody would want.jpg",
            ),
        ] {
            assert!(describes(sidecar, None, name), "{sidecar} {name}");
        }
        for (sidecar, name) in [
            ("IMG_1.jpg.json", "IMG_10.jpg"),
            ("IMG_1.jpg.json", "IMG_1(2).jpg"),
            ("IMG_1.jpg(1).json", "IMG_1.jpg"),
            ("metadata.json", "IMG_1.jpg"),
        ] {
            assert!(!describes(sidecar, None, name), "{sidecar} {name}");
        }
        for (sidecar, name) in
            [("IMG_1.jpg(2).json", "IMG_1(2).jpg"), ("IMG_1.jpg.json", "IMG_1-edited.jpg")]
        {
            assert_eq!(common_prefix(sidecar), common_prefix(name));
        }
        assert_eq!(common_prefix("IMG_20190704_15301255555555555.jpg"), "IMG_20190704_");
        assert!(describes("What_ a ni.json", Some("What_ a nice day.jpg"), "What_ a nice day.jpg"));
    }
}
