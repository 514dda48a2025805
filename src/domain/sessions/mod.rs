//! Sessions and personal access tokens.

pub mod access_tokens;
pub(crate) mod authorize;
pub mod lifecycle;
