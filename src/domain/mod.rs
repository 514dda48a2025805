//! What people do: the rules that pages, the API and the command line share.
//!
//! Functions that are not `async` wait for disk and database: call them off the async threads.

pub mod access_tokens;
pub mod accounts;
pub mod albums;
pub mod api_sessions;
mod appending;
pub mod archives;
mod arrivals;
pub mod attempts;
pub mod checking;
mod checksum;
pub mod dashboard;
pub mod directories;
mod folders;
pub mod housekeeping;
pub mod import;
pub mod items;
pub mod jwt;
mod known;
pub mod libraries;
pub mod limits;
mod listed;
pub mod log_in;
pub mod moving;
pub mod open_files;
mod password_hash;
pub mod passwords;
pub mod people;
mod previewing;
pub mod previews;
pub mod profile;
pub mod readiness;
mod receiving;
pub mod recovery;
pub mod register;
pub mod resumable;
pub mod room;
mod scanner;
pub mod scanning;
pub mod search;
mod services;
pub mod session_cache;
pub mod sessions;
pub mod setup;
pub mod shelves;
pub mod status;
mod storing;
pub mod touches;
pub mod trash;
mod trouble;
pub mod upload;
pub mod users_file;

pub use receiving::SILENCE;
pub use scanner::Health;
pub use services::Services;
