//! HEIF and AVIF: the size of the picture as it is shown, and whether it has a color profile.

/// What the boxes of a file say about its main picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeifInfo {
    pub width: u32,
    pub height: u32,
    pub has_profile: bool,
}

/// Boxes read at one level.
const MAX_BOXES: usize = 4096;

/// Reads the properties of the main picture: its size, then cropped and rotated as the file says. `None` without a main
/// picture, for example in an image sequence.
#[must_use]
pub fn info(bytes: &[u8]) -> Option<HeifInfo> {
    let meta = find(bytes, b"meta")?.get(4..)?;
    let item = primary_item(find(meta, b"pitm")?)?;
    let properties = find(meta, b"iprp")?;
    let values: Vec<(&[u8; 4], &[u8])> = boxes(find(properties, b"ipco")?).collect();

    let mut info = HeifInfo::default();
    for index in associations(find(properties, b"ipma")?, item)? {
        // Numbers begin at 1; 0 means no property.
        let Some((name, value)) = index.checked_sub(1).and_then(|index| values.get(index)) else {
            continue;
        };
        match *name {
            b"ispe" => (info.width, info.height) = (read_u32(value, 4)?, read_u32(value, 8)?),
            // Rotated in steps of 90 degrees.
            b"irot" if value.first()? & 1 == 1 => {
                (info.width, info.height) = (info.height, info.width);
            }
            // Width and height as fractions.
            b"clap" => {
                let side = |at| read_u32(value, at)?.checked_div(read_u32(value, at + 4)?);
                let (width, height) = (side(0)?, side(8)?);
                if (1..=info.width).contains(&width) && (1..=info.height).contains(&height) {
                    (info.width, info.height) = (width, height);
                }
            }
            b"colr" => info.has_profile |= matches!(value.get(..4), Some(b"prof" | b"rICC")),
            _ => {}
        }
    }
    (info.width > 0 && info.height > 0).then_some(info)
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// The boxes at one level, each with its name and content. Ends at the first that is damaged.
fn boxes(mut rest: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::try_from(read_u32(rest, 0)?).ok()?;
        let name: &[u8; 4] = rest.get(4..8)?.try_into().ok()?;
        let (header, length) = match length {
            // To the end of the file.
            0 => (8, rest.len()),
            // The length follows in 64 bits.
            1 => {
                let long = u64::from_be_bytes(rest.get(8..16)?.try_into().ok()?);
                (16, usize::try_from(long).ok()?)
            }
            length => (8, length),
        };
        let content = rest.get(header..length.min(rest.len()))?;
        rest = rest.get(length..).unwrap_or_default();
        Some((name, content))
    })
    .take(MAX_BOXES)
}

fn find<'a>(bytes: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    boxes(bytes).find(|(name, _)| *name == wanted).map(|(_, content)| content)
}

/// The id of the main picture.
fn primary_item(pitm: &[u8]) -> Option<u32> {
    // The first byte is the version.
    if *pitm.first()? == 0 { read_u16(pitm, 4).map(u32::from) } else { read_u32(pitm, 4) }
}

/// The numbers of an item's properties.
fn associations(ipma: &[u8], item: u32) -> Option<Vec<usize>> {
    let (version, is_wide) = (*ipma.first()?, ipma.get(3)? & 1 == 1);
    let entries = read_u32(ipma, 4)?;
    let mut at = 8;
    for _ in 0..entries.min(65_536) {
        let id = if version == 0 {
            at += 2;
            u32::from(read_u16(ipma, at - 2)?)
        } else {
            at += 4;
            read_u32(ipma, at - 4)?
        };
        let count = usize::from(*ipma.get(at)?);
        at += 1;

        let mut numbers = Vec::new();
        for _ in 0..count {
            // The highest bit says that a reader has to know the property.
            if is_wide {
                numbers.push(usize::from(read_u16(ipma, at)? & 0x7fff));
                at += 2;
            } else {
                numbers.push(usize::from(*ipma.get(at)? & 0x7f));
                at += 1;
            }
        }
        if id == item {
            return Some(numbers);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sized_box(name: &[u8], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap();
        [&length.to_be_bytes(), name, content].concat()
    }

    /// A file whose main picture, item 7, has the properties `values` in this order.
    fn file(values: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
        let properties: Vec<u8> =
            values.iter().flat_map(|(name, value)| sized_box(name.as_slice(), value)).collect();
        let numbers: Vec<u8> = (1..=u8::try_from(values.len()).unwrap()).collect();
        let mut ipma = vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 7, u8::try_from(values.len()).unwrap()];
        ipma.extend(numbers);
        let iprp = [sized_box(b"ipco", &properties), sized_box(b"ipma", &ipma)].concat();
        let meta = [vec![0; 4], sized_box(b"pitm", &[0, 0, 0, 0, 0, 7]), sized_box(b"iprp", &iprp)];
        [sized_box(b"ftyp", b"heic"), sized_box(b"meta", &meta.concat())].concat()
    }

    fn numbers(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_be_bytes()).collect()
    }

    #[test]
    fn the_size_is_that_of_the_picture_as_it_is_shown() {
        let size = (b"ispe", numbers(&[0, 4032, 3024]));
        let of = |values: &[(&[u8; 4], Vec<u8>)]| {
            info(&file(values)).map(|info| (info.width, info.height, info.has_profile))
        };
        assert_eq!(of(std::slice::from_ref(&size)), Some((4032, 3024, false)));
        assert_eq!(of(&[size.clone(), (b"irot", vec![3])]), Some((3024, 4032, false)));
        assert_eq!(of(&[size.clone(), (b"irot", vec![2])]), Some((4032, 3024, false)));
        let crop = (b"clap", numbers(&[4000, 1, 6000, 2, 0, 1, 0, 1]));
        assert_eq!(of(&[size.clone(), crop, (b"irot", vec![1])]), Some((3000, 4000, false)));
        let profile = |kind: &[u8]| (b"colr", [kind, b"...."].concat());
        assert_eq!(of(&[size.clone(), profile(b"prof")]), Some((4032, 3024, true)));
        assert_eq!(of(&[size, profile(b"nclx")]), Some((4032, 3024, false)));
    }

    #[test]
    fn damaged_files_have_no_size() {
        let whole = file(&[(b"ispe", numbers(&[0, 4032, 3024]))]);
        for cut in 0..whole.len() {
            assert!(info(&whole[..cut]).is_none_or(|info| info.width == 4032));
        }
        assert_eq!(info(b""), None);
        assert_eq!(info(&file(&[])), None);
    }
}
