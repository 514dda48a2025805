//! A file on its way in: hashed while it is written, durable before anyone hears of it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};

use super::file_location::FileLocation;
use super::media_dir::MediaDir;
use super::preallocate::PreallocatedFile;

/// Enough of a file's beginning to say what it is.
const HEAD_BYTES: usize = 8192;

/// Bytes being written; gone again when dropped before [`IncomingFile::finish`].
pub struct IncomingFile {
    tree: Arc<MediaDir>,
    place: FileLocation,
    file: Option<PreallocatedFile>,
    hash: Sha256,
    head: Vec<u8>,
    size: u64,
}

/// A whole file that is not yet at its place. One that came in one go is gone again when dropped
/// unless [`ReceivedFile::set_kept`]; a resumable one stays.
pub struct ReceivedFile {
    tree: Arc<MediaDir>,
    place: FileLocation,
    is_kept: bool,
    /// Open until the bytes are durable.
    file: Option<PreallocatedFile>,
    /// First bytes of the file.
    pub head: Vec<u8>,
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

impl IncomingFile {
    /// # Errors
    /// The system's.
    pub fn create(tree: Arc<MediaDir>) -> io::Result<Self> {
        let place = FileLocation::incoming(&uuid::Uuid::now_v7().simple().to_string());
        let file = PreallocatedFile::new(tree.clone(), tree.create_file(&place)?, 0, u64::MAX);
        Ok(Self { tree, place, file: Some(file), hash: Sha256::new(), head: Vec::new(), size: 0 })
    }

    /// # Errors
    /// The system's; `StorageFull` when the disk is.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let missing = HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(missing));
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        self.file.as_mut().map_or(Ok(()), |file| file.write(bytes))
    }

    /// How many of the next `bytes` have no space on the disk yet.
    #[must_use]
    pub fn unallocated(&self, bytes: u64) -> u64 {
        self.file.as_ref().map_or(bytes, |file| file.unallocated(bytes))
    }

    /// Gives it the time at which its bytes were last changed where it comes from.
    ///
    /// # Errors
    /// The system's.
    pub fn set_modified(&self, at: SystemTime) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.file().set_modified(at))
    }

    /// Nothing more will come. The bytes are not durable yet.
    #[must_use]
    pub fn finish(mut self) -> ReceivedFile {
        ReceivedFile {
            tree: self.tree.clone(),
            place: self.place.clone(),
            is_kept: false,
            file: self.file.take(),
            head: std::mem::take(&mut self.head),
            size: self.size,
            sha256: hex::encode(std::mem::take(&mut self.hash).finalize()),
        }
    }
}

impl Drop for IncomingFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            drop(self.tree.remove_file(&self.place));
        }
    }
}

impl ReceivedFile {
    #[must_use]
    pub const fn location(&self) -> &FileLocation {
        &self.place
    }

    /// A whole file that lies somewhere already, and stays there if it finds no other place. It is hashed where
    /// nobody knows its `sha256`.
    ///
    /// # Errors
    /// The system's.
    pub fn open_existing(tree: Arc<MediaDir>, place: FileLocation, sha256: Option<&str>) -> io::Result<Self> {
        let mut file = tree.open_file(&place)?;
        let size = file.metadata()?.len();
        let sha256 = match sha256 {
            Some(known) => known.to_owned(),
            None => sha256_of(&mut file)?,
        };
        Ok(Self { tree, place, is_kept: true, head: read_head(&file)?, file: None, size, sha256 })
    }

    /// Makes the bytes durable; once they are, it does nothing.
    ///
    /// # Errors
    /// The system's; an fsync that failed is not tried again.
    pub fn make_durable(&mut self) -> io::Result<()> {
        self.file.take().map_or(Ok(()), PreallocatedFile::close)
    }

    /// Says whether the file stays when this is dropped: it has found its place, or nobody wants it.
    pub const fn set_keep(&mut self, is_kept: bool) {
        self.is_kept = is_kept;
    }
}

impl Drop for ReceivedFile {
    fn drop(&mut self) {
        if !self.is_kept {
            drop(self.tree.remove_file(&self.place));
        }
    }
}

/// A resumable upload that is being written on. What is behind its offset does not count.
pub struct PartialFile {
    tree: Arc<MediaDir>,
    place: FileLocation,
    file: PreallocatedFile,
    hash: Sha256,
}

impl PartialFile {
    /// Opens an upload of `length` bytes at its offset and forgets what lies behind it. `state` is the hash so far.
    ///
    /// # Errors
    /// The system's; `UnexpectedEof` when bytes before the offset are gone.
    pub fn open(tree: Arc<MediaDir>, place: FileLocation, offset: u64, length: u64, state: &[u8]) -> io::Result<Self> {
        let mut file = match tree.open_for_append(&place, offset == 0) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Err(closed_error()),
            other => other?,
        };
        if file.metadata()?.len() < offset {
            return Err(closed_error());
        }
        file.set_len(offset)?;
        let hash = match restore_hasher(state) {
            Some(hash) => hash,
            // Another version of the library wrote it.
            None => hash_of(&mut file)?,
        };
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file: PreallocatedFile::new(tree.clone(), file, offset, length), tree, place, hash })
    }

    /// # Errors
    /// The system's; `StorageFull` when the disk is.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write(bytes)?;
        self.hash.update(bytes);
        Ok(())
    }

    /// How many of the next `bytes` have no space on the disk yet.
    #[must_use]
    pub const fn unallocated(&self, bytes: u64) -> u64 {
        self.file.unallocated(bytes)
    }

    /// Bytes written, and the hash of them to go on with.
    #[must_use]
    pub fn progress(&self) -> (u64, Vec<u8>) {
        (self.file.size(), self.hash.serialize().to_vec())
    }

    /// Makes what was written durable, its name too.
    ///
    /// # Errors
    /// The system's; an fsync that failed is not tried again.
    pub fn make_durable(&self, is_new: bool) -> io::Result<()> {
        self.file.sync_data()?;
        if is_new { self.tree.sync_directory_of(&self.place) } else { Ok(()) }
    }

    /// The whole file.
    ///
    /// # Errors
    /// The system's.
    pub fn finish(self) -> io::Result<ReceivedFile> {
        Ok(ReceivedFile {
            tree: self.tree,
            place: self.place,
            is_kept: true,
            file: None,
            head: read_head(self.file.file())?,
            size: self.file.size(),
            sha256: hex::encode(self.hash.finalize()),
        })
    }
}

/// The hash of nothing, to begin with.
#[must_use]
pub fn empty_state() -> Vec<u8> {
    Sha256::new().serialize().to_vec()
}

fn closed_error() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "bytes that had arrived are gone")
}

fn restore_hasher(state: &[u8]) -> Option<Sha256> {
    let state = SerializedState::<Sha256>::try_from(state).ok()?;
    Sha256::deserialize(&state).ok()
}

fn read_head(mut file: &File) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.seek(SeekFrom::Start(0))?;
    file.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// SHA-256 of a whole file, in lower-case hexadecimal.
///
/// # Errors
/// The system's.
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

    fn tree() -> (tempfile::TempDir, Arc<MediaDir>) {
        let folder = tempfile::tempdir().unwrap();
        let tree = Arc::new(MediaDir::open(folder.path()).unwrap());
        (folder, tree)
    }

    #[test]
    fn a_file_is_hashed_while_it_is_written() {
        let (_root, tree) = tree();
        let mut incoming = IncomingFile::create(tree).unwrap();
        incoming.write(b"ab").unwrap();
        incoming.write(b"c").unwrap();
        let received = incoming.finish();
        // FIPS 180-4, the one-block example.
        assert_eq!(received.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((received.size, received.head.as_slice()), (3, b"abc".as_slice()));
    }

    #[test]
    fn what_is_not_finished_or_not_kept_leaves_nothing() {
        let (root, tree) = tree();
        let count = || std::fs::read_dir(root.path().join(".incoming")).unwrap().count();
        let mut torn = IncomingFile::create(tree.clone()).unwrap();
        torn.write(b"half").unwrap();
        assert_eq!(count(), 1);
        drop(torn);
        assert_eq!(count(), 0);
        let refused = IncomingFile::create(tree.clone()).unwrap().finish();
        assert_eq!(count(), 1);
        drop(refused);
        assert_eq!(count(), 0);
        IncomingFile::create(tree).unwrap().finish().set_keep(true);
        assert_eq!(count(), 1);
    }

    #[test]
    fn a_resumed_file_has_the_hash_of_the_whole_whatever_its_parts_were() {
        let (_root, tree) = tree();
        let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let (mut offset, mut state) = (0, empty_state());
        for part in bytes.chunks(33_333) {
            let mut partial =
                PartialFile::open(tree.clone(), FileLocation::upload(uuid::Uuid::nil()), offset, 400_000, &state).unwrap();
            partial.write(part).unwrap();
            (offset, state) = partial.progress();
            // Bytes that were written and never said to be durable.
            partial.write(b"and more").unwrap();
        }
        for state in [state, b"of another version".to_vec()] {
            let received = PartialFile::open(tree.clone(), FileLocation::upload(uuid::Uuid::nil()), offset, 400_000, &state)
                .unwrap()
                .finish()
                .unwrap();
            assert_eq!(received.sha256, hex::encode(Sha256::digest(&bytes)));
            assert_eq!((received.size, received.head.as_slice()), (400_000, &bytes[..8192]));
        }
        assert!(
            PartialFile::open(tree, FileLocation::upload(uuid::Uuid::nil()), offset + 1, 400_000, &empty_state()).is_err(),
            "shorter than its offset"
        );
    }
}
