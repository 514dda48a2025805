//! A connection's socket. It can also send ranges of files with sendfile(2), and passes on one request at a time.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

use super::connection_limits::{ConnectionLimits, ConnectionPermit};
use super::connections::{Connection, ConnectionTracker};
use super::request_framing::RequestFraming;
use crate::http::client_info::is_trusted;
use crate::http::response::sendfile_body::{SendfileQueue, sendfile};
use crate::state::Services;

/// Bytes that are passed on before the HTTP server handles them. It would read more into memory as long as there are any.
const MAX_AT_ONCE: usize = 32 * 1024;

/// An accepted connection.
pub struct SendfileSocket {
    stream: TcpStream,
    connection: Arc<Connection>,
    /// `None` for proxies that are trusted.
    _permit: Option<ConnectionPermit>,
    framing: RequestFraming,
    /// Bytes passed on since the HTTP server was last told to wait.
    passed_on: usize,
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
            passed_on: 0,
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

    fn record_progress(&self, written: &Poll<Result<usize>>) {
        if let Poll::Ready(Ok(bytes @ 1..)) = written {
            self.services.metrics.sent.inc_by(*bytes as u64);
            self.connection.progress();
        }
    }
}

impl AsyncRead for SendfileSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        this.ensure_open(context)?;
        if this.passed_on >= MAX_AT_ONCE {
            this.passed_on = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }

        let start = buffer.filled().len();
        let read = this.poll_request_bytes(context, buffer);
        this.passed_on =
            if read.is_ready() { this.passed_on + buffer.filled().len() - start } else { 0 };
        read
    }
}

impl SendfileSocket {
    /// Delivers bytes up to the end of the current request; those of the next one when the response is complete.
    fn poll_request_bytes(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        loop {
            let may_begin = self.connection.completed() >= self.framing.begun();
            let is_delivered = self.framing.deliver_held(buffer, may_begin);
            // Without held requests there is nothing to wake the task for when the current response is complete.
            self.connection.set_waiting(self.framing.has_held());
            if is_delivered || self.framing.is_finished(may_begin) {
                return Poll::Ready(Ok(()));
            }
            // Woken when the response is complete.
            if !may_begin && !self.framing.has_room() {
                return Poll::Pending;
            }

            let before = buffer.filled().len();
            let read = Pin::new(&mut self.stream).poll_read(context, buffer);
            self.services.metrics.received.inc_by((buffer.filled().len() - before) as u64);
            ready!(read)?;
            if self.framing.receive(buffer, before, may_begin) {
                self.connection.set_waiting(self.framing.has_held());
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
