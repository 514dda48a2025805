//! The routes of all pages.

use super::{
    account, albums, audit, dashboard, directories, downloads, findings, items, log_in, media, people, recover, register,
    sessions, setup, shelf, status, tokens, trash, unfinished, upload,
};
use crate::http::route::Route;

pub fn routes() -> Vec<Route> {
    let areas = [
        setup::routes(),
        register::routes(),
        log_in::routes(),
        recover::routes(),
        dashboard::routes(),
        shelf::routes(),
        items::routes(),
        albums::routes(),
        media::routes(),
        downloads::routes(),
        upload::routes(),
        unfinished::routes(),
        trash::routes(),
        directories::routes(),
        account::routes(),
        sessions::routes(),
        tokens::routes(),
        people::routes(),
        status::routes(),
        findings::routes(),
        audit::routes(),
    ];
    areas.into_iter().flatten().collect()
}
