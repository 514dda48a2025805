//! HTML pages: the form, the page struct and its handlers share a file.

pub mod account;
pub mod admin;
pub mod auth;
pub mod components;
pub mod error_page;
pub mod installed_app;
pub mod layout;
pub mod library;
pub mod respond;
pub mod routes;
pub mod sharing;
pub mod uploads;
pub mod visitor;

pub use respond::not_found;
pub use routes::routes;
