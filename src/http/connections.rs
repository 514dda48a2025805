//! All open connections: closes those that are idle, and those whose session ended during a response.
//!
//! The HTTP server's own timeout ends with a connection's first request; this one applies to all of them. Each server
//! tracks its own connections; sessions that end anywhere are found in the database.

use crate::model::authority::{SessionKey, ShareInUse};
use crate::sync::lock;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::task::AtomicWaker;
use tokio::sync::Semaphore;

/// How long a connection may stay open without completing a request.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a client without a session may read nothing of a response.
const ANONYMOUS_UNREAD_TIMEOUT: Duration = Duration::from_mins(1);
/// The same for a client with a session. A paused video requests a new range when it resumes.
const UNREAD_RESPONSE_TIMEOUT: Duration = Duration::from_mins(10);
/// How long a response must have been under way before its session is checked again. A request that ends its own session
/// has been answered by then.
const LONG_RESPONSE: Duration = Duration::from_millis(250);

/// Requests at once whose large bodies are received with more memory.
const LARGE_BODIES: usize = 8;

/// One tracked connection.
pub struct Connection {
    opened: Instant,
    is_closed: AtomicBool,
    /// The task of the connection.
    task: AtomicWaker,
    /// Requests that have been answered completely.
    completed: AtomicU64,
    /// Bytes of the current request's body that its handler has read.
    body_read: AtomicU64,
    /// Whether the task must be woken when a request is completed or more of its body is read.
    is_waiting: AtomicBool,
    /// Requests whose responses are not sent completely.
    under_way: AtomicUsize,
    /// The session of the current request.
    session: Mutex<Option<SessionKey>>,
    /// What the current request reads through a grant or link.
    share: Mutex<Option<ShareInUse>>,
    is_sending: AtomicBool,
    /// When the response was begun, in milliseconds since `opened`.
    sending_since: AtomicU64,
    /// Milliseconds since `opened`.
    last_progress: AtomicU64,
}

impl Connection {
    fn new(opened: Instant) -> Self {
        Self {
            opened,
            is_closed: AtomicBool::new(false),
            task: AtomicWaker::new(),
            completed: AtomicU64::new(0),
            body_read: AtomicU64::new(0),
            is_waiting: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
            session: Mutex::new(None),
            share: Mutex::default(),
            is_sending: AtomicBool::new(false),
            sending_since: AtomicU64::new(0),
            last_progress: AtomicU64::new(0),
        }
    }

    /// Registers the task to be woken when the connection is closed. Returns whether it is still open.
    pub fn register(&self, waker: &Waker) -> bool {
        self.task.register(waker);
        !self.is_closed.load(Ordering::Acquire)
    }

    /// Closes the connection: its task is woken and every further read and write fails.
    fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.task.wake();
    }

    /// Requests that have been answered completely.
    pub fn completed(&self) -> u64 {
        self.completed.load(Ordering::Acquire)
    }

    /// Bytes of the current request's body that its handler has read.
    pub fn body_read(&self) -> u64 {
        self.body_read.load(Ordering::Acquire)
    }

    /// Records that a handler has read some of its request's body.
    fn record_read(&self, bytes: usize) {
        self.body_read.fetch_add(bytes as u64, Ordering::AcqRel);
        self.wake_if_waiting();
    }

    fn wake_if_waiting(&self) {
        if self.is_waiting.load(Ordering::Relaxed) {
            self.task.wake();
        }
    }

    /// Sets whether the task is woken when a request is completed or more of its body is read. Both happen on the thread
    /// of the connection, so this cannot come too late.
    pub fn set_waiting(&self, is_waiting: bool) {
        self.is_waiting.store(is_waiting, Ordering::Relaxed);
    }

    /// Records the session of the current request.
    pub fn set_session(&self, session: SessionKey) {
        *lock(&self.session) = Some(session);
    }

    /// Records what the current request reads through a grant or link.
    pub fn set_share(&self, share: ShareInUse) {
        *lock(&self.share) = Some(share);
    }

    /// Records that bytes were sent.
    pub fn progress(&self) {
        self.last_progress.store(self.age(), Ordering::Relaxed);
    }

    /// Milliseconds since the connection was opened.
    fn age(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The time since a recorded age.
    fn since(&self, age: &AtomicU64) -> Duration {
        Duration::from_millis(self.age().saturating_sub(age.load(Ordering::Relaxed)))
    }

    fn is_expired(&self) -> bool {
        let idle = self.since(&self.last_progress);
        if self.under_way.load(Ordering::Acquire) == 0 {
            return idle > IDLE_TIMEOUT;
        }
        let timeout = match *lock(&self.session) {
            Some(_) => UNREAD_RESPONSE_TIMEOUT,
            None => ANONYMOUS_UNREAD_TIMEOUT,
        };
        self.is_sending.load(Ordering::Relaxed) && idle > timeout
    }

    /// The session of a response that has been under way for some time.
    fn long_response_session(&self) -> Option<SessionKey> {
        if self.is_long_response() { *lock(&self.session) } else { None }
    }

    /// What a response that has been under way for some time reads through a grant or link.
    fn long_response_share(&self) -> Option<ShareInUse> {
        if self.is_long_response() { *lock(&self.share) } else { None }
    }

    fn is_long_response(&self) -> bool {
        self.under_way.load(Ordering::Acquire) > 0
            && self.is_sending.load(Ordering::Relaxed)
            && self.since(&self.sending_since) > LONG_RESPONSE
    }
}

/// All open connections.
#[derive(Clone)]
pub struct ConnectionTracker {
    connections: Arc<Mutex<Vec<Weak<Connection>>>>,
    /// Permits for requests whose large bodies are received faster, with more memory.
    pub large_bodies: Arc<Semaphore>,
}

impl Default for ConnectionTracker {
    fn default() -> Self {
        let large_bodies = Arc::new(Semaphore::new(LARGE_BODIES));
        Self { connections: Arc::default(), large_bodies }
    }
}

impl ConnectionTracker {
    /// Tracks a new connection.
    #[must_use]
    pub fn add(&self) -> Arc<Connection> {
        let connection = Arc::new(Connection::new(Instant::now()));
        lock(&self.connections).push(Arc::downgrade(&connection));
        connection
    }

    /// Closes the connections that have expired; returns how many.
    pub fn close_idle(&self) -> usize {
        lock(&self.connections).retain(|connection| connection.strong_count() > 0);
        self.close_where(Connection::is_expired)
    }

    /// The sessions of all responses that have been under way for some time.
    #[must_use]
    pub fn long_response_sessions(&self) -> Vec<SessionKey> {
        self.list_keys(Connection::long_response_session)
    }

    /// What responses that have been under way for some time read through grants and links.
    #[must_use]
    pub fn long_response_shares(&self) -> Vec<ShareInUse> {
        self.list_keys(Connection::long_response_share)
    }

    fn list_keys<K: Ord>(&self, key: impl Fn(&Connection) -> Option<K>) -> Vec<K> {
        let mut keys: Vec<_> = lock(&self.connections)
            .iter()
            .filter_map(Weak::upgrade)
            .filter_map(|connection| key(&connection))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Closes the connections whose responses have been under way for some time for one of `ended`; returns how many.
    #[must_use]
    pub fn close_long_responses(&self, ended: &[SessionKey]) -> usize {
        self.close_where(|connection| {
            connection.long_response_session().is_some_and(|session| ended.contains(&session))
        })
    }

    /// The same for what is read through grants and links.
    #[must_use]
    pub fn close_long_shared_responses(&self, ended: &[ShareInUse]) -> usize {
        self.close_where(|connection| {
            connection.long_response_share().is_some_and(|share| ended.contains(&share))
        })
    }

    fn close_where(&self, is_over: impl Fn(&Connection) -> bool) -> usize {
        let connections = lock(&self.connections);
        let over =
            connections.iter().filter_map(Weak::upgrade).filter(|connection| is_over(connection));
        over.inspect(|connection| connection.close()).count()
    }
}

/// A request until the last byte of its response is sent.
pub struct InFlightRequest(Arc<Connection>);

impl InFlightRequest {
    #[must_use]
    pub fn begin(connection: &Arc<Connection>) -> Self {
        connection.under_way.fetch_add(1, Ordering::AcqRel);
        connection.is_sending.store(false, Ordering::Relaxed);
        *lock(&connection.session) = None;
        *lock(&connection.share) = None;
        Self(connection.clone())
    }
}

impl Drop for InFlightRequest {
    fn drop(&mut self) {
        self.0.progress();
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
        self.0.body_read.store(0, Ordering::Release);
        self.0.completed.fetch_add(1, Ordering::AcqRel);
        // The next request was received already.
        self.0.wake_if_waiting();
    }
}

/// Counts what is read of a request's body, so that its connection receives more.
pub fn track_body(payload: Payload, connection: Arc<Connection>) -> Payload {
    match payload {
        Payload::None => Payload::None,
        payload => {
            let counted = payload.inspect(move |piece| {
                connection.record_read(piece.as_ref().map_or(0, Bytes::len));
            });
            Payload::Stream { payload: Box::pin(counted) }
        }
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
        // The time limits of a response start when its body is first polled.
        if !this.under_way.0.is_sending.swap(true, Ordering::Relaxed) {
            this.under_way.0.progress();
            this.under_way.0.sending_since.store(this.under_way.0.age(), Ordering::Relaxed);
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
    use crate::model::UserId;

    /// A connection that was opened so long ago.
    fn connection(age: Duration) -> Arc<Connection> {
        Arc::new(Connection::new(Instant::now().checked_sub(age).unwrap()))
    }

    fn is_open(connection: &Connection) -> bool {
        connection.register(Waker::noop())
    }

    #[test]
    fn a_connection_without_a_request_is_closed_after_a_minute() {
        let tracker = ConnectionTracker::default();
        let (old, young) =
            (connection(Duration::from_secs(61)), connection(Duration::from_secs(59)));
        tracker.connections.lock().unwrap().extend([Arc::downgrade(&old), Arc::downgrade(&young)]);
        assert_eq!(tracker.close_idle(), 1);
        assert!(!is_open(&old));
        assert!(is_open(&young));
    }

    #[test]
    fn a_request_being_handled_is_not_cut_off_but_an_unread_response_is() {
        let connection = connection(Duration::from_secs(61));
        let request = InFlightRequest::begin(&connection);
        assert!(!connection.is_expired(), "an upload may take its time");
        connection.is_sending.store(true, Ordering::Relaxed);
        assert!(connection.is_expired());
        connection.progress();
        assert!(!connection.is_expired());
        drop(request);
        assert!(!connection.is_expired(), "the minute begins when the response ends");
    }

    #[test]
    fn a_client_with_a_session_may_pause_a_response_for_ten_minutes() {
        let session = SessionKey { user: UserId(1), id: 2, space: None };
        for (minutes, is_expired) in [(9, false), (11, true)] {
            let connection = connection(Duration::from_mins(minutes));
            let _request = InFlightRequest::begin(&connection);
            connection.set_session(session);
            connection.is_sending.store(true, Ordering::Relaxed);
            assert_eq!(connection.is_expired(), is_expired, "{minutes} minutes");
        }
    }

    #[test]
    fn only_long_responses_of_ended_sessions_are_closed() {
        let tracker = ConnectionTracker::default();
        let key = |id| SessionKey { user: UserId(1), id, space: None };
        let connections: Vec<_> = (0..3).map(|_| connection(Duration::from_secs(1))).collect();
        tracker.connections.lock().unwrap().extend(connections.iter().map(Arc::downgrade));
        let _requests: Vec<_> = connections.iter().map(InFlightRequest::begin).collect();
        for (connection, id) in connections.iter().zip([7, 7, 8]) {
            connection.set_session(key(id));
            connection.is_sending.store(true, Ordering::Relaxed);
        }
        // The second response has just begun.
        connections[1].sending_since.store(connections[1].age(), Ordering::Relaxed);

        assert_eq!(tracker.long_response_sessions(), [key(7), key(8)]);
        assert_eq!(tracker.close_long_responses(&[key(7)]), 1);
        assert!(!is_open(&connections[0]));
        assert!(is_open(&connections[1]));
        assert!(is_open(&connections[2]));
    }
}
