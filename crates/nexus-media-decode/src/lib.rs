//! Decodes untrusted files: what a file is, what is in it, and the sandboxed process that finds out.
//!
//! A crate of its own because it is a security boundary without dependencies on the rest, and because the server is then
//! compiled in 70 % of the time after a change outside of it.

pub mod media;
pub mod sandbox;
