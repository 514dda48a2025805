//! The pages: form struct, page struct and handler side by side, one file an area.

mod account;
mod answer;
mod dashboard;
mod directories;
mod downloads;
mod items;
mod log_in;
mod media;
mod people;
mod recover;
mod register;
mod sessions;
mod setup;
mod shelf;
mod shell;
mod status;
mod trash;
mod upload;
mod view;

use super::route::Route;

pub(super) fn routes() -> Vec<Route> {
    let areas = [
        setup::routes(),
        register::routes(),
        log_in::routes(),
        recover::routes(),
        dashboard::routes(),
        shelf::routes(),
        items::routes(),
        media::routes(),
        downloads::routes(),
        upload::routes(),
        trash::routes(),
        directories::routes(),
        account::routes(),
        sessions::routes(),
        people::routes(),
        status::routes(),
    ];
    areas.into_iter().flatten().collect()
}
