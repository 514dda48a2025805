//! The transport below HTTP: sockets and connections.

pub mod connection_limits;
pub mod idle_connections;
pub mod sendfile_socket;
