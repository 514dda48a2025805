//! A connection's socket. It can also send ranges of files with sendfile(2), and passes on one request at a time.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, Interest, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection_limits::{ConnectionLimits, ConnectionPermit};
use super::request_framing::RequestFraming;
use crate::http::client_info::is_trusted;
use crate::http::connections::{Connection, ConnectionTracker};
use crate::http::response::sendfile_body::{SendfileQueue, sendfile};
use crate::state::Services;

/// Bytes of a request's body that are passed on before its handler has read them. The HTTP server alone would take 160 KiB
/// into memory.
const MAX_UNREAD_BODY: u64 = 4 * 1024;
/// The same for a few requests with large bodies, which are then received faster.
const MAX_UNREAD_LARGE_BODY: u64 = 128 * 1024;
/// A body counts as large after so many bytes.
const LARGE_BODY: u64 = 256 * 1024;

/// Bytes that are read from the network at once, if there are as many.
const MIN_READ: u64 = 1024;

/// An accepted connection.
pub struct SendfileSocket {
    stream: TcpStream,
    connection: Arc<Connection>,
    /// `None` for proxies that are trusted.
    _permit: Option<ConnectionPermit>,
    framing: RequestFraming,
    /// The permit of the current request, if its body is large and one was free.
    large_body: Option<OwnedSemaphorePermit>,
    large_bodies: Arc<Semaphore>,
    outlet: SendfileQueue,
    services: Arc<Services>,
}

impl Drop for SendfileSocket {
    fn drop(&mut self) {
        self.services.metrics.connections.dec();
    }
}

impl SendfileSocket {
    /// Wraps a new connection and tracks it.
    ///
    /// # Errors
    /// The client's network holds too many connections; the system's error, such as a client that has left.
    pub fn new(
        stream: TcpStream,
        limits: &ConnectionLimits,
        tracker: &ConnectionTracker,
        services: &Arc<Services>,
    ) -> Result<Self> {
        let peer = stream.peer_addr()?.ip();
        // A trusted proxy forwards many clients, so it has no limit.
        let permit = if is_trusted(&peer.to_canonical(), &services.settings) {
            None
        } else {
            let refused = || Error::other("too many connections from one network");
            Some(limits.admit(peer).ok_or_else(refused)?)
        };

        // Without this, a head that waits for an acknowledgement delays the body by 40 ms. If it fails, the connection
        // is only slower.
        drop(stream.set_nodelay(true));
        services.metrics.connections.inc();
        Ok(Self {
            stream,
            connection: tracker.add(),
            _permit: permit,
            framing: RequestFraming::default(),
            large_body: None,
            large_bodies: tracker.large_bodies.clone(),
            outlet: SendfileQueue::default(),
            services: services.clone(),
        })
    }

    /// Makes the connection and its sendfile queue available to requests.
    pub fn describe(&self, extensions: &mut Extensions) {
        extensions.insert(self.connection.clone());
        extensions.insert(self.outlet.clone());
    }

    /// Fails if the server has closed the connection; otherwise registers the task, which is woken when it does.
    fn ensure_open(&self, context: &Context<'_>) -> Result<()> {
        if self.connection.register(context.waker()) {
            Ok(())
        } else {
            Err(ErrorKind::ConnectionAborted.into())
        }
    }

    /// Bytes of the current request's body that are passed on before its handler has read them.
    fn max_unread(&mut self) -> u64 {
        if self.large_body.is_none() && self.framing.body_bytes() > LARGE_BODY {
            self.large_body = self.large_bodies.clone().try_acquire_owned().ok();
        }
        if self.large_body.is_some() { MAX_UNREAD_LARGE_BODY } else { MAX_UNREAD_BODY }
    }

    fn record_progress(&self, written: &Poll<Result<usize>>) {
        if let Poll::Ready(Ok(bytes @ 1..)) = written {
            self.services.metrics.sent.inc_by(*bytes as u64);
            self.connection.progress();
        }
    }
}

impl AsyncRead for SendfileSocket {
    /// Delivers bytes up to the end of the current request, as its handler reads them; those of the next one when the
    /// response is complete.
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        this.ensure_open(context)?;
        loop {
            let may_begin = this.connection.completed() >= this.framing.begun();
            if may_begin {
                this.large_body = None;
            }
            let unread = this.framing.body_bytes().saturating_sub(this.connection.body_read());
            let max_unread = this.max_unread();
            if !may_begin && unread >= max_unread {
                // Woken when the handler reads, or when the response is complete.
                this.connection.set_waiting(true);
                return Poll::Pending;
            }

            let is_delivered = this.framing.deliver_held(buffer, may_begin);
            // Without held requests there is nothing to wake the task for when the current response is complete.
            this.connection.set_waiting(this.framing.has_held());
            if is_delivered || this.framing.is_finished(may_begin) {
                return Poll::Ready(Ok(()));
            }
            // Woken when the response is complete.
            if !may_begin && !this.framing.has_room() {
                return Poll::Pending;
            }

            let before = buffer.filled().len();
            let limit = max_unread.saturating_sub(unread).max(MIN_READ);
            let read = Pin::new(&mut (&mut this.stream).take(limit)).poll_read(context, buffer);
            this.services.metrics.received.inc_by((buffer.filled().len() - before) as u64);
            ready!(read)?;
            if this.framing.receive(buffer, before, may_begin) {
                this.connection.set_waiting(this.framing.has_held());
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for SendfileSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        self.ensure_open(context)?;
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.record_progress(&written);
        written
    }

    /// Sends the file range that a response body has put into the connection's queue, if there is one. The HTTP server
    /// flushes after everything it has written, so the range follows the head of its response.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        this.ensure_open(context)?;
        let stream = &this.stream;
        this.outlet.poll_send(context, |context, file, at, max_bytes| {
            // After `WouldBlock` the socket no longer counts as ready, so the next round waits for it.
            loop {
                ready!(stream.poll_write_ready(context))?;
                match stream.try_io(Interest::WRITABLE, || sendfile(stream, file, at, max_bytes)) {
                    Err(cause) if cause.kind() == ErrorKind::WouldBlock => {}
                    done => {
                        this.services.metrics.sent.inc_by(*done.as_ref().unwrap_or(&0));
                        this.connection.progress();
                        return Poll::Ready(done);
                    }
                }
            }
        })
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
