//! A range of a file, read at any position.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::fill::{Found, Trouble};

pub struct Window<'a> {
    file: &'a File,
    offset: u64,
    pub length: u64,
}

impl<'a> Window<'a> {
    pub const fn new(file: &'a File, offset: u64, length: u64) -> Self {
        Self { file, offset, length }
    }

    /// Exactly these bytes; `Unknown` if they are not within the range.
    pub fn bytes(&self, at: u64, length: u64) -> Found<Vec<u8>> {
        /// What is read at once is never longer.
        const MOST: u64 = 32 << 20;
        let is_inside = at.checked_add(length).is_some_and(|end| end <= self.length);
        if !is_inside || length > MOST {
            return Err(Trouble::Unknown);
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        self.file.read_exact_at(&mut bytes, self.offset + at)?;
        Ok(bytes)
    }

    pub fn array<const N: usize>(&self, at: u64) -> Found<[u8; N]> {
        self.bytes(at, N as u64)?.try_into().map_err(|_| Trouble::Unknown)
    }

    /// As many bytes as there are, up to the length of the buffer.
    pub fn read(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(at)).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let mut filled = 0;
        while filled < wanted {
            let part = buffer.get_mut(filled..wanted).unwrap_or_default();
            match self.file.read_at(part, self.offset + at + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}
