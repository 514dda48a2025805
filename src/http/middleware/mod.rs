//! Middleware between the socket and a handler.

pub mod base_path;
pub mod cors;
pub mod request_checks;
pub mod request_log;
