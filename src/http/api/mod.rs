//! The REST API: JSON twins of the pages, over the same domain functions.

mod answer;
mod auth;
mod body;
mod caller;
mod content;
mod directories;
mod docs;
mod media;
pub mod openapi;
mod people;
mod routes;
mod tus;
mod upload;
mod views;

pub use docs::ApiDocument;
pub use routes::routes;
