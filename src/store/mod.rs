//! Every SQL statement, one file a table, the owner named in each signature.

pub mod audit;
pub mod backups;
pub mod counts;
pub mod details;
pub mod directories;
pub mod findings;
pub mod items;
pub mod jobs;
pub mod libraries;
pub mod lists;
pub mod moves;
pub mod php;
mod place;
pub mod reports;
pub mod scans;
pub mod selection;
pub mod sessions;
pub mod site;
pub mod uploads;
pub mod users;
pub mod words;
