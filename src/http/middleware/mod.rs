//! Middleware between the socket and a handler, outermost first: `language`, `request_log` (which applies `base_path`, `space_path`, `error_pages`
//! and `security_headers`), `cors`, the session cookie, `request_checks` (with `host`, `cross_site` and
//! `setup_required`).

pub mod base_path;
pub mod compress_pages;
pub mod cors;
pub mod cross_site;
pub mod error_pages;
pub mod host;
pub mod language;
pub mod request_checks;
pub mod request_log;
pub mod security_headers;
pub mod setup_required;
pub mod space_path;
