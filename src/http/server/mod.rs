//! Below HTTP: the connection.

pub mod idle_connections;
pub mod sendfile_socket;
