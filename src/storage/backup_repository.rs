//! The folder of backups: each content once, under its SHA-256, and sets that say which of them belong together.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use sha2::{Digest, Sha256};

use super::sha256_of;
use crate::config::create_private_dir;

/// Bytes copied at once.
const CHUNK_BYTES: usize = 1 << 20;
/// What the name of a content that was put aside ends with.
const DAMAGED_SUFFIX: &str = ".damaged";
/// New contents that are made durable together, and their bytes.
const MAX_BATCH_FILES: usize = 512;
const MAX_BATCH_BYTES: u64 = 256 << 20;
/// Bytes of the disk that stay free.
const RESERVED_BYTES: u64 = 64 << 20;

/// A folder of backups that is ours until this is dropped.
pub struct BackupRepository {
    root: PathBuf,
    /// Where new contents wait until they are durable.
    staging: PathBuf,
    staged: Vec<String>,
    staged_bytes: u64,
    _lock: File,
}

impl BackupRepository {
    /// Opens the folder (0700), making it where it is not there. What an earlier process left half-made is taken away.
    ///
    /// # Errors
    /// The system's; `WouldBlock` while another process has it.
    pub fn open(root: &Path) -> io::Result<Self> {
        let staging = root.join("objects/.new");
        for folder in [root, &root.join("sets"), &staging] {
            create_private_dir(folder)?;
        }
        let lock = fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(root.join("lock"))?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        for half in fs::read_dir(&staging)? {
            fs::remove_file(half?.path())?;
        }
        for set in list_names(&root.join("sets"), |name| name.starts_with('.'))? {
            fs::remove_dir_all(root.join("sets").join(set))?;
        }
        Ok(Self { root: root.to_path_buf(), staging, staged: Vec::new(), staged_bytes: 0, _lock: lock })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    fn object_path(&self, sha256: &str) -> PathBuf {
        self.root.join("objects").join(sha256.get(..2).unwrap_or("00")).join(sha256)
    }

    /// Whether a content of that hash and length is kept.
    #[must_use]
    pub fn has_object(&self, sha256: &str, size: u64) -> bool {
        is_hash(sha256)
            && [self.object_path(sha256), self.staging.join(sha256)]
                .iter()
                .any(|path| fs::metadata(path).is_ok_and(|about| about.len() == size))
    }

    /// Keeps what a file holds, if it is what it should be: false when it is something else or cannot be read, and
    /// nothing is kept then.
    /// It is durable after the next [`BackupRepository::settle`].
    ///
    /// # Errors
    /// The system's; `StorageFull` before the disk is full.
    pub fn put(&mut self, file: &mut impl Read, sha256: &str, size: u64) -> io::Result<bool> {
        if !is_hash(sha256) {
            return Ok(false);
        }
        self.ensure_space(size)?;
        let path = self.staging.join(sha256);
        let mut copy = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        let is_right = copy_checked(file, &mut copy, sha256, size);
        if !matches!(is_right, Ok(true)) {
            fs::remove_file(&path)?;
            return is_right;
        }
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
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the disk of the backups is full"));
        }
        Ok(())
    }

    /// Makes what was put here durable; only then has it its name.
    ///
    /// # Errors
    /// The system's.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sync()?;
        self.staged_bytes = 0;
        for sha256 in std::mem::take(&mut self.staged) {
            let place = self.object_path(&sha256);
            create_private_dir(place.parent().unwrap_or(&self.root))?;
            fs::rename(self.staging.join(&sha256), place)?;
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(&self.root)?)?)
    }

    /// Writes a content to `to`: false when it is gone, cannot be read or is damaged.
    ///
    /// # Errors
    /// The system's on that side.
    pub fn copy_out(&self, sha256: &str, size: u64, to: &mut impl Write) -> io::Result<bool> {
        match self.open_object(sha256) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
            object => copy_checked(&mut object?, to, sha256, size),
        }
    }

    /// # Errors
    /// The system's.
    pub fn open_object(&self, sha256: &str) -> io::Result<File> {
        if is_hash(sha256) { File::open(self.object_path(sha256)) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    /// Contents that no set needs: those whose hash is not in `needed`, and damaged ones that were put aside, once they
    /// were made anew at the length that is needed. Each with its length.
    ///
    /// # Errors
    /// The system's.
    pub fn list_unreferenced(&self, needed: &BTreeMap<String, u64>) -> io::Result<Vec<(PathBuf, u64)>> {
        let is_spare = |name: &str| match name.strip_suffix(DAMAGED_SUFFIX) {
            // Part of what is damaged may be of use until then.
            Some(sha256) => is_hash(sha256) && needed.get(sha256).is_none_or(|size| self.has_object(sha256, *size)),
            None => is_hash(name) && !needed.contains_key(name),
        };
        let mut spare = Vec::new();
        for folder in list_names(&self.root.join("objects"), |name| !name.starts_with('.'))? {
            let folder = self.root.join("objects").join(folder);
            for name in list_names(&folder, is_spare)? {
                let content = folder.join(name);
                let size = fs::metadata(&content)?.len();
                spare.push((content, size));
            }
        }
        Ok(spare)
    }

    /// Takes away a content that [`BackupRepository::spare`] named.
    ///
    /// # Errors
    /// The system's.
    pub fn remove_object(&self, content: &Path) -> io::Result<()> {
        fs::remove_file(content)
    }

    /// Whether a content is what its name says. One that is not is put aside, so that the next backup makes it anew.
    ///
    /// # Errors
    /// The system's.
    pub fn verify_object(&self, sha256: &str) -> io::Result<bool> {
        match self.open_object(sha256).and_then(|mut object| sha256_of(&mut object)) {
            Ok(hash) if hash == sha256 => return Ok(true),
            // A disk that fails is not made better by renaming.
            Err(_) => return Ok(false),
            Ok(_) => {}
        }
        fs::rename(self.object_path(sha256), self.object_path(&format!("{sha256}{DAMAGED_SUFFIX}")))?;
        Ok(false)
    }

    /// Names of the sets, the oldest first.
    ///
    /// # Errors
    /// The system's.
    pub fn list_sets(&self) -> io::Result<Vec<String>> {
        list_sets_in(&self.root)
    }

    /// The folder of a set.
    #[must_use]
    pub fn set_path(&self, name: &str) -> PathBuf {
        self.root.join("sets").join(name)
    }

    /// An empty folder in which a set is made; no set yet.
    ///
    /// # Errors
    /// The system's.
    pub fn begin_set(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.set_path(&format!(".{name}"));
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(folder)
    }

    /// From now on what was begun under that name is a set: durable, with all it refers to.
    ///
    /// # Errors
    /// The system's.
    pub fn publish_set(&mut self, name: &str) -> io::Result<()> {
        self.flush()?;
        self.sync()?;
        fs::rename(self.set_path(&format!(".{name}")), self.set_path(name))?;
        File::open(self.root.join("sets"))?.sync_all()
    }

    /// Takes away what was begun under that name and is to be no set.
    pub fn discard_set(&self, name: &str) {
        if let Err(cause) = fs::remove_dir_all(self.set_path(&format!(".{name}"))) {
            tracing::warn!("a half-made backup is left: {cause}");
        }
    }

    /// # Errors
    /// The system's.
    pub fn remove_set(&self, name: &str) -> io::Result<()> {
        // Half-removed, it is none.
        let gone = self.set_path(&format!(".{name}"));
        fs::rename(self.set_path(name), &gone)?;
        fs::remove_dir_all(gone)
    }
}

/// Names of the sets in a folder of backups, the oldest first; none where there is no such folder.
///
/// # Errors
/// The system's.
pub fn list_sets_in(root: &Path) -> io::Result<Vec<String>> {
    let folder = root.join("sets");
    match list_names(&folder, |name| !name.starts_with('.') && folder.join(name).is_dir()) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other,
    }
}

fn is_hash(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn list_names(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        found.extend(entry?.file_name().into_string().ok().filter(|name| is_wanted(name)));
    }
    found.sort();
    Ok(found)
}

/// Copies all of it: false when the source cannot be read, or has not that length and SHA-256.
fn copy_checked(from: &mut impl Read, to: &mut impl Write, sha256: &str, size: u64) -> io::Result<bool> {
    let (mut hash, mut copied) = (Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match from.read(&mut chunk) {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Ok(false),
            Ok(read) => read,
        };
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
    fn kept(vault: &BackupRepository) -> Vec<String> {
        let folders = list_names(&vault.root.join("objects"), |name| !name.starts_with('.')).unwrap();
        folders.iter().flat_map(|folder| list_names(&vault.root.join("objects").join(folder), |_| true).unwrap()).collect()
    }

    #[test]
    fn a_content_is_kept_once_it_is_durable_and_only_if_it_is_what_it_should_be() {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = BackupRepository::open(folder.path()).unwrap();
        assert!(!vault.put(&mut &b"abd"[..], ABC, 3).unwrap(), "another content");
        assert!(!vault.put(&mut &b"abc"[..], "../../etc/passwd", 3).unwrap(), "no hash");
        assert!(vault.put(&mut &b"abc"[..], ABC, 3).unwrap());
        assert!(vault.has_object(ABC, 3));
        assert_eq!(kept(&vault), Vec::<String>::new(), "not durable yet");
        vault.flush().unwrap();
        assert_eq!(kept(&vault), [ABC]);
        assert!(vault.verify_object(ABC).unwrap());
        assert!(!vault.has_object(ABC, 4));
    }

    #[test]
    fn what_a_killed_process_left_half_made_is_no_content_and_no_set() {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = BackupRepository::open(folder.path()).unwrap();
        assert!(vault.put(&mut &b"abc"[..], ABC, 3).unwrap());
        vault.begin_set("20261122T060000Z").unwrap();
        assert!(
            matches!(BackupRepository::open(folder.path()), Err(cause) if cause.kind() == io::ErrorKind::WouldBlock),
            "one at a time"
        );
        drop(vault);
        let vault = BackupRepository::open(folder.path()).unwrap();
        assert!(!vault.has_object(ABC, 3));
        assert_eq!(vault.list_sets().unwrap(), Vec::<String>::new());
        vault.begin_set("20261122T060000Z").unwrap();
    }

    #[test]
    fn a_damaged_content_is_put_aside_and_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = BackupRepository::open(folder.path()).unwrap();
        assert!(vault.put(&mut &b"abc"[..], ABC, 3).unwrap());
        vault.flush().unwrap();
        fs::write(vault.object_path(ABC), "abd").unwrap();
        assert!(!vault.verify_object(ABC).unwrap());
        assert!(!vault.has_object(ABC, 3));
        assert_eq!(kept(&vault), [format!("{ABC}.damaged")]);
        let needed = BTreeMap::from([(ABC.to_owned(), 3)]);
        assert_eq!(vault.list_unreferenced(&needed).unwrap(), Vec::new(), "nothing better is there");
        assert!(vault.put(&mut &b"abc"[..], ABC, 3).unwrap());
        vault.flush().unwrap();
        assert!(vault.verify_object(ABC).unwrap());
        let spare = vault.list_unreferenced(&needed).unwrap();
        assert_eq!((spare.len(), spare[0].1), (1, 3));
        vault.remove_object(&spare[0].0).unwrap();
        assert_eq!(kept(&vault), [ABC]);
        assert_eq!(vault.list_unreferenced(&BTreeMap::new()).unwrap(), [(vault.object_path(ABC), 3)], "nobody needs it");
    }
}
