//! Pages of share links, for visitors without an account.

pub mod link_item;
pub mod link_media;
pub mod link_page;
pub mod link_upload;
pub mod open_link;
pub mod visitor_layout;
