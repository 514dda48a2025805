//! A file as a stream: what the page cache has goes out without leaving the thread, the rest is read on the blocking
//! pool; parts are larger for readers who keep up, so that a slow one costs little memory.

use std::fs::File;
use std::io::{Error, ErrorKind, IoSliceMut, Result};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use rustix::io::{Errno, ReadWriteFlags};
use tokio::task::JoinHandle;

use crate::domain::open_files::Source;

/// Bytes read at once for a reader who has just begun or is slow,
const LEAST: u64 = 16 << 10;
/// and for one who has kept up for long.
const MOST: u64 = 512 << 10;
/// The part of what a reader took without a pause that is read at once for them. Sockets swallow some megabytes before
/// anybody can tell how fast their reader is.
const SHARE: u64 = 64;
/// A reader who takes longer than this for a part does not keep up.
const PAUSE: Duration = Duration::from_millis(20);
/// What goes out in one piece if the page cache has it.
pub const SMALL: u64 = 128 << 10;

/// What stays in memory as long as its file is open: a thumbnail, say.
const TINY: u64 = 64 << 10;

/// All of a small part of a file, if it can be had without waiting for the disk.
pub fn read_small(source: &Source, at: u64, length: u64) -> Option<Bytes> {
    let is_tiny = length <= TINY && length == source.length;
    if is_tiny && let Some(bytes) = source.bytes.get() {
        return Some(bytes.clone());
    }
    if length == 0 || length > SMALL {
        return None;
    }
    let part = read_now(&source.file, at, length).ok().flatten().filter(|part| part.len() as u64 == length)?;
    if is_tiny {
        source.bytes.get_or_init(|| part.clone());
    }
    Some(part)
}

/// What the page cache has of a part; `None` if nothing or if it cannot be asked.
fn read_now(file: &File, at: u64, length: u64) -> Result<Option<Bytes>> {
    let mut part = BytesMut::zeroed(usize::try_from(length).map_err(Error::other)?);
    match rustix::io::preadv2(file, &mut [IoSliceMut::new(&mut part)], at, ReadWriteFlags::NOWAIT) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(read) => {
            part.truncate(read);
            Ok(Some(part.freeze()))
        }
        Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::INTR) => Ok(None),
        Err(cause) => Err(cause.into()),
    }
}

/// A part of a file on its way to a reader.
pub struct FileStream {
    file: Arc<File>,
    at: u64,
    left: u64,
    /// Bytes since the reader last paused.
    run: u64,
    given: Instant,
    reading: Option<JoinHandle<Result<Bytes>>>,
}

impl FileStream {
    #[must_use]
    pub fn new(file: Arc<File>, at: u64, length: u64) -> Self {
        Self { file, at, left: length, run: 0, given: Instant::now(), reading: None }
    }

    fn window(&mut self) -> u64 {
        if self.given.elapsed() > PAUSE {
            self.run = 0;
        }
        (self.run / SHARE).clamp(LEAST, MOST).min(self.left)
    }

    fn start_reading(&mut self, length: u64) {
        let (file, at) = (self.file.clone(), self.at);
        self.reading = Some(tokio::task::spawn_blocking(move || {
            let mut part = BytesMut::zeroed(usize::try_from(length).map_err(Error::other)?);
            file.read_exact_at(&mut part, at)?;
            Ok(part.freeze())
        }));
    }

    fn give(&mut self, part: Bytes) -> Bytes {
        let length = part.len() as u64;
        self.at += length;
        self.left -= length;
        self.run += length;
        self.given = Instant::now();
        part
    }
}

impl Stream for FileStream {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(None);
        }
        if this.reading.is_none() {
            let window = this.window();
            match read_now(&this.file, this.at, window) {
                Ok(Some(part)) => return Poll::Ready(Some(Ok(this.give(part)))),
                Ok(None) => this.start_reading(window),
                Err(cause) => return Poll::Ready(Some(Err(cause))),
            }
        }
        let Some(reading) = this.reading.as_mut() else { return Poll::Ready(None) };
        let read = ready!(Pin::new(reading).poll(context)).unwrap_or_else(|cause| Err(Error::other(cause)));
        this.reading = None;
        Poll::Ready(Some(read.map(|part| this.give(part))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use std::io::Write;

    fn file(bytes: &[u8]) -> Arc<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Arc::new(file)
    }

    async fn collected(mut stream: FileStream) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(part) = stream.next().await {
            all.extend_from_slice(&part?);
        }
        Ok(all)
    }

    #[actix_web::test]
    async fn every_byte_of_a_part_comes_once_and_in_order() {
        let bytes: Vec<u8> = (0..20_000_000_u32).flat_map(|number| (number * 7 / 3).to_le_bytes()[..1].to_vec()).collect();
        let file = file(&bytes);
        for (start, length) in [(0, bytes.len()), (5, 1), (1_234_567, 12_345_678), (bytes.len(), 0)] {
            let stream = FileStream::new(file.clone(), start as u64, length as u64);
            assert!(collected(stream).await.unwrap() == bytes[start..start + length], "{start} and {length} on");
        }
    }

    #[actix_web::test]
    async fn a_file_that_was_cut_ends_with_an_error_and_not_short() {
        let stream = FileStream::new(file(&vec![7; 100_000]), 0, 100_001);
        assert_eq!(collected(stream).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[actix_web::test]
    async fn parts_grow_for_a_reader_who_keeps_up_and_begin_anew_after_a_pause() {
        let mut stream = FileStream::new(file(&[]), 0, 1 << 40);
        assert_eq!(stream.window(), LEAST);
        stream.run = 8 << 20;
        assert_eq!(stream.window(), 128 << 10);
        stream.run = 1 << 30;
        assert_eq!(stream.window(), MOST);
        stream.given = Instant::now().checked_sub(PAUSE * 2).unwrap();
        assert_eq!(stream.window(), LEAST);
        stream.left = 10;
        assert_eq!(stream.window(), 10, "no more than there is");
    }
}
