//! Sessions and personal access tokens.

pub mod access_tokens;
pub(crate) mod authorize;
pub mod lifecycle;
pub(crate) mod password_proof;
pub(crate) mod refresh_token;
pub(crate) mod space_access;
