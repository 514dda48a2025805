//! Gzip-compressed files with one JSON value per line, protected by a hash.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::open_beneath::open_regular_file;
use super::sha256_of;
use crate::error::{Error, Result};

/// Longest line that is read. Rows have at most a few kilobytes.
const MAX_LINE_BYTES: u64 = 1 << 20;

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
    let file = BufReader::new(open_regular_file(path)?);
    let mut lines = BufReader::new(GzDecoder::new(file));
    let mut line = Vec::new();

    loop {
        line.clear();
        // Compressed data of a few kilobytes can contain a line of gigabytes. Reads one byte more than allowed, to
        // detect a longer line.
        let read = lines.by_ref().take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        if read as u64 > MAX_LINE_BYTES {
            return Err(Error::internal(format!("{} has a line over 1 MiB", path.display())));
        }
        take(serde_json::from_slice(&line).map_err(Error::internal)?)?;
    }
}

/// Removes a JSON lines file.
pub fn remove_file(path: &Path) -> Result<()> {
    Ok(fs::remove_file(path)?)
}

/// Returns whether a file still has the hash with which it was written.
#[must_use]
pub fn verify_checksum(path: &Path, sha256: &str) -> bool {
    open_regular_file(path).and_then(|mut file| sha256_of(&mut file)).is_ok_and(|is| is == sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_a_link_and_an_endless_line_are_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let read = |name: &str| each_line(&path(name), |_: serde_json::Value| Ok(()));

        let mut lines = JsonLinesWriter::create(&path("good")).unwrap();
        lines.add(&"a row").unwrap();
        lines.finish().unwrap();
        assert!(read("good").is_ok());

        // A reader of a pipe without a writer would wait for ever.
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        std::os::unix::fs::symlink(path("good"), path("link")).unwrap();
        for name in ["pipe", "link"] {
            assert!(read(name).is_err(), "{name}");
            assert!(!verify_checksum(&path(name), ""), "{name}");
        }

        let mut long = GzEncoder::new(File::create(path("long")).unwrap(), Compression::fast());
        for _ in 0..1024 {
            long.write_all(&[b' '; 1 << 12]).unwrap();
        }
        long.finish().unwrap();
        assert!(fs::metadata(path("long")).unwrap().len() < 1 << 16);
        assert!(read("long").is_err());
    }
}
