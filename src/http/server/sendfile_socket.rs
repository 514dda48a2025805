//! A connection's socket, which can also send ranges of files with sendfile(2).

use std::io::{Error, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

use super::connection_limits::{ConnectionLimits, ConnectionPermit};
use super::idle_connections::{Connection, ConnectionTracker};
use crate::http::client_info::is_trusted;
use crate::http::response::sendfile_body::{SendfileQueue, sendfile};
use crate::state::Services;

/// An accepted connection.
pub struct SendfileSocket {
    stream: TcpStream,
    connection: Arc<Connection>,
    /// `None` for proxies that are trusted.
    _permit: Option<ConnectionPermit>,
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
    /// The client's network holds too many connections; the system's error, such as too many open files.
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
        let connection = tracker.add(&stream)?;
        services.metrics.connections.inc();
        Ok(Self {
            stream,
            connection,
            _permit: permit,
            outlet: SendfileQueue::default(),
            services: services.clone(),
        })
    }

    /// Makes the connection and its sendfile queue available to requests.
    pub fn describe(&self, extensions: &mut Extensions) {
        extensions.insert(self.connection.clone());
        extensions.insert(self.outlet.clone());
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
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.services.metrics.received.inc_by((buffer.filled().len() - before) as u64);
        read
    }
}

impl AsyncWrite for SendfileSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.record_progress(&written);
        written
    }

    /// Sends the file range that a response body has put into the connection's queue, if there is one. The HTTP server
    /// flushes after everything it has written, so the range follows the head of its response.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let stream = &this.stream;
        this.outlet.poll_send(context, |context, file, at, max_bytes| {
            // After `WouldBlock` the socket no longer counts as ready, so the next round waits for it.
            loop {
                ready!(stream.poll_write_ready(context))?;
                match stream.try_io(Interest::WRITABLE, || sendfile(stream, file, at, max_bytes)) {
                    Err(cause) if cause.kind() == std::io::ErrorKind::WouldBlock => {}
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
