//! Response bodies: files, cached responses, HTML and error bodies.

pub mod cache;
pub mod error_body;
pub mod file;
pub mod html;
pub mod sendfile_body;
