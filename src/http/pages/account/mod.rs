//! Account pages: profile, sessions, access tokens.

pub mod access_tokens;
pub mod apps;
pub mod language;
pub mod profile;
pub mod sessions;
pub mod storage;
