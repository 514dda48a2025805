//! Files that were sent of late stay open: while nothing of their owner's changes, they are sent again without a look
//! into the database and without opening them.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lru::LruCache;

use super::library_cache::LibraryVersion;
use crate::model::{Item, ItemId, UserId};
use crate::storage::FileLocation;

/// Files that are kept open at most.
const MAX_OPEN_FILES: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");
/// How long a file stays open that nobody asks for.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes that may be sent: an item's file, or one of its previews.
pub struct FileSource {
    pub item: Item,
    pub file: Arc<File>,
    /// Where they begin in the file, and how many they are.
    pub offset: u64,
    pub length: u64,
    /// Where an item's file stands; previews stand elsewhere.
    pub location: Option<FileLocation>,
    /// Width and height of a preview, in pixels.
    pub pixels: Option<(u32, u32)>,
    /// All of them, once they were read and if they are few.
    pub bytes: OnceLock<Bytes>,
}

impl FileSource {
    pub(crate) fn new(item: Item, file: File, offset: u64, length: u64) -> Self {
        Self { item, file: Arc::new(file), offset, length, location: None, pixels: None, bytes: OnceLock::new() }
    }

    /// Reads them; others who read are not disturbed.
    #[must_use]
    pub fn reader(&self) -> impl Read + use<> {
        FileReader { file: self.file.clone(), at: self.offset, left: self.length }
    }

    /// Whether the file is still in its place, and an item's as long as it was.
    fn is_current(&self) -> bool {
        self.file.metadata().is_ok_and(|about| about.nlink() > 0 && (self.pixels.is_some() || about.len() == self.length))
    }
}

struct FileReader {
    file: Arc<File>,
    at: u64,
    left: u64,
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(buffer.get_mut(..most).unwrap_or_default(), self.at)?;
        if read == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

/// Which bytes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileVariant {
    Original,
    /// The preview that fits a square of so many pixels.
    Preview(u32),
}

/// What is found of bytes that are asked for.
pub(crate) enum Lookup<T> {
    Open(Arc<FileSource>),
    /// What they can be opened by, and the version of the library that it was read of.
    Closed(Arc<LibraryVersion>, T),
}

struct OpenEntry {
    version: i64,
    source: Arc<FileSource>,
    used: Instant,
}

type OpenEntries = LruCache<(UserId, ItemId, FileVariant), OpenEntry>;

/// The files that are open.
pub struct OpenFileCache(Mutex<OpenEntries>);

impl Default for OpenFileCache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MAX_OPEN_FILES)))
    }
}

impl OpenFileCache {
    fn lock(&self) -> MutexGuard<'_, OpenEntries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes, if they were opened for this version of the library and still stand there.
    #[must_use]
    pub fn find(&self, library: &LibraryVersion, id: ItemId, form: FileVariant) -> Option<Arc<FileSource>> {
        let source = {
            let mut sources = self.lock();
            let open = sources.get_mut(&(library.owner, id, form)).filter(|open| open.version == library.version)?;
            open.used = Instant::now();
            open.source.clone()
        };
        source.is_current().then_some(source)
    }

    /// Keeps what was opened after this version of the library was asked for.
    pub(crate) fn insert(&self, library: &LibraryVersion, form: FileVariant, source: &Arc<FileSource>) {
        let open = OpenEntry { version: library.version, source: source.clone(), used: Instant::now() };
        let former = self.lock().push((library.owner, source.item.id, form), open);
        // Closed when nobody waits for the list.
        drop(former);
    }

    /// Closes what nobody has asked for in a while.
    pub(crate) fn close_idle(&self) {
        self.close_where(|_, open| open.used.elapsed() > IDLE_TIMEOUT);
    }

    /// Closes a person's: what they delete gives its room back.
    pub(crate) fn close_for_owner(&self, owner: UserId) {
        self.close_where(|of, _| of == owner);
    }

    fn close_where(&self, is_over: impl Fn(UserId, &OpenEntry) -> bool) {
        let mut sources = self.lock();
        let over: Vec<_> = sources.iter().filter(|(key, open)| is_over(key.0, open)).map(|(key, _)| *key).collect();
        let closed: Vec<_> = over.iter().filter_map(|key| sources.pop(key)).collect();
        drop(sources);
        drop(closed);
    }
}
