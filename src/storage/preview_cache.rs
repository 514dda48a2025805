//! Previews on disk: one file per item in the data directory, never in user folders.
//!
//! It is a cache: files are not fsynced, and a missing or torn one is made again on request. Full-size views, which few
//! items ever need, are files of their own that are removed after a week.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use crate::media::Picture;

/// First bytes of a file. The number changes when previews are made differently.
const MAGIC: &[u8; 4] = b"NXV1";
/// Width, height, offset and length of one preview.
const ENTRY_BYTES: usize = 16;
/// Before the id in the name of a full-size view.
const FULL_SIZE: &str = "full-";
/// How long a full-size view is kept.
const FULL_SIZE_AGE: Duration = Duration::from_hours(7 * 24);
/// Age of a temporary file that no process writes any more.
const TEMPORARY_AGE: Duration = Duration::from_hours(1);

/// A preview that is ready to be sent: a range of a file.
pub struct CachedPreview {
    pub file: File,
    pub width: u32,
    pub height: u32,
    /// Start and length in bytes.
    pub offset: u64,
    pub length: u64,
}

/// The previews of all items.
pub struct PreviewCache {
    root: PathBuf,
}

impl PreviewCache {
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let root = data_dir.join("previews");
        fs::create_dir_all(&root)?;
        Ok(Self { root })
    }

    /// Files are spread by the last byte of the id, which is random.
    fn folder(&self, id: Uuid) -> PathBuf {
        self.root.join(format!("{:02x}", id.as_bytes()[15]))
    }

    fn path(&self, id: Uuid) -> PathBuf {
        self.folder(id).join(id.simple().to_string())
    }

    fn full_size_path(&self, id: Uuid) -> PathBuf {
        self.folder(id).join(format!("{FULL_SIZE}{}", id.simple()))
    }

    /// Replaces an item's previews. They are not made durable; those lost in a power cut are made again.
    ///
    /// # Errors
    /// The old previews remain.
    pub fn write(&self, id: Uuid, pictures: &[Picture]) -> io::Result<()> {
        self.write_file(id, &self.path(id), &encode(pictures)?)
    }

    /// Keeps the full-size view of an item whose content has this SHA-256.
    ///
    /// # Errors
    /// The old one remains.
    pub fn write_full_size(&self, id: Uuid, sha256: &str, picture: &Picture) -> io::Result<()> {
        // The hash at the end says which content is shown, because files can change.
        let mut bytes = encode(std::slice::from_ref(picture))?;
        bytes.extend_from_slice(sha256.as_bytes());
        self.write_file(id, &self.full_size_path(id), &bytes)
    }

    fn write_file(&self, id: Uuid, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // Renamed into place, so that readers see all or nothing.
        fs::create_dir_all(self.folder(id))?;
        let new = self.folder(id).join(format!(".{}", Uuid::now_v7().simple()));
        let written = File::create(&new)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| fs::rename(&new, path));
        if written.is_err() {
            // The error of writing is the one returned; a temporary file that remains is removed by `ids_in`.
            drop(fs::remove_file(&new));
        }
        written
    }

    /// Finds the full-size view of the content with this SHA-256.
    ///
    /// # Errors
    /// `NotFound`, or `InvalidData` for a damaged file or another content.
    pub fn find_full_size(&self, id: Uuid, sha256: &str) -> io::Result<CachedPreview> {
        let view = find_in(File::open(self.full_size_path(id))?, u32::MAX)?;
        let mut shown = vec![0; sha256.len()];
        view.file.read_exact_at(&mut shown, view.offset + view.length)?;
        if shown != sha256.as_bytes() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(view)
    }

    /// Returns the smallest preview whose longer side is at least `side`, or else the largest.
    ///
    /// # Errors
    /// `NotFound`, or `InvalidData` for a damaged file.
    pub fn find(&self, id: Uuid, side: u32) -> io::Result<CachedPreview> {
        find_in(File::open(self.path(id))?, side)
    }

    /// Removes all previews.
    pub fn remove_all(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.root)?;
        fs::create_dir_all(&self.root)
    }

    /// Removes an item's previews, if there are any.
    pub fn remove(&self, id: Uuid) {
        for path in [self.path(id), self.full_size_path(id)] {
            if let Err(cause) = fs::remove_file(path)
                && cause.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(error = %cause, "could not remove a preview");
            }
        }
    }

    /// Returns the ids in one of the 256 folders, and removes stale temporary files and old full-size views from it.
    #[must_use]
    pub fn ids_in(&self, folder: u8) -> Vec<Uuid> {
        let Ok(entries) = fs::read_dir(self.root.join(format!("{folder:02x}"))) else {
            return Vec::new();
        };
        let mut ids = Vec::new();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            let full_size = name.strip_prefix(FULL_SIZE);
            match Uuid::try_parse(full_size.unwrap_or(name)) {
                Ok(_) if full_size.is_some() && is_older(&entry, FULL_SIZE_AGE) => {
                    drop(fs::remove_file(entry.path()));
                }
                Ok(id) => ids.push(id),
                // A temporary file of a killed process. Those being written are younger.
                Err(_) if is_older(&entry, TEMPORARY_AGE) => drop(fs::remove_file(entry.path())),
                // A file that is still being written, or a foreign one, stays.
                Err(_) => {}
            }
        }
        ids
    }
}

/// A file with these pictures.
fn encode(pictures: &[Picture]) -> io::Result<Vec<u8>> {
    let mut bytes = MAGIC.to_vec();
    let count = u32::try_from(pictures.len()).map_err(io::Error::other)?;
    bytes.extend(count.to_le_bytes());

    // A table with the size and position of each picture follows the header of 8 bytes (magic and count); the
    // pictures come after it.
    let mut offset = 8 + ENTRY_BYTES * pictures.len();
    for picture in pictures {
        let fields = [picture.width, picture.height, to_u32(offset)?, to_u32(picture.bytes.len())?];
        bytes.extend(fields.iter().flat_map(|number| number.to_le_bytes()));
        offset += picture.bytes.len();
    }

    for picture in pictures {
        bytes.extend_from_slice(&picture.bytes);
    }
    Ok(bytes)
}

/// The smallest picture in a file whose longer side is at least `side`, or else the largest.
fn find_in(file: File, side: u32) -> io::Result<CachedPreview> {
    let length = file.metadata()?.len();

    // One read covers the header of 8 bytes and the table of at most three previews.
    let mut head = [0; 8 + ENTRY_BYTES * 3];
    let read = file.read_at(&mut head, 0)?;
    let torn = || io::Error::from(io::ErrorKind::InvalidData);
    let head = head.get(..read).unwrap_or_default();
    if head.get(..4) != Some(MAGIC) {
        return Err(torn());
    }
    let read_u32 = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let count = read_u32(4).ok_or_else(torn)? as usize;

    let entry = |index: usize| {
        let at = 8 + ENTRY_BYTES * index;
        Some((
            read_u32(at)?,
            read_u32(at + 4)?,
            u64::from(read_u32(at + 8)?),
            u64::from(read_u32(at + 12)?),
        ))
    };

    // Limits a damaged count to the three entries that were read.
    let entries: Option<Vec<_>> = (0..count.min(3)).map(entry).collect();
    let entries = entries.ok_or_else(torn)?;
    let is_enough = |(width, height, _, _): &&(u32, u32, u64, u64)| (*width).max(*height) >= side;

    // Entries are ordered largest first: the last that is large enough, or else the first.
    let (width, height, offset, size) =
        *entries.iter().rfind(is_enough).or_else(|| entries.first()).ok_or_else(torn)?;
    // The file was not written completely.
    if offset + size > length || size == 0 {
        return Err(torn());
    }
    Ok(CachedPreview { file, width, height, offset, length: size })
}

fn is_older(entry: &fs::DirEntry, limit: Duration) -> bool {
    let age =
        entry.metadata().and_then(|of| of.modified()).map(|at| at.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age > limit)
}

fn to_u32(length: usize) -> io::Result<u32> {
    u32::try_from(length).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(side: u32, byte: u8) -> Picture {
        Picture { width: side, height: side / 2, bytes: vec![byte; side as usize] }
    }

    fn read(stored: &CachedPreview) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(stored.length).unwrap()];
        stored.file.read_exact_at(&mut bytes, stored.offset).unwrap();
        bytes
    }

    #[test]
    fn each_preview_size_is_found_and_a_small_image_serves_all() {
        let folder = tempfile::tempdir().unwrap();
        let previews = PreviewCache::open(folder.path()).unwrap();
        let id = Uuid::now_v7();
        assert!(previews.find(id, 320).is_err());
        previews.write(id, &[picture(1280, 1), picture(640, 2), picture(320, 3)]).unwrap();
        for (side, byte) in [(320, 3), (640, 2), (1280, 1)] {
            assert_eq!(read(&previews.find(id, side).unwrap()), vec![byte; side as usize]);
        }
        previews.write(id, &[picture(100, 9)]).unwrap();
        assert_eq!(previews.find(id, 1280).unwrap().width, 100);
        previews.remove(id);
        assert!(previews.find(id, 320).is_err());
    }

    #[test]
    fn a_full_size_view_is_of_the_content_that_the_item_has_now() {
        let folder = tempfile::tempdir().unwrap();
        let previews = PreviewCache::open(folder.path()).unwrap();
        let (id, old, new) = (Uuid::now_v7(), "a".repeat(64), "b".repeat(64));
        previews.write_full_size(id, &old, &picture(4000, 5)).unwrap();
        assert_eq!(read(&previews.find_full_size(id, &old).unwrap()), vec![5; 4000]);
        assert!(previews.find_full_size(id, &new).is_err(), "the file was replaced meanwhile");
        assert_eq!(previews.ids_in(id.as_bytes()[15]), [id]);
        previews.remove(id);
        assert!(previews.find_full_size(id, &old).is_err());
        assert!(previews.ids_in(id.as_bytes()[15]).is_empty());
    }

    #[test]
    fn a_damaged_file_is_never_sent() {
        let folder = tempfile::tempdir().unwrap();
        let previews = PreviewCache::open(folder.path()).unwrap();
        let id = Uuid::now_v7();
        previews.write(id, &[picture(1280, 1), picture(640, 2), picture(320, 3)]).unwrap();
        let whole = fs::read(previews.path(id)).unwrap();
        for cut in [0, 3, 8, 20, 55, 57, whole.len() - 1] {
            fs::write(previews.path(id), &whole[..cut]).unwrap();
            assert!(previews.find(id, 320).is_err(), "{cut}");
        }
    }
}
