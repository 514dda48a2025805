//! The routes of the API.

use super::{
    admin_users, album_comments, album_items, albums, auth, content, directories, docs, edit_media,
    grants, groups, links, media, notifications, shared, shared_media, spaces, tus, upload,
};
use crate::http::route::Route;

pub fn routes() -> Vec<Route> {
    let areas = [
        auth::routes(),
        edit_media::routes(),
        media::routes(),
        content::routes(),
        upload::routes(),
        tus::routes(),
        directories::routes(),
        albums::routes(),
        album_comments::routes(),
        album_items::routes(),
        grants::routes(),
        links::routes(),
        shared::routes(),
        shared_media::routes(),
        groups::routes(),
        spaces::routes(),
        notifications::routes(),
        admin_users::routes(),
        docs::routes(),
    ];
    areas.into_iter().flatten().collect()
}
