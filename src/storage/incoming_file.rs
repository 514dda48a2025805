//! Files that are being received: hashed while they are written, and durable before they are acknowledged.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};

use super::file_location::FileLocation;
use super::media_dir::MediaDir;
use super::preallocate::PreallocatedFile;

/// Bytes kept from the start of a file; enough to sniff its media type.
const HEAD_BYTES: usize = 8192;

/// A file that is being written. Removed when dropped before [`IncomingFile::finish`].
pub struct IncomingFile {
    media_dir: Arc<MediaDir>,
    location: FileLocation,
    file: Option<PreallocatedFile>,
    hash: Sha256,
    head: Vec<u8>,
    size: u64,
}

/// A complete file that has not been stored yet. A file received in one request is removed when dropped, unless
/// [`ReceivedFile::set_keep`] says otherwise; a finished resumable upload stays.
pub struct ReceivedFile {
    media_dir: Arc<MediaDir>,
    location: FileLocation,
    is_kept: bool,
    /// Open until the content is durable.
    file: Option<PreallocatedFile>,
    /// The first `HEAD_BYTES` bytes.
    pub head: Vec<u8>,
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
    /// When a file that another program wrote was last changed: milliseconds since 1970 in UTC.
    pub modified: Option<i64>,
}

impl IncomingFile {
    /// Creates an empty file with a unique name in the folder of incoming files. The file is removed when the result is
    /// dropped without `finish`.
    pub fn create(media_dir: Arc<MediaDir>) -> io::Result<Self> {
        let location = FileLocation::incoming(&uuid::Uuid::now_v7().simple().to_string());
        // The new file has 0 bytes, and its final length is not known, so it has no limit.
        let file = PreallocatedFile::new(
            media_dir.clone(),
            media_dir.create_file(&location)?,
            0,
            u64::MAX,
        );
        Ok(Self {
            media_dir,
            location,
            file: Some(file),
            hash: Sha256::new(),
            head: Vec::new(),
            size: 0,
        })
    }

    /// Writes and hashes bytes.
    ///
    /// # Errors
    /// `StorageFull` when the disk is full.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let missing = HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(missing));
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        self.file.as_mut().map_or(Ok(()), |file| file.write(bytes))
    }

    /// Returns how many of the next `bytes` are not allocated on disk yet.
    #[must_use]
    pub fn unallocated(&self, bytes: u64) -> u64 {
        self.file.as_ref().map_or(bytes, |file| file.unallocated(bytes))
    }

    /// Sets the modification time, from the source of an import.
    pub fn set_modified(&self, at: SystemTime) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.file().set_modified(at))
    }

    /// Ends writing. The content is not durable yet.
    #[must_use]
    pub fn finish(mut self) -> ReceivedFile {
        ReceivedFile {
            media_dir: self.media_dir.clone(),
            location: self.location.clone(),
            is_kept: false,
            // Taken, so that dropping `self` does not remove the file.
            file: self.file.take(),
            head: std::mem::take(&mut self.head),
            size: self.size,
            sha256: hex::encode(std::mem::take(&mut self.hash).finalize()),
            modified: None,
        }
    }
}

impl Drop for IncomingFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            drop(self.media_dir.remove_file(&self.location));
        }
    }
}

impl ReceivedFile {
    #[must_use]
    pub const fn location(&self) -> &FileLocation {
        &self.location
    }

    /// Opens a complete file that already exists, and hashes it. Dropping the result does not remove the file.
    pub fn open_existing(media_dir: Arc<MediaDir>, location: FileLocation) -> io::Result<Self> {
        let file = media_dir.open_file(&location)?;
        Self::from_existing(media_dir, location, file)
    }

    /// Opens a file that another program has put into a user folder, and hashes it.
    ///
    /// # Errors
    /// `InvalidInput` for a file with several hard links, which may belong to somebody else.
    pub fn open_foreign(media_dir: Arc<MediaDir>, location: FileLocation) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let file = media_dir.open_file(&location)?;
        if file.metadata()?.nlink() > 1 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it has several hard links"));
        }
        Self::from_existing(media_dir, location, file)
    }

    fn from_existing(
        media_dir: Arc<MediaDir>,
        location: FileLocation,
        mut file: File,
    ) -> io::Result<Self> {
        Ok(Self {
            media_dir,
            location,
            // Dropping the result does not remove the file.
            is_kept: true,
            size: file.metadata()?.len(),
            sha256: sha256_of(&mut file)?,
            head: read_head(&file)?,
            modified: modified_at(&file)?,
            // Only a file that must still be made durable is kept open.
            file: None,
        })
    }

    /// Makes the content durable. A second call does nothing.
    ///
    /// # Errors
    /// A failed fsync is not retried, because the kernel may have dropped the pages.
    pub fn make_durable(&mut self) -> io::Result<()> {
        self.file.take().map_or(Ok(()), PreallocatedFile::close)
    }

    /// Sets whether the file stays when this is dropped.
    pub const fn set_keep(&mut self, is_kept: bool) {
        self.is_kept = is_kept;
    }
}

impl Drop for ReceivedFile {
    fn drop(&mut self) {
        if !self.is_kept {
            drop(self.media_dir.remove_file(&self.location));
        }
    }
}

/// A resumable upload that is being appended to. Opening it cuts off bytes after its offset.
pub struct PartialFile {
    media_dir: Arc<MediaDir>,
    location: FileLocation,
    file: PreallocatedFile,
    hash: Sha256,
}

impl PartialFile {
    /// Opens a resumable upload of `length` bytes at `offset` and truncates it there. `hash_state` is the serialized
    /// state of the SHA-256 of the bytes before the offset.
    ///
    /// # Errors
    /// `UnexpectedEof` when bytes before the offset are missing.
    pub fn open(
        media_dir: Arc<MediaDir>,
        location: FileLocation,
        offset: u64,
        length: u64,
        hash_state: &[u8],
    ) -> io::Result<Self> {
        // Only an upload without any durable bytes may have no file yet.
        let mut file = match media_dir.open_for_append(&location, offset == 0) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Err(missing_bytes_error());
            }
            other => other?,
        };

        if file.metadata()?.len() < offset {
            return Err(missing_bytes_error());
        }
        // Bytes after the offset were not acknowledged.
        file.set_len(offset)?;

        let hash = match restore_hasher(hash_state) {
            Some(hash) => hash,
            // The state cannot be restored if another version of the hash library wrote it; the bytes are then hashed
            // again.
            None => hash_of(&mut file)?,
        };

        file.seek(SeekFrom::Start(offset))?;
        Ok(Self {
            file: PreallocatedFile::new(media_dir.clone(), file, offset, length),
            media_dir,
            location,
            hash,
        })
    }

    /// Appends and hashes bytes.
    ///
    /// # Errors
    /// `StorageFull` when the disk is full.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write(bytes)?;
        self.hash.update(bytes);
        Ok(())
    }

    /// Returns how many of the next `bytes` are not allocated on disk yet.
    #[must_use]
    pub const fn unallocated(&self, bytes: u64) -> u64 {
        self.file.unallocated(bytes)
    }

    /// Returns the number of bytes written and the state of the hash, to continue with later.
    #[must_use]
    pub fn progress(&self) -> (u64, Vec<u8>) {
        (self.file.size(), self.hash.serialize().to_vec())
    }

    /// Makes the content durable, and the name too if the file is new.
    ///
    /// # Errors
    /// A failed fsync is not retried.
    pub fn make_durable(&self, is_new: bool) -> io::Result<()> {
        self.file.sync_data()?;
        if is_new { self.media_dir.sync_directory_of(&self.location) } else { Ok(()) }
    }

    /// Ends a complete upload.
    pub fn finish(self) -> io::Result<ReceivedFile> {
        Ok(ReceivedFile {
            media_dir: self.media_dir,
            location: self.location,
            is_kept: true,
            file: None,
            head: read_head(self.file.file())?,
            size: self.file.size(),
            sha256: hex::encode(self.hash.finalize()),
            modified: None,
        })
    }
}

/// When the content of a file was last changed: milliseconds since 1970.
fn modified_at(file: &File) -> io::Result<Option<i64>> {
    let since = file.metadata()?.modified()?.duration_since(std::time::UNIX_EPOCH);
    Ok(since.ok().and_then(|since| i64::try_from(since.as_millis()).ok()))
}

/// The state of the hash before the first byte.
#[must_use]
pub fn empty_state() -> Vec<u8> {
    Sha256::new().serialize().to_vec()
}

fn missing_bytes_error() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "bytes that had arrived are gone")
}

fn restore_hasher(state: &[u8]) -> Option<Sha256> {
    let state = SerializedState::<Sha256>::try_from(state).ok()?;
    Sha256::deserialize(&state).ok()
}

/// Reads the first bytes of a file, from which its type is sniffed.
pub fn read_head(mut file: &File) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.seek(SeekFrom::Start(0))?;
    file.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Returns the SHA-256 of a whole file in lower-case hexadecimal.
pub fn sha256_of(file: &mut File) -> io::Result<String> {
    Ok(hex::encode(hash_of(file)?.finalize()))
}

fn hash_of(file: &mut File) -> io::Result<Sha256> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 256 * 1024];
    file.seek(SeekFrom::Start(0))?;
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(hash);
        }
        hash.update(chunk.get(..read).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media_dir() -> (tempfile::TempDir, Arc<MediaDir>) {
        let folder = tempfile::tempdir().unwrap();
        let media_dir = Arc::new(MediaDir::open(folder.path()).unwrap());
        (folder, media_dir)
    }

    #[test]
    fn a_file_is_hashed_while_it_is_written() {
        let (_root, media_dir) = media_dir();
        let mut incoming = IncomingFile::create(media_dir).unwrap();
        incoming.write(b"ab").unwrap();
        incoming.write(b"c").unwrap();
        let received = incoming.finish();
        // FIPS 180-4, the one-block example.
        assert_eq!(
            received.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!((received.size, received.head.as_slice()), (3, b"abc".as_slice()));
    }

    #[test]
    fn unfinished_or_discarded_files_leave_nothing() {
        let (root, media_dir) = media_dir();
        let count = || std::fs::read_dir(root.path().join(".incoming")).unwrap().count();
        let mut torn = IncomingFile::create(media_dir.clone()).unwrap();
        torn.write(b"half").unwrap();
        assert_eq!(count(), 1);
        drop(torn);
        assert_eq!(count(), 0);
        let refused = IncomingFile::create(media_dir.clone()).unwrap().finish();
        assert_eq!(count(), 1);
        drop(refused);
        assert_eq!(count(), 0);
        IncomingFile::create(media_dir).unwrap().finish().set_keep(true);
        assert_eq!(count(), 1);
    }

    #[test]
    fn a_resumed_file_has_the_hash_of_the_whole_for_any_parts() {
        let (_root, media_dir) = media_dir();
        let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let (mut offset, mut state) = (0, empty_state());
        for part in bytes.chunks(33_333) {
            let mut partial = PartialFile::open(
                media_dir.clone(),
                FileLocation::upload(uuid::Uuid::nil()),
                offset,
                400_000,
                &state,
            )
            .unwrap();
            partial.write(part).unwrap();
            (offset, state) = partial.progress();
            // Bytes that were written and never said to be durable.
            partial.write(b"and more").unwrap();
        }
        for state in [state, b"of another version".to_vec()] {
            let received = PartialFile::open(
                media_dir.clone(),
                FileLocation::upload(uuid::Uuid::nil()),
                offset,
                400_000,
                &state,
            )
            .unwrap()
            .finish()
            .unwrap();
            assert_eq!(received.sha256, hex::encode(Sha256::digest(&bytes)));
            assert_eq!((received.size, received.head.as_slice()), (400_000, &bytes[..8192]));
        }
        assert!(
            PartialFile::open(
                media_dir,
                FileLocation::upload(uuid::Uuid::nil()),
                offset + 1,
                400_000,
                &empty_state()
            )
            .is_err(),
            "shorter than its offset"
        );
    }
}
