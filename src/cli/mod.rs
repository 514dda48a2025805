//! The command line.

mod arguments;
mod audit;
mod backup;
mod config;
mod import;
mod link;
mod maintenance;
mod output;
mod password;
mod run;
mod space;
mod user;
mod users_file;

pub use run::run;
