//! Closes idle connections, so that they hold no resources.
//!
//! The HTTP server's own timeout ends with a connection's first request; this one applies to all of them.

use crate::sync::lock;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

/// How long a connection may stay open without completing a request.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a client may read nothing of a response. A paused video requests a new range when it resumes.
const UNREAD_RESPONSE_TIMEOUT: Duration = Duration::from_mins(10);

/// One tracked connection.
pub struct Connection {
    socket: TcpStream,
    opened: Instant,
    /// Requests whose responses are not sent completely.
    under_way: AtomicUsize,
    is_sending: AtomicBool,
    /// Milliseconds since `opened`.
    last_progress: AtomicU64,
}

impl Connection {
    /// Records that bytes were sent.
    pub fn progress(&self) {
        let at = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_progress.store(at, Ordering::Relaxed);
    }

    fn is_expired(&self) -> bool {
        let idle = self
            .opened
            .elapsed()
            .saturating_sub(Duration::from_millis(self.last_progress.load(Ordering::Relaxed)));
        match self.under_way.load(Ordering::Acquire) {
            0 => idle > IDLE_TIMEOUT,
            _ => self.is_sending.load(Ordering::Relaxed) && idle > UNREAD_RESPONSE_TIMEOUT,
        }
    }
}

/// All open connections.
#[derive(Clone, Default)]
pub struct ConnectionTracker(Arc<Mutex<Vec<Weak<Connection>>>>);

impl ConnectionTracker {
    /// Tracks a new connection.
    ///
    /// # Errors
    /// The system's error, such as too many open files.
    pub fn add(&self, stream: &impl AsFd) -> io::Result<Arc<Connection>> {
        let connection = Arc::new(Connection {
            socket: stream.as_fd().try_clone_to_owned()?.into(),
            opened: Instant::now(),
            under_way: AtomicUsize::new(0),
            is_sending: AtomicBool::new(false),
            last_progress: AtomicU64::new(0),
        });
        lock(&self.0).push(Arc::downgrade(&connection));
        Ok(connection)
    }

    /// Closes the connections that have expired; returns how many.
    pub fn close_idle(&self) -> usize {
        let mut connections = lock(&self.0);
        connections.retain(|connection| connection.strong_count() > 0);
        let expired = connections
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|connection| connection.is_expired());
        expired.filter(|connection| connection.socket.shutdown(Shutdown::Both).is_ok()).count()
    }
}

/// A request until the last byte of its response is sent.
pub struct InFlightRequest(Arc<Connection>);

impl InFlightRequest {
    #[must_use]
    pub fn begin(connection: &Arc<Connection>) -> Self {
        connection.under_way.fetch_add(1, Ordering::AcqRel);
        connection.is_sending.store(false, Ordering::Relaxed);
        Self(connection.clone())
    }
}

impl Drop for InFlightRequest {
    fn drop(&mut self) {
        self.0.progress();
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A response body that counts as in flight until it is sent.
pub struct TrackedBody {
    inner: BoxBody,
    under_way: InFlightRequest,
}

impl TrackedBody {
    #[must_use]
    pub const fn new(inner: BoxBody, under_way: InFlightRequest) -> Self {
        Self { inner, under_way }
    }
}

impl MessageBody for TrackedBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.inner.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        // The time limit for reading a response starts when its body is first polled.
        if !this.under_way.0.is_sending.swap(true, Ordering::Relaxed) {
            this.under_way.0.progress();
        }
        Pin::new(&mut this.inner).poll_next(context)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { inner, under_way } = self;
        inner.try_into_bytes().map_err(|inner| Self { inner, under_way })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// A connection that was opened so long ago, and its other end.
    fn connection(age: Duration) -> (Arc<Connection>, TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let other = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let connection = Connection {
            socket: listener.accept().unwrap().0,
            opened: Instant::now().checked_sub(age).unwrap(),
            under_way: AtomicUsize::new(0),
            is_sending: AtomicBool::new(false),
            last_progress: AtomicU64::new(0),
        };
        (Arc::new(connection), other)
    }

    #[test]
    fn a_connection_without_a_request_is_cut_after_a_minute() {
        let watch = ConnectionTracker::default();
        let (old, mut other) = connection(Duration::from_secs(61));
        let (young, _other) = connection(Duration::from_secs(59));
        watch.0.lock().unwrap().extend([Arc::downgrade(&old), Arc::downgrade(&young)]);
        assert_eq!(watch.close_idle(), 1);
        assert_eq!(other.read(&mut [0]).unwrap(), 0, "its other end sees the end");
    }

    #[test]
    fn a_request_being_handled_is_not_cut_off_but_an_unread_response_is() {
        let (connection, _other) = connection(Duration::from_mins(11));
        let under_way = InFlightRequest::begin(&connection);
        assert!(!connection.is_expired(), "an upload may take its time");
        connection.is_sending.store(true, Ordering::Relaxed);
        assert!(connection.is_expired());
        connection.progress();
        assert!(!connection.is_expired());
        drop(under_way);
        assert!(!connection.is_expired(), "the minute begins when the answer ends");
    }
}
