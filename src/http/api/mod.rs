//! The REST API: the JSON counterpart of the pages, on the same domain functions.

mod admin_users;
mod album_comments;
mod album_items;
mod albums;
mod auth;
mod bodies;
mod content;
mod directories;
mod docs;
mod edit_media;
mod grants;
mod groups;
mod link_body;
mod links;
mod media;
mod metadata_body;
mod notifications;
pub mod openapi;
mod respond;
mod routes;
mod shared;
mod shared_media;
mod spaces;
mod tus;
mod upload;

pub use docs::ApiDocument;
pub use routes::routes;
