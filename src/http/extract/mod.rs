//! Extractors: who calls, and what they sent.

pub mod api_user;
pub mod form;
pub mod json;
pub mod multipart;
pub mod user;
