//! A range of a file as a response body. A small range that is in the page cache is read into memory at once; all
//! others are sent by the kernel from the page cache with sendfile(2), after the connection has written the head.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Error, ErrorKind, IoSliceMut, Result};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::{Bytes, BytesMut};
use rustix::io::{Errno, ReadWriteFlags};
use tokio::task::JoinHandle;

use crate::state::open_file_cache::FileSource;

/// Ranges up to this size are read at once if the page cache has them.
pub const MAX_SINGLE_PART: u64 = 128 << 10;
/// Ranges up to this size stay in memory as long as the file is open, such as thumbnails.
const MAX_MEMORY_PART: u64 = 64 << 10;
/// Bytes that are read into the page cache before they are sent.
const SEND_WINDOW: u64 = 1 << 20;
/// Bytes per read while filling the page cache.
const READ_CHUNK: usize = 128 << 10;

/// Reads a small range from memory or from the page cache; `None` if it is too large or reading it would wait for the
/// disk.
pub fn read_small(source: &FileSource, at: u64, length: u64) -> Option<Bytes> {
    // Only a small range that is the whole content, such as a thumbnail, is kept in memory with the open file.
    let is_tiny = length <= MAX_MEMORY_PART && length == source.length;
    if is_tiny && let Some(bytes) = source.bytes.get() {
        return Some(bytes.clone());
    }
    if length == 0 || length > MAX_SINGLE_PART {
        return None;
    }
    let mut part = BytesMut::zeroed(usize::try_from(length).ok()?);
    // Fewer bytes mean that the rest is not in the page cache.
    let read =
        read_from_page_cache(&source.file, &mut part, at).filter(|read| *read as u64 == length);
    let part = read.map(|_| part.freeze())?;
    if is_tiny {
        source.bytes.get_or_init(|| part.clone());
    }
    Some(part)
}

/// Reads from the page cache; `None` if the bytes are not there or the kernel cannot tell.
fn read_from_page_cache(file: &File, buffer: &mut [u8], at: u64) -> Option<usize> {
    rustix::io::preadv2(file, &mut [IoSliceMut::new(buffer)], at, ReadWriteFlags::NOWAIT).ok()
}

/// Where a response body puts the range that its socket sends after everything written before. Both live on the
/// connection's thread.
#[derive(Clone, Default)]
pub struct SendfileQueue(Rc<RefCell<Option<PendingSend>>>);

impl SendfileQueue {
    /// Sends as much as the socket accepts, and wakes the body when all is sent.
    ///
    /// # Errors
    /// Errors of the socket and the file; `UnexpectedEof` if the file has become shorter.
    pub fn poll_send(
        &self,
        context: &mut Context<'_>,
        send: impl FnMut(&mut Context<'_>, &File, &mut u64, u64) -> Poll<Result<u64>>,
    ) -> Poll<Result<()>> {
        match self.0.borrow_mut().as_mut().filter(|sending| sending.at < sending.end) {
            Some(sending) => sending.poll_send(context, send),
            None => Poll::Ready(Ok(())),
        }
    }
}

struct PendingSend {
    file: Arc<File>,
    at: u64,
    end: u64,
    /// Bytes before this offset are in the page cache.
    warm_until: u64,
    /// The read that fills the page cache up to this offset.
    warming: Option<(u64, JoinHandle<Result<()>>)>,
}

impl PendingSend {
    /// Sends at most one window of the range and reads ahead into the page cache meanwhile. Returns `Pending` after a
    /// full window so that other connections get their turn.
    fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        mut send: impl FnMut(&mut Context<'_>, &File, &mut u64, u64) -> Poll<Result<u64>>,
    ) -> Poll<Result<()>> {
        let window_end = self.at.saturating_add(SEND_WINDOW).min(self.end);
        while self.at < window_end {
            // Reading ahead and sending overlap.
            self.start_read_ahead();
            // All bytes that were read ahead are sent, so sending waits for the next ones.
            if self.at == self.warm_until {
                std::task::ready!(self.poll_read_ahead(context))?;
                continue;
            }
            let max_bytes = self.warm_until.min(window_end) - self.at;
            // The file has become shorter since its length was sent.
            if std::task::ready!(send(context, &self.file, &mut self.at, max_bytes))? == 0 {
                return Poll::Ready(Err(ErrorKind::UnexpectedEof.into()));
            }
        }

        // Schedules this task again: for the next window after other connections had their turn, or to end the body
        // when all is sent.
        context.waker().wake_by_ref();
        if self.at < self.end { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    /// Starts to read the next window into the page cache before the current one is sent. Does nothing while such a
    /// read runs, at the end of the range, or while more than half a window is ready.
    fn start_read_ahead(&mut self) {
        if self.warming.is_some()
            || self.warm_until == self.end
            || self.warm_until - self.at > SEND_WINDOW / 2
        {
            return;
        }

        let (start, until) =
            (self.warm_until, self.warm_until.saturating_add(SEND_WINDOW).min(self.end));
        let is_cached = |at| read_from_page_cache(&self.file, &mut [0], at) == Some(1);

        // The first and the last byte stand for the whole window.
        if is_cached(start) && is_cached(until - 1) {
            self.warm_until = until;
        } else {
            let file = self.file.clone();
            self.warming = Some((
                until,
                tokio::task::spawn_blocking(move || fill_page_cache(&file, start, until)),
            ));
        }
    }

    fn poll_read_ahead(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        let Some((until, warming)) = self.warming.as_mut() else { return Poll::Ready(Ok(())) };
        let done = std::task::ready!(Pin::new(warming).poll(context));
        self.warm_until = *until;
        self.warming = None;
        Poll::Ready(done.unwrap_or_else(|cause| Err(Error::other(cause))))
    }
}

/// Reads a range and discards the bytes, so that the page cache contains them.
fn fill_page_cache(file: &File, start: u64, end: u64) -> Result<()> {
    let mut buffer = vec![0; READ_CHUNK];
    let mut at = start;
    while at < end {
        let read_length = usize::try_from(end - at).unwrap_or(READ_CHUNK).min(READ_CHUNK);
        match file.read_at(buffer.get_mut(..read_length).unwrap_or_default(), at) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => at += read as u64,
            Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(())
}

/// Calls sendfile(2) once and advances `at`; `WouldBlock` when the socket is full.
pub fn sendfile(socket: impl AsFd, file: &File, at: &mut u64, most: u64) -> Result<u64> {
    match rustix::fs::sendfile(socket, file, Some(at), usize::try_from(most).unwrap_or(usize::MAX))
    {
        Ok(sent) => Ok(sent as u64),
        Err(Errno::INTR) => Err(ErrorKind::WouldBlock.into()),
        Err(cause) => Err(cause.into()),
    }
}

/// A response body that the connection's socket sends. It yields no bytes itself, so its length must be in the head.
pub struct FilePart {
    queue: SendfileQueue,
    waiting: Option<PendingSend>,
}

impl FilePart {
    #[must_use]
    pub fn new(queue: &SendfileQueue, file: Arc<File>, at: u64, length: u64) -> Self {
        let sending =
            PendingSend { file, at, end: at.saturating_add(length), warm_until: at, warming: None };
        Self { queue: queue.clone(), waiting: Some(sending) }
    }
}

impl MessageBody for FilePart {
    type Error = Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    /// Passes the range to the connection's queue at the first call, and ends the body when the socket has sent all of
    /// it.
    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let this = self.get_mut();
        let mut queue = this.queue.0.borrow_mut();
        // Only at the first call.
        if let Some(sending) = this.waiting.take() {
            *queue = Some(sending);
        }
        match &*queue {
            // The socket wakes this task: it is polled after the body.
            Some(sending) if sending.at < sending.end => Poll::Pending,
            _ => {
                *queue = None;
                Poll::Ready(None)
            }
        }
    }
}

impl Drop for FilePart {
    fn drop(&mut self) {
        if self.waiting.is_none() {
            self.queue.0.replace(None);
        }
    }
}

/// The body of a response to HEAD: it has a length and no bytes.
pub struct HeadBody(pub u64);

impl MessageBody for HeadBody {
    type Error = Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::io::Write;

    fn file(bytes: &[u8]) -> Arc<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        // Out of the page cache, where that is possible.
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
        Arc::new(file)
    }

    /// What a socket that takes 100,000 bytes at a time gets, and with what the answer ends.
    async fn sent(file: &Arc<File>, at: u64, length: u64) -> (Vec<u8>, Result<()>) {
        let queue = SendfileQueue::default();
        let mut part = FilePart::new(&queue, file.clone(), at, length);
        let mut bytes = Vec::new();
        let done = poll_fn(|context| {
            if let Poll::Ready(none) = Pin::new(&mut part).poll_next(context) {
                return Poll::Ready(none.map_or(Ok(()), |part| part.map(drop)));
            }
            let flushed = queue.poll_send(context, |_, file, at, most| {
                let mut buffer = vec![0; usize::try_from(most).unwrap().min(100_000)];
                let read = file.read_at(&mut buffer, *at)?;
                bytes.extend_from_slice(&buffer[..read]);
                *at += read as u64;
                Poll::Ready(Ok(read as u64))
            });
            match flushed {
                Poll::Ready(Err(cause)) => Poll::Ready(Err(cause)),
                _ => Poll::Pending,
            }
        })
        .await;
        (bytes, done)
    }

    #[actix_web::test]
    async fn every_byte_of_a_part_is_sent_once_and_in_order() {
        let bytes: Vec<u8> = (0..5_000_000_u32)
            .flat_map(|number| (number * 7 / 3).to_le_bytes()[..1].to_vec())
            .collect();
        let file = file(&bytes);
        for (start, length) in [(0, bytes.len()), (5, 1), (1_234_567, 2_345_678), (bytes.len(), 0)]
        {
            let (sent, done) = sent(&file, start as u64, length as u64).await;
            done.unwrap();
            assert!(sent == bytes[start..start + length], "{start} and {length} on");
        }
    }

    #[actix_web::test]
    async fn a_truncated_file_ends_with_an_error_and_not_a_short_body() {
        for length in [100_001, 5_000_000] {
            let (_, done) = sent(&file(&vec![7; 100_000]), 0, length).await;
            assert_eq!(done.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        }
    }

    #[actix_web::test]
    async fn an_abandoned_response_leaves_nothing_to_send() {
        let queue = SendfileQueue::default();
        let mut part = FilePart::new(&queue, file(&[7; 10]), 0, 10);
        assert!(
            poll_fn(|context| Poll::Ready(Pin::new(&mut part).poll_next(context).is_pending()))
                .await
        );
        drop(part);
        let sent = poll_fn(|context| {
            queue.poll_send(context, |_, _, _, _| panic!("there is nothing to send"))
        })
        .await;
        sent.unwrap();
    }
}
