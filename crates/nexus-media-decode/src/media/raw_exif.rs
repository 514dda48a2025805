//! Finds blocks of EXIF in files whose containers the EXIF library does not know: camera RAW and some image formats.

/// Bytes at the start of a file that are searched.
const SEARCHED_BYTES: usize = 32 << 20;
/// Longest block in bytes. Entries refer to values in the block, which cameras write before their images.
const MAX_BLOCK_BYTES: usize = 1 << 20;
/// Blocks read from one file.
const MAX_BLOCKS: usize = 4;

/// The start of TIFF data in both byte orders.
const TIFF_STARTS: [&[u8; 4]; 2] = [b"II*\0", b"MM\0*"];

/// Blocks of TIFF data with EXIF tags, the most important first. Empty for formats that the EXIF library reads itself.
#[must_use]
pub fn blocks(bytes: &[u8]) -> Vec<Vec<u8>> {
    let head = bytes.get(..SEARCHED_BYTES.min(bytes.len())).unwrap_or_default();
    match head {
        // Olympus and Panasonic: TIFF with another mark.
        [b'I', b'I', b'R', b'O' | b'S', ..] | [b'I', b'I', b'U', 0, ..] => {
            with_mark(head, *b"II*\0").into_iter().chain(embedded(head)).collect()
        }
        [b'M', b'M', b'O', b'R', ..] => with_mark(head, *b"MM\0*").into_iter().collect(),
        // Canon's CR3 has TIFF data in boxes for the image, its EXIF tags, and the position.
        [_, _, _, _, b'f', b't', b'y', b'p', b'c', b'r', b'x', b' ', ..] => {
            [b"CMT1", b"CMT2", b"CMT4"]
                .iter()
                .filter_map(|name| box_content(head, name.as_slice()))
                .collect()
        }
        // Fujifilm and Sigma: the block of the embedded JPEG. JPEG XL, JPEG 2000 and Photoshop: in a box or resource.
        _ if head.starts_with(b"FUJIFILM")
            || head.starts_with(b"FOVb")
            || head.starts_with(b"8BPS")
            || head.starts_with(b"\xff\x0a")
            || head.get(4..6) == Some(b"JX")
            || head.get(4..6) == Some(b"jP") =>
        {
            embedded(head)
        }
        _ => Vec::new(),
    }
}

/// The start of a file with a standard mark.
fn with_mark(head: &[u8], mark: [u8; 4]) -> Option<Vec<u8>> {
    let mut block = head.get(..MAX_BLOCK_BYTES.min(head.len()))?.to_vec();
    block.get_mut(..4)?.copy_from_slice(&mark);
    Some(block)
}

/// Blocks that follow the word `Exif` or the number of Photoshop's resource for EXIF.
fn embedded(head: &[u8]) -> Vec<Vec<u8>> {
    let names: [&[u8]; 3] = [b"Exif", b"8BIM\x04\x22", b"JpgTiffExif->JP2"];
    let found = names.iter().flat_map(|name| {
        memchr::memmem::find_iter(head, *name).map(|at| at + name.len()).take(MAX_BLOCKS)
    });
    let mut starts: Vec<usize> = found.filter_map(|after| tiff_start(head, after)).collect();
    starts.sort_unstable();
    starts.dedup();
    starts.into_iter().take(MAX_BLOCKS).filter_map(|start| block_at(head, start)).collect()
}

/// Where TIFF data starts within the next bytes, which contain zeros or lengths.
fn tiff_start(head: &[u8], after: usize) -> Option<usize> {
    let near = head.get(after..(after + 16).min(head.len()))?;
    let offset = near.windows(4).position(|mark| TIFF_STARTS.iter().any(|start| *start == mark))?;
    Some(after + offset)
}

fn block_at(head: &[u8], start: usize) -> Option<Vec<u8>> {
    Some(head.get(start..(start + MAX_BLOCK_BYTES).min(head.len()))?.to_vec())
}

/// The content of the first box with this name: after its length and name.
fn box_content(head: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memmem::find(head, name)?;
    let length = head.get(at.checked_sub(4)?..at)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let content = head.get(at + 4..(at + length.checked_sub(4)?).min(head.len()))?;
    TIFF_STARTS.iter().any(|start| content.starts_with(*start)).then(|| content.to_vec())
}
