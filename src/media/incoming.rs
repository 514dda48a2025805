//! A file on its way in: hashed while it is written, durable before anyone hears of it.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::tree::{Place, Tree};

/// Enough of a file's beginning to say what it is.
const HEAD: usize = 8192;

/// Bytes being written; gone again when dropped before [`Incoming::finish`].
pub struct Incoming {
    tree: Arc<Tree>,
    place: Place,
    file: Option<File>,
    hash: Sha256,
    head: Vec<u8>,
    size: u64,
}

/// A whole file, fsynced, not yet at its place; gone again when dropped before [`Received::keep`].
pub struct Received {
    tree: Arc<Tree>,
    place: Place,
    is_kept: bool,
    /// First bytes of the file.
    pub head: Vec<u8>,
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

impl Incoming {
    /// # Errors
    /// The system's.
    pub fn create(tree: Arc<Tree>) -> io::Result<Self> {
        let place = Place::incoming(&uuid::Uuid::now_v7().simple().to_string());
        let file = tree.create_incoming(place.name())?;
        Ok(Self { tree, place, file: Some(file), hash: Sha256::new(), head: Vec::new(), size: 0 })
    }

    /// # Errors
    /// The system's; `StorageFull` when the disk is.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let missing = HEAD.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(missing));
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes))
    }

    /// Makes the bytes durable.
    ///
    /// # Errors
    /// The system's; an fsync that failed is not tried again, the file is gone.
    pub fn finish(mut self) -> io::Result<Received> {
        if let Some(file) = &self.file {
            file.sync_all()?;
        }
        self.file = None;
        Ok(Received {
            tree: self.tree.clone(),
            place: self.place.clone(),
            is_kept: false,
            head: std::mem::take(&mut self.head),
            size: self.size,
            sha256: hex::encode(std::mem::take(&mut self.hash).finalize()),
        })
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            drop(self.tree.remove_file(&self.place));
        }
    }
}

impl Received {
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Says that the file has found its place.
    pub const fn keep(&mut self) {
        self.is_kept = true;
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if !self.is_kept {
            drop(self.tree.remove_file(&self.place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> (tempfile::TempDir, Arc<Tree>) {
        let folder = tempfile::tempdir().unwrap();
        let tree = Arc::new(Tree::open(folder.path()).unwrap());
        (folder, tree)
    }

    #[test]
    fn a_file_is_hashed_while_it_is_written() {
        let (_root, tree) = tree();
        let mut incoming = Incoming::create(tree).unwrap();
        incoming.write(b"ab").unwrap();
        incoming.write(b"c").unwrap();
        let received = incoming.finish().unwrap();
        // FIPS 180-4, the one-block example.
        assert_eq!(received.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((received.size, received.head.as_slice()), (3, b"abc".as_slice()));
    }

    #[test]
    fn what_is_not_finished_or_not_kept_leaves_nothing() {
        let (root, tree) = tree();
        let count = || std::fs::read_dir(root.path().join(".incoming")).unwrap().count();
        let mut torn = Incoming::create(tree.clone()).unwrap();
        torn.write(b"half").unwrap();
        assert_eq!(count(), 1);
        drop(torn);
        assert_eq!(count(), 0);
        let refused = Incoming::create(tree.clone()).unwrap().finish().unwrap();
        assert_eq!(count(), 1);
        drop(refused);
        assert_eq!(count(), 0);
        Incoming::create(tree).unwrap().finish().unwrap().keep();
        assert_eq!(count(), 1);
    }
}
