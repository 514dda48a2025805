//! Preallocates disk space ahead of writes with `fallocate`, so that the file system can allocate large extents and need
//! not reserve space for each page.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use rustix::fs::FallocateFlags;

use super::media_dir::MediaDir;

/// Bytes allocated at a time. Larger steps were not faster.
const PREALLOCATE_BYTES: u64 = 8 << 20;
/// Files at least this long are likely to grow further.
const MIN_PREALLOCATED_SIZE: u64 = 1 << 20;

/// A growing file. Space that was allocated and not written is freed when this is dropped.
pub(crate) struct PreallocatedFile {
    media_dir: Arc<MediaDir>,
    file: File,
    /// The length that the file will not exceed.
    limit: u64,
    size: u64,
    /// The end of the allocated space.
    allocated: u64,
    /// Set after `fallocate` has failed; it is not tried again for this file.
    is_unsupported: bool,
}

impl PreallocatedFile {
    /// Wraps a file of `size` bytes that is appended to.
    pub(crate) const fn new(media_dir: Arc<MediaDir>, file: File, size: u64, limit: u64) -> Self {
        Self { media_dir, file, limit, size, allocated: size, is_unsupported: false }
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Returns how many of the next `bytes` are not allocated yet.
    pub(crate) const fn unallocated(&self, bytes: u64) -> u64 {
        (self.size + bytes).saturating_sub(self.allocated)
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// `StorageFull` when the disk is full.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.size >= MIN_PREALLOCATED_SIZE && self.unallocated(bytes.len() as u64) > 0 {
            self.allocate();
        }
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        self.allocated = self.allocated.max(self.size);
        Ok(())
    }

    /// Allocates the next step, unless the disk is nearly full: what remains is for actual data.
    fn allocate(&mut self) {
        let step = PREALLOCATE_BYTES.min(self.limit.saturating_sub(self.allocated));
        if step == 0 || self.is_unsupported || self.media_dir.would_be_full(PREALLOCATE_BYTES) {
            return;
        }
        match rustix::fs::fallocate(&self.file, FallocateFlags::KEEP_SIZE, self.allocated, step) {
            Ok(()) => self.allocated += step,
            Err(_) => self.is_unsupported = true,
        }
    }

    fn trim(&mut self) -> io::Result<()> {
        if self.allocated > self.size {
            self.file.set_len(self.size)?;
            self.allocated = self.size;
        }
        Ok(())
    }

    /// Makes what was written durable.
    ///
    /// # Errors
    /// A failed fsync is not retried.
    pub(crate) fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Makes the complete file durable.
    ///
    /// # Errors
    /// A failed fsync is not retried.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.trim()?;
        self.file.sync_all()
    }

    pub(crate) const fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for PreallocatedFile {
    fn drop(&mut self) {
        drop(self.trim());
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    const PIECE: usize = 512 * 1024;
    static BYTES: [u8; PIECE] = [7; PIECE];

    fn growing(limit: u64) -> (tempfile::TempDir, std::path::PathBuf, PreallocatedFile) {
        let folder = tempfile::tempdir().unwrap();
        let media_dir = Arc::new(MediaDir::open(folder.path()).unwrap());
        let path = folder.path().join("file");
        let file = PreallocatedFile::new(media_dir, File::create(&path).unwrap(), 0, limit);
        (folder, path, file)
    }

    fn on_disk(path: &std::path::Path) -> u64 {
        std::fs::metadata(path).unwrap().blocks() * 512
    }

    #[test]
    fn a_long_file_preallocates_space_and_releases_what_it_did_not_need() {
        let (_root, path, mut file) = growing(u64::MAX);
        for _ in 0..3 {
            file.write(&BYTES).unwrap();
        }
        assert_eq!(file.unallocated(PREALLOCATE_BYTES - PIECE as u64), 0);
        assert!(on_disk(&path) >= PREALLOCATE_BYTES, "{} bytes allocated", on_disk(&path));
        assert_eq!(
            path.metadata().unwrap().len(),
            3 * PIECE as u64,
            "its length is what was written"
        );
        drop(file);
        assert!(on_disk(&path) < 2 * 1024 * 1024, "{} bytes left allocated", on_disk(&path));
        assert_eq!(std::fs::read(&path).unwrap(), vec![7; 3 * PIECE]);
    }

    #[test]
    fn nothing_is_allocated_behind_a_known_end_or_for_short_files() {
        let (_root, path, mut file) = growing(4 * PIECE as u64);
        file.write(&BYTES).unwrap();
        assert_eq!(file.unallocated(1), 1, "a short file");
        for _ in 0..2 {
            file.write(&BYTES).unwrap();
        }
        assert_eq!((file.unallocated(PIECE as u64), file.unallocated(PIECE as u64 + 1)), (0, 1));
        file.write(&BYTES).unwrap();
        file.close().unwrap();
        assert!(on_disk(&path) <= 5 * PIECE as u64);
    }
}
