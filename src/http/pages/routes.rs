//! The routes of all pages.

use super::account::{access_tokens, profile, sessions};
use super::admin::{audit, findings, new_user, status, user, users};
use super::auth::{first_run, login, recover, register};
use super::installed_app;
use super::library::{
    add_to_album, album_actions, album_arrange, albums, content, dashboard, directories,
    directory_page, download_zip, edit_details, item, item_actions, malware_notice, map,
    move_items, music_albums, search, shelf_pages, trash,
};
use super::sharing::{
    album_activity, groups, links, notifications, received, share, shared_actions, shared_item,
    shared_list, shared_media, shared_page, shared_upload, spaces,
};
use super::uploads::{form, unfinished};
use super::visitor::{link_item, link_media, link_page, link_upload, open_link};
use super::{account, admin};
use crate::http::route::Route;

/// Collects the routes of all pages from the modules that handle them.
pub fn routes() -> Vec<Route> {
    let areas = [
        first_run::routes(),
        register::routes(),
        login::routes(),
        recover::routes(),
        dashboard::routes(),
        shelf_pages::routes(),
        directory_page::routes(),
        search::routes(),
        map::routes(),
        item::routes(),
        item_actions::routes(),
        move_items::routes(),
        edit_details::routes(),
        music_albums::routes(),
        albums::routes(),
        album_actions::routes(),
        album_arrange::routes(),
        add_to_album::routes(),
        content::routes(),
        download_zip::routes(),
        form::routes(),
        unfinished::routes(),
        trash::routes(),
        directories::routes(),
        profile::routes(),
        sessions::routes(),
        account::language::routes(),
        account::storage::routes(),
        account::apps::routes(),
        access_tokens::routes(),
        users::routes(),
        new_user::routes(),
        user::routes(),
        status::routes(),
        admin::storage::routes(),
        admin::links::routes(),
        findings::routes(),
        malware_notice::routes(),
        installed_app::routes(),
        audit::routes(),
        share::routes(),
        links::routes(),
        shared_list::routes(),
        shared_page::routes(),
        shared_item::routes(),
        shared_media::routes(),
        shared_upload::routes(),
        shared_actions::routes(),
        groups::routes(),
        spaces::routes(),
        admin::spaces::routes(),
        notifications::routes(),
        link_page::routes(),
        open_link::routes(),
        link_item::routes(),
        link_media::routes(),
        link_upload::routes(),
        received::routes(),
        album_activity::routes(),
    ];

    areas.into_iter().flatten().collect()
}
