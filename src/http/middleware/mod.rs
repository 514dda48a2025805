//! Middleware between the socket and a handler.

pub mod base_path;
pub mod cors;
pub mod cross_site;
pub mod error_pages;
pub mod request_checks;
pub mod request_log;
pub mod security_headers;
pub mod setup_required;
