//! The transport below HTTP: sockets and connections.

pub mod idle_connections;
pub mod sendfile_socket;
