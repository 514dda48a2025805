//! The transport below HTTP: sockets and connections.

pub mod connection_limits;
mod request_framing;
pub mod sendfile_socket;
