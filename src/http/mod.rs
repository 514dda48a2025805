//! The outside: routes, pages, and everything between a request and the domain.

mod back;
mod bytes;
mod carrier;
mod client;
mod edge;
mod error;
mod form;
mod gate;
mod health;
mod pages;
mod route;
mod routes;
mod statics;
mod visitor;

pub use carrier::middleware as session_middleware;
pub use edge::edge;
pub use gate::gate;
pub use route::Route;
pub use routes::{configure, routes};
