//! Gzip-compressed files with one JSON value per line, protected by a hash.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::sha256_of;
use crate::error::{Error, Result};

/// Hashes everything that is written through it.
struct HashingWriter {
    file: BufWriter<File>,
    hash: Sha256,
}

impl Write for HashingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a JSON lines file.
pub struct JsonLinesWriter(GzEncoder<HashingWriter>);

impl JsonLinesWriter {
    /// Creates the file (mode 0600), replacing an existing one.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        let hashed = HashingWriter { file: BufWriter::new(file), hash: Sha256::new() };
        Ok(Self(GzEncoder::new(hashed, Compression::fast())))
    }

    pub fn add(&mut self, value: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.0, value)
            .map_err(|cause| Error::from(io::Error::from(cause)))?;
        Ok(self.0.write_all(b"\n")?)
    }

    /// Makes the file durable and returns its SHA-256 in lower-case hexadecimal.
    pub fn finish(self) -> Result<String> {
        let hashed = self.0.finish()?;
        hashed.file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(hex::encode(hashed.hash.finalize()))
    }
}

/// Passes the value of each line to `take`.
///
/// # Errors
/// `Internal` for a line that cannot be parsed; those of `take`.
pub fn each_line<T: DeserializeOwned>(
    path: &Path,
    mut take: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    for line in BufReader::new(GzDecoder::new(BufReader::new(File::open(path)?))).lines() {
        take(serde_json::from_str(&line?).map_err(Error::internal)?)?;
    }
    Ok(())
}

/// Removes a JSON lines file.
pub fn remove_file(path: &Path) -> Result<()> {
    Ok(fs::remove_file(path)?)
}

/// Returns whether a file still has the hash with which it was written.
#[must_use]
pub fn verify_checksum(path: &Path, sha256: &str) -> bool {
    File::open(path).and_then(|mut file| sha256_of(&mut file)).is_ok_and(|is| is == sha256)
}
