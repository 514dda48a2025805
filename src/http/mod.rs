//! HTTP: the server, middleware, pages and API.

#[expect(unused_qualifications, reason = "utoipa generates qualified paths")]
mod api;
mod client_info;
mod connections;
mod csrf;
mod error;
mod extract;
mod flash;
mod health;
mod link_address;
mod link_paths;
mod media_response;
mod metrics;
mod middleware;
mod multipart_upload;
mod pages;
mod rate_limit;
mod response;
mod route;
mod routes;
mod run_blocking;
mod safe_redirect;
mod server;
mod session_cookie;
mod shared_media_response;
mod space_paths;
mod static_files;
mod tus_headers;
pub mod tus_upload;

pub use api::openapi;
pub use connections::ConnectionTracker;
pub use extract::multipart::multipart_config;
pub use metrics::configure as metrics;
pub use middleware::base_path::check as check_base_path;
pub use middleware::cors::middleware as cors;
pub use middleware::language::choose_language;
pub use middleware::request_checks::request_checks;
pub use middleware::request_log::request_log;
pub use route::Route;
pub use routes::{configure, routes};
pub use server::connection_limits::ConnectionLimits;
pub use server::sendfile_socket::SendfileSocket;
pub use session_cookie::middleware as session_middleware;
