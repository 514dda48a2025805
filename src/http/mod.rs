//! The outside: routes, pages, and everything between a request and the domain.

#[expect(unused_qualifications, reason = "utoipa writes paths out")]
mod api;
mod back;
mod base_path;
mod bytes;
mod carrier;
mod client;
mod connections;
mod cors;
mod edge;
mod envelope;
mod error;
mod file_part;
mod form;
mod gate;
mod health;
mod html;
mod intake;
mod item_bytes;
mod kept;
mod limit;
mod metrics;
mod pages;
mod route;
mod routes;
mod socket;
mod statics;
mod tus;
mod visitor;

pub use api::openapi;
pub use base_path::check as check_base_path;
pub use carrier::middleware as session_middleware;
pub use connections::Watch;
pub use cors::middleware as cors;
pub use edge::edge;
pub use gate::gate;
pub use metrics::configure as metrics;
pub use route::Route;
pub use routes::{configure, routes};
pub use socket::Socket;
