//! The folder of all backups: each content once, named by its SHA-256, and backup sets that refer to them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use sha2::{Digest, Sha256};

use super::open_beneath::open_regular_file;
use super::sha256_of;
use crate::config::create_private_dir;

/// Bytes copied at once.
const CHUNK_BYTES: usize = 1 << 20;
/// Suffix of an object that turned out to be damaged.
const DAMAGED_SUFFIX: &str = ".damaged";
/// New objects synced together, by number and by bytes.
const MAX_BATCH_FILES: usize = 512;
const MAX_BATCH_BYTES: u64 = 256 << 20;
/// Bytes of the disk that are left free.
const RESERVED_BYTES: u64 = 64 << 20;

/// A backup folder, locked by this process until it is dropped.
pub struct BackupRepository {
    root: PathBuf,
    /// Where new objects stay until they are durable.
    staging: PathBuf,
    staged: Vec<String>,
    staged_bytes: u64,
    _lock: File,
}

impl BackupRepository {
    /// Opens and locks the folder, creating it (mode 0700) if needed. Removes what an earlier process left unfinished.
    ///
    /// # Errors
    /// `WouldBlock` while another process holds the lock.
    pub fn open(root: &Path) -> io::Result<Self> {
        let staging = root.join("objects/.new");
        for folder in [root, &root.join("sets"), &staging] {
            create_private_dir(folder)?;
        }

        let lock = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(root.join("lock"))?;

        // Locked before the removal, so that files of a running backup are not removed.
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        for unfinished in fs::read_dir(&staging)? {
            fs::remove_file(unfinished?.path())?;
        }
        // The names of incomplete sets begin with a dot.
        for set in list_names(&root.join("sets"), |name| name.starts_with('.'))? {
            fs::remove_dir_all(root.join("sets").join(set))?;
        }

        Ok(Self {
            root: root.to_path_buf(),
            staging,
            staged: Vec::new(),
            staged_bytes: 0,
            _lock: lock,
        })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    fn object_path(&self, sha256: &str) -> PathBuf {
        self.root.join("objects").join(sha256.get(..2).unwrap_or("00")).join(sha256)
    }

    /// Returns whether an object with this hash and length exists.
    #[must_use]
    pub fn has_object(&self, sha256: &str, size: u64) -> bool {
        is_hash(sha256)
            && [self.object_path(sha256), self.staging.join(sha256)]
                .iter()
                .any(|path| fs::metadata(path).is_ok_and(|metadata| metadata.len() == size))
    }

    /// Stores the content of a file if it has the expected hash and length. Returns false and stores nothing if it has
    /// not, or cannot be read. The object is durable after the next [`BackupRepository::flush`].
    ///
    /// # Errors
    /// `StorageFull` before the disk is full.
    pub fn put(&mut self, file: &mut impl Read, sha256: &str, size: u64) -> io::Result<bool> {
        // The hash becomes a file name, so anything else is rejected.
        if !is_hash(sha256) {
            return Ok(false);
        }
        self.ensure_space(size)?;
        let path = self.staging.join(sha256);

        let mut copy = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;

        let is_right = copy_checked(file, &mut copy, sha256, size);
        // A wrong or incomplete copy is not kept.
        if !matches!(is_right, Ok(true)) {
            fs::remove_file(&path)?;
            return is_right;
        }

        // Flushing syncs many objects at once, and batches limit how much is not durable yet.
        self.staged.push(sha256.to_owned());
        self.staged_bytes += size;
        if self.staged.len() >= MAX_BATCH_FILES || self.staged_bytes >= MAX_BATCH_BYTES {
            self.flush()?;
        }
        Ok(true)
    }

    fn ensure_space(&self, bytes: u64) -> io::Result<()> {
        let stat = rustix::fs::statvfs(&self.root)?;
        if stat.f_bavail * stat.f_frsize < bytes.saturating_add(RESERVED_BYTES) {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "the disk of the backups is full",
            ));
        }
        Ok(())
    }

    /// Makes new objects durable and then gives them their names.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sync()?;
        self.staged_bytes = 0;
        for sha256 in std::mem::take(&mut self.staged) {
            let path = self.object_path(&sha256);
            create_private_dir(path.parent().unwrap_or(&self.root))?;
            fs::rename(self.staging.join(&sha256), path)?;
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(&self.root)?)?)
    }

    /// Copies an object to `to`. Returns false if it is missing, cannot be read to its end, or is damaged; `to` may
    /// then have received part of it.
    ///
    /// # Errors
    /// Those of writing to `to`.
    pub fn copy_out(&self, sha256: &str, size: u64, to: &mut impl Write) -> io::Result<bool> {
        match self.open_object(sha256) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
            object => copy_checked(&mut object?, to, sha256, size),
        }
    }

    pub fn open_object(&self, sha256: &str) -> io::Result<File> {
        if is_hash(sha256) {
            open_regular_file(&self.object_path(sha256))
        } else {
            Err(io::ErrorKind::InvalidInput.into())
        }
    }

    /// Lists objects that no set needs, with their lengths: objects that are not in `needed`, and damaged ones that have
    /// been stored again.
    pub fn list_unreferenced(
        &self,
        needed: &BTreeMap<String, u64>,
    ) -> io::Result<Vec<(PathBuf, u64)>> {
        let is_unreferenced = |name: &str| match name.strip_suffix(DAMAGED_SUFFIX) {
            // A damaged object may still be partly useful until there is a good one.
            Some(sha256) => {
                is_hash(sha256)
                    && needed.get(sha256).is_none_or(|size| self.has_object(sha256, *size))
            }
            None => is_hash(name) && !needed.contains_key(name),
        };

        let mut unreferenced = Vec::new();
        for folder in list_names(&self.root.join("objects"), |name| !name.starts_with('.'))? {
            let folder = self.root.join("objects").join(folder);
            for name in list_names(&folder, is_unreferenced)? {
                let content = folder.join(name);
                let size = fs::metadata(&content)?.len();
                unreferenced.push((content, size));
            }
        }
        Ok(unreferenced)
    }

    /// Removes an object that [`BackupRepository::list_unreferenced`] returned.
    pub fn remove_object(&self, content: &Path) -> io::Result<()> {
        fs::remove_file(content)
    }

    /// Returns whether an object can be read and has the hash in its name. Renames a damaged one, so that the next
    /// backup stores it again.
    pub fn verify_object(&self, sha256: &str) -> io::Result<bool> {
        match self.open_object(sha256).and_then(|mut object| sha256_of(&mut object)) {
            Ok(hash) if hash == sha256 => return Ok(true),
            // A read error may be temporary, so the object keeps its name.
            Err(_) => return Ok(false),
            Ok(_) => {}
        }
        fs::rename(
            self.object_path(sha256),
            self.object_path(&format!("{sha256}{DAMAGED_SUFFIX}")),
        )?;
        Ok(false)
    }

    /// Lists the names of all sets, oldest first.
    pub fn list_sets(&self) -> io::Result<Vec<String>> {
        list_sets_in(&self.root)
    }

    /// Returns the folder of a set.
    #[must_use]
    pub fn set_path(&self, name: &str) -> PathBuf {
        self.root.join("sets").join(name)
    }

    /// Creates the folder of a new set under a temporary name.
    pub fn begin_set(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.set_path(&format!(".{name}"));
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(folder)
    }

    /// Completes a set: makes it and everything it refers to durable, then gives it its name.
    pub fn publish_set(&mut self, name: &str) -> io::Result<()> {
        self.flush()?;
        self.sync()?;
        fs::rename(self.set_path(&format!(".{name}")), self.set_path(name))?;
        File::open(self.root.join("sets"))?.sync_all()
    }

    /// Removes a set that was begun and not completed.
    pub fn discard_set(&self, name: &str) {
        if let Err(cause) = fs::remove_dir_all(self.set_path(&format!(".{name}"))) {
            tracing::warn!(error = %cause, "could not remove an unfinished backup");
        }
    }

    pub fn remove_set(&self, name: &str) -> io::Result<()> {
        // Renamed first, so that a half-removed set is not taken for a set.
        let removed = self.set_path(&format!(".{name}"));
        fs::rename(self.set_path(name), &removed)?;
        fs::remove_dir_all(removed)
    }
}

/// Lists the names of the sets in a backup folder, oldest first; none if the folder does not exist.
pub fn list_sets_in(root: &Path) -> io::Result<Vec<String>> {
    let folder = root.join("sets");
    match list_names(&folder, |name| !name.starts_with('.') && folder.join(name).is_dir()) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other,
    }
}

fn is_hash(name: &str) -> bool {
    name.len() == 64
        && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn list_names(folder: &Path, is_match: impl Fn(&str) -> bool) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string().ok().filter(|name| is_match(name)));
    }
    names.sort();
    Ok(names)
}

/// Copies everything. Returns false if the source cannot be read or does not have the expected length and SHA-256.
fn copy_checked(
    from: &mut impl Read,
    to: &mut impl Write,
    sha256: &str,
    size: u64,
) -> io::Result<bool> {
    let (mut hash, mut copied) = (Sha256::new(), 0);

    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match from.read(&mut chunk) {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            // Counts as a damaged source; only errors of writing are returned.
            Err(_) => return Ok(false),
            Ok(read) => read,
        };
        // No bytes: the source has ended.
        let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok((hex::encode(hash.finalize()).as_str(), copied) == (sha256, size));
        };
        hash.update(bytes);
        to.write_all(bytes)?;
        copied += bytes.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-4, the one-block example.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    /// Names of the files among the contents.
    fn kept(repository: &BackupRepository) -> Vec<String> {
        let folders =
            list_names(&repository.root.join("objects"), |name| !name.starts_with('.')).unwrap();
        folders
            .iter()
            .flat_map(|folder| {
                list_names(&repository.root.join("objects").join(folder), |_| true).unwrap()
            })
            .collect()
    }

    #[test]
    fn a_blob_is_accepted_once_durable_and_only_if_its_hash_matches() {
        let folder = tempfile::tempdir().unwrap();
        let mut repository = BackupRepository::open(folder.path()).unwrap();
        assert!(!repository.put(&mut &b"abd"[..], ABC, 3).unwrap(), "another content");
        assert!(!repository.put(&mut &b"abc"[..], "../../etc/passwd", 3).unwrap(), "no hash");
        assert!(repository.put(&mut &b"abc"[..], ABC, 3).unwrap());
        assert!(repository.has_object(ABC, 3));
        assert_eq!(kept(&repository), Vec::<String>::new(), "not durable yet");
        repository.flush().unwrap();
        assert_eq!(kept(&repository), [ABC]);
        assert!(repository.verify_object(ABC).unwrap());
        assert!(!repository.has_object(ABC, 4));
    }

    #[test]
    fn files_left_half_written_are_neither_blobs_nor_backups() {
        let folder = tempfile::tempdir().unwrap();
        let mut repository = BackupRepository::open(folder.path()).unwrap();
        assert!(repository.put(&mut &b"abc"[..], ABC, 3).unwrap());
        repository.begin_set("20261122T060000Z").unwrap();
        assert!(
            matches!(BackupRepository::open(folder.path()), Err(cause) if cause.kind() == io::ErrorKind::WouldBlock),
            "one at a time"
        );
        drop(repository);
        let repository = BackupRepository::open(folder.path()).unwrap();
        assert!(!repository.has_object(ABC, 3));
        assert_eq!(repository.list_sets().unwrap(), Vec::<String>::new());
        repository.begin_set("20261122T060000Z").unwrap();
    }

    #[test]
    fn a_damaged_blob_is_moved_aside_and_stored_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut repository = BackupRepository::open(folder.path()).unwrap();
        assert!(repository.put(&mut &b"abc"[..], ABC, 3).unwrap());
        repository.flush().unwrap();
        fs::write(repository.object_path(ABC), "abd").unwrap();
        assert!(!repository.verify_object(ABC).unwrap());
        assert!(!repository.has_object(ABC, 3));
        assert_eq!(kept(&repository), [format!("{ABC}.damaged")]);
        let needed = BTreeMap::from([(ABC.to_owned(), 3)]);
        assert_eq!(
            repository.list_unreferenced(&needed).unwrap(),
            Vec::new(),
            "nothing better is there"
        );
        assert!(repository.put(&mut &b"abc"[..], ABC, 3).unwrap());
        repository.flush().unwrap();
        assert!(repository.verify_object(ABC).unwrap());
        let spare = repository.list_unreferenced(&needed).unwrap();
        assert_eq!((spare.len(), spare[0].1), (1, 3));
        repository.remove_object(&spare[0].0).unwrap();
        assert_eq!(kept(&repository), [ABC]);
        assert_eq!(
            repository.list_unreferenced(&BTreeMap::new()).unwrap(),
            [(repository.object_path(ABC), 3)],
            "nobody needs it"
        );
    }
}
