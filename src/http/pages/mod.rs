//! The pages: form struct, page struct and handler side by side, one file an area.

mod account;
mod answer;
mod choices;
mod dashboard;
mod directories;
mod downloads;
mod findings;
mod items;
mod log_in;
mod media;
mod people;
mod recover;
mod register;
mod routes;
mod sessions;
mod setup;
mod shelf;
mod shell;
mod status;
mod tokens;
mod trash;
mod unfinished;
mod upload;
mod view;

pub use routes::routes;
