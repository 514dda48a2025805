//! Extractors: who calls, and what they sent.

pub mod api_user;
mod authenticate;
pub mod form;
pub mod json;
pub mod language;
pub mod multipart;
pub mod share_link;
pub mod shared_item;
mod space;
pub mod user;
