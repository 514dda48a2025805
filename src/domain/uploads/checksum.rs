//! Checksums of the parts of resumable uploads.

use sha2::{Digest, Sha256};

/// The expected hash of a part (`Upload-Checksum`).
pub struct Checksum {
    pub hasher: ChecksumHasher,
    pub expected: Vec<u8>,
}

/// The algorithms of [`Checksum`].
pub enum ChecksumHasher {
    Sha1(sha1::Sha1),
    Sha256(Sha256),
}

impl Checksum {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            ChecksumHasher::Sha1(hash) => hash.update(bytes),
            ChecksumHasher::Sha256(hash) => hash.update(bytes),
        }
    }

    pub(crate) fn matches(&self) -> bool {
        match &self.hasher {
            ChecksumHasher::Sha1(hash) => hash.clone().finalize().as_slice() == self.expected,
            ChecksumHasher::Sha256(hash) => hash.clone().finalize().as_slice() == self.expected,
        }
    }
}
