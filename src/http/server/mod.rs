//! The transport below HTTP: sockets and connections.

pub mod connection_limits;
pub mod connections;
mod request_framing;
pub mod sendfile_socket;
