//! The pages: form struct, page struct and handler side by side, one file an area.

mod account;
mod albums;
mod answer;
mod audit;
mod choices;
mod dashboard;
mod directories;
mod downloads;
mod facts;
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
mod song;
mod status;
mod tile;
mod timeline;
mod tokens;
mod trash;
mod unfinished;
mod upload;
mod view;

pub use routes::routes;
