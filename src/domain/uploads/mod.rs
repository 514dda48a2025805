//! Uploads: multipart in one request, or resumable (tus).

pub mod append;
pub mod checksum;
pub mod multipart;
pub mod resumable;
pub mod stream;
