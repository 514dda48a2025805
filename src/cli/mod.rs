//! The command line.

mod arguments;
mod audit;
mod backup;
mod import;
mod maintenance;
mod output;
mod password;
mod run;
mod settings;
mod user;
mod users_file;

pub use run::run;
