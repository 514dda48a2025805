//! Recently sent files, kept open. As long as their owner's library does not change, they are sent again without a
//! query and without opening them.
//!
//! A second process has its own; it notices changes through the library version.

use crate::sync::lock;
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lru::LruCache;

use super::library_cache::LibraryVersion;
use crate::media::location::Fill;
use crate::model::{Item, ItemId, UserId};
use crate::storage::FileLocation;

/// Files kept open.
const MAX_OPEN_FILES: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");
/// How long an unused file stays open.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes to send: an item's file or one of its previews.
pub struct FileSource {
    pub item: Item,
    pub file: Arc<File>,
    /// The range within `file`.
    pub offset: u64,
    pub length: u64,
    /// The location of an item's file; `None` for previews.
    pub location: Option<FileLocation>,
    /// Width and height of a preview in pixels.
    pub pixels: Option<(u32, u32)>,
    /// The whole content, once it has been read, for small files.
    pub bytes: OnceLock<Bytes>,
    /// What is sent in place of some of the bytes, by position in the content.
    pub fills: Arc<[Fill]>,
}

impl FileSource {
    pub(crate) fn new(item: Item, file: impl Into<Arc<File>>, offset: u64, length: u64) -> Self {
        Self {
            item,
            file: file.into(),
            offset,
            length,
            location: None,
            pixels: None,
            bytes: OnceLock::new(),
            fills: Arc::default(),
        }
    }

    /// The same content with other bytes at some places.
    pub(crate) fn with_fills(&self, fills: Vec<Fill>) -> Self {
        Self { fills: fills.into(), ..self.part(self.offset, self.length) }
    }

    /// A part of the file as content of its own.
    pub(crate) fn part(&self, offset: u64, length: u64) -> Self {
        Self::new(self.item.clone(), self.file.clone(), offset, length)
    }

    /// Returns a reader with its own position, independent of other readers.
    #[must_use]
    pub fn reader(&self) -> impl Read + use<> {
        self.reader_of(0, self.length)
    }

    /// As [`FileSource::reader`], of a part of the content.
    #[must_use]
    pub fn reader_of(&self, start: u64, length: u64) -> impl Read + use<> {
        let (file, fills) = (self.file.clone(), self.fills.clone());
        FileReader { file, fills, offset: self.offset, at: start, left: length }
    }

    /// Whether the file still has a name and, for an item's file, its recorded size.
    fn is_current(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| {
            metadata.nlink() > 0 && (self.pixels.is_some() || metadata.len() == self.length)
        })
    }
}

struct FileReader {
    file: Arc<File>,
    fills: Arc<[Fill]>,
    /// Where the content begins in the file.
    offset: u64,
    /// The position in the content.
    at: u64,
    left: u64,
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let wanted = buffer.get_mut(..length).unwrap_or_default();
        let read = self.file.read_at(wanted, self.offset + self.at)?;
        // The file has become shorter; returning 0 bytes would look like its regular end.
        if read == 0 && length > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        replace_bytes(wanted.get_mut(..read).unwrap_or_default(), self.at, &self.fills);
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

/// Replaces what `fills` say of bytes that begin at position `at` of the content.
fn replace_bytes(bytes: &mut [u8], at: u64, fills: &[Fill]) {
    let end = at + bytes.len() as u64;
    for fill in fills {
        let (from, until) = (fill.at.max(at), (fill.at + fill.bytes.len() as u64).min(end));
        if from < until {
            let index = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
            let target = bytes.get_mut(index(from - at)..index(until - at));
            let filling = fill.bytes.get(index(from - fill.at)..index(until - fill.at));
            if let Some((target, filling)) = target.zip(filling) {
                target.copy_from_slice(filling);
            }
        }
    }
}

/// Which bytes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileVariant {
    Original,
    /// The smallest preview whose longer side has at least this many pixels, or else the largest.
    Preview(u32),
    /// An image in full size, as WebP.
    FullSize,
}

/// The result of looking up an open file.
pub(crate) enum Lookup<T> {
    Open(Arc<FileSource>),
    /// What is needed to open the file, and the library version it was read from.
    Closed(Arc<LibraryVersion>, T),
}

struct OpenEntry {
    version: i64,
    source: Arc<FileSource>,
    used: Instant,
}

type OpenEntries = LruCache<(UserId, ItemId, FileVariant), OpenEntry>;

/// The open files.
pub struct OpenFileCache(Mutex<OpenEntries>);

impl Default for OpenFileCache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MAX_OPEN_FILES)))
    }
}

impl OpenFileCache {
    fn lock(&self) -> MutexGuard<'_, OpenEntries> {
        lock(&self.0)
    }

    /// Returns the source if it was opened for this version of the library and is still current.
    #[must_use]
    pub fn find(
        &self,
        library: &LibraryVersion,
        id: ItemId,
        variant: FileVariant,
    ) -> Option<Arc<FileSource>> {
        // In a block, so that the lock is released before the metadata of the file is read.
        let source = {
            let mut sources = self.lock();
            let open = sources
                .get_mut(&(library.owner, id, variant))
                .filter(|open| open.version == library.version)?;
            // Files that have not been used for some time are closed.
            open.used = Instant::now();
            open.source.clone()
        };
        source.is_current().then_some(source)
    }

    /// Inserts a source that was opened for `library`. The version must have been read before the file was opened.
    pub(crate) fn insert(
        &self,
        library: &LibraryVersion,
        variant: FileVariant,
        source: &Arc<FileSource>,
    ) {
        let open =
            OpenEntry { version: library.version, source: source.clone(), used: Instant::now() };
        let evicted = self.lock().push((library.owner, source.item.id, variant), open);
        // Close the evicted file after the lock is released.
        drop(evicted);
    }

    /// Closes files that have not been used for [`IDLE_TIMEOUT`].
    pub(crate) fn close_idle(&self) {
        self.close_where(|_, open| open.used.elapsed() > IDLE_TIMEOUT);
    }

    /// Closes a user's files, so that the space of deleted ones is freed.
    pub(crate) fn close_for_owner(&self, owner: UserId) {
        self.close_where(|of, _| of == owner);
    }

    /// Closes the files for which `should_close` returns true.
    fn close_where(&self, should_close: impl Fn(UserId, &OpenEntry) -> bool) {
        let mut sources = self.lock();
        let keys: Vec<_> = sources
            .iter()
            .filter(|(key, open)| should_close(key.0, open))
            .map(|(key, _)| *key)
            .collect();
        // Collected, so that the files are closed after the lock is released.
        let closed: Vec<_> = keys.iter().filter_map(|key| sources.pop(key)).collect();
        drop(sources);
        drop(closed);
    }
}
