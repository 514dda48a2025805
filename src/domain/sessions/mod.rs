//! Sessions and personal access tokens.

pub mod access_tokens;
pub mod lifecycle;
