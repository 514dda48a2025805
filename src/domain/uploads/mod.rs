//! Uploads: multipart in one request, or resumable (tus).

pub mod append;
pub mod checksum;
pub mod keep_copies;
pub mod multipart;
mod receive;
pub mod reports;
pub mod resumable;
pub mod stream;
pub mod target;
