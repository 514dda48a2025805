//! The routes of the API.

use super::{auth, content, directories, docs, media, people, tus, upload};
use crate::http::route::Route;

pub fn routes() -> Vec<Route> {
    let areas = [
        auth::routes(),
        media::routes(),
        content::routes(),
        upload::routes(),
        tus::routes(),
        directories::routes(),
        people::routes(),
        docs::routes(),
    ];
    areas.into_iter().flatten().collect()
}
