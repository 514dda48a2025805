//! Sigma's X3F: the properties of the camera, which files without EXIF have instead.

use super::metadata::Metadata;
use super::taken_at::{TakenAt, TakenIn};

/// Sections and properties read from one file.
const MAX_ENTRIES: u32 = 256;

/// Reads the section `PROP`; empty for other files.
#[must_use]
pub fn read(bytes: &[u8]) -> Metadata {
    if !bytes.starts_with(b"FOVb") {
        return Metadata::default();
    }
    let properties = properties(bytes).unwrap_or_default();
    let find = |name: &str| {
        let found = properties.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    };

    // Seconds since 1970 on the clock of the camera.
    let taken = find("TIME")
        .and_then(|seconds| seconds.parse::<i64>().ok()?.checked_mul(1000))
        .map(|local_ms| TakenAt { local_ms, ..TakenAt::default() }.found_in(TakenIn::Exif))
        .filter(|taken| taken.is_plausible() && !taken.is_unset_clock());

    let camera = match (find("CAMMANUF"), find("CAMMODEL")) {
        (Some(maker), Some(model)) if !model.to_lowercase().starts_with(&maker.to_lowercase()) => {
            Some(format!("{maker} {model}"))
        }
        (maker, model) => model.or(maker),
    };
    Metadata { taken, camera, ..Metadata::default() }
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The names and values of all properties. The last four bytes of the file say where its directory is.
fn properties(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let directory = read_u32(bytes, bytes.len().checked_sub(4)?)? as usize;
    let directory = bytes.get(directory..)?.strip_prefix(b"SECd")?;
    let count = read_u32(directory, 4)?.min(MAX_ENTRIES) as usize;

    for index in 0..count {
        // Offset, length and type of a section.
        let entry = directory.get(8 + index * 12..20 + index * 12)?;
        if entry.get(8..) == Some(b"PROP") {
            return parse_section(bytes.get(read_u32(entry, 0)? as usize..)?);
        }
    }
    None
}

/// Pairs of offsets, followed by the texts in UTF-16, each with a zero at its end.
fn parse_section(section: &[u8]) -> Option<Vec<(String, String)>> {
    let section = section.strip_prefix(b"SECp")?;
    let count = read_u32(section, 4)?.min(MAX_ENTRIES) as usize;
    let (offsets, texts) = section.get(20..)?.split_at_checked(count * 8)?;

    let text = |offset: u32| {
        let rest = texts.get(offset as usize * 2..).unwrap_or_default();
        let units = rest.chunks_exact(2).map(|pair| match *pair {
            [low, high] => u16::from_le_bytes([low, high]),
            _ => 0,
        });
        let units: Vec<u16> = units.take_while(|unit| *unit != 0).take(190).collect();
        String::from_utf16_lossy(&units)
    };
    let pair = |pair: &[u8]| Some((text(read_u32(pair, 0)?), text(read_u32(pair, 4)?)));
    offsets.chunks_exact(8).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_camera_and_its_clock_are_read() {
        let (mut texts, mut offsets) = (Vec::new(), Vec::new());
        for word in ["TIME", "1562254212", "CAMMANUF", "SIGMA", "CAMMODEL", "SIGMA DP2"] {
            offsets.extend(u32::try_from(texts.len() / 2).unwrap().to_le_bytes());
            texts.extend(word.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        }
        let mut section = b"SECp\0\0\x02\0\x03\0\0\0".to_vec();
        section.extend([0; 12]);
        section.extend(offsets);
        section.extend(texts);
        let start = 16_usize;
        let mut file = [b"FOVb".to_vec(), vec![0; start - 4], section.clone()].concat();
        let directory = u32::try_from(file.len()).unwrap().to_le_bytes();
        file.extend(b"SECd\0\0\x02\0\x01\0\0\0");
        file.extend(
            [16_u32.to_le_bytes(), u32::try_from(section.len()).unwrap().to_le_bytes()].concat(),
        );
        file.extend(b"PROP");
        file.extend(directory);

        let metadata = read(&file);
        assert_eq!(metadata.taken.map(|taken| taken.local_ms), Some(1_562_254_212_000));
        assert_eq!(metadata.camera.as_deref(), Some("SIGMA DP2"));
        for cut in 0..file.len() {
            assert!(read(&file[..cut]).camera.is_none());
        }
    }
}
