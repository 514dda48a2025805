//! `/admin/storage`: who stores how much of what.

use actix_web::web;
use askama::Template;

use crate::domain::library::storage_use::{self, UserStorage};
use crate::http::extract::user::AdminUser;
use crate::http::pages::components::{self as v, Size, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::render;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::model::Shelf;
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/admin/storage", || web::route().to(show_storage))]
}

struct StorageRow {
    href: String,
    name: String,
    /// The username, or that it is a space.
    account: String,
    used: Size,
    bytes: i64,
    quota: String,
    quota_bytes: i64,
    /// Photos, videos, music, files, received files, trash.
    shelves: Vec<Size>,
    duplicates: Size,
}

impl StorageRow {
    fn from_storage(storage: &UserStorage) -> Self {
        let shelves = [
            Shelf::Photos,
            Shelf::Videos,
            Shelf::Audios,
            Shelf::Uploads,
            Shelf::Received,
            Shelf::Trash,
        ];
        let bytes = |shelf: &Shelf| {
            let count = storage.counts.iter().find(|count| count.shelf == *shelf);
            v::size(count.map_or(0, |count| count.bytes))
        };
        let user = &storage.user;
        Self {
            href: if user.is_space() {
                "/admin/spaces".to_owned()
            } else {
                format!("/admin/users/{}", user.id)
            },
            name: user.full_name(),
            account: if user.is_space() {
                t(msg!("Shared space")).into_owned()
            } else {
                user.username.clone()
            },
            used: v::size(user.used_bytes),
            bytes: user.used_bytes,
            quota: if user.quota_bytes > 0 {
                v::size(user.quota_bytes).words
            } else {
                t(msg!("No limit")).into_owned()
            },
            quota_bytes: user.quota_bytes,
            shelves: shelves.iter().map(bytes).collect(),
            duplicates: v::size(storage.duplicate_bytes),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/admin/storage.html")]
struct StoragePage {
    layout: Layout,
    rows: Vec<StorageRow>,
    summary: String,
}

/// Shows how much each user stores, by kind. Names of files stay private.
async fn show_storage(AdminUser(current): AdminUser) -> HandlerResult {
    let users =
        run_blocking(&current.services, |services| storage_use::list_users(services)).await?;
    let total: i64 = users.iter().map(|storage| storage.user.used_bytes).sum();
    let people = users.iter().filter(|storage| !storage.user.is_space()).count();
    let people = count_of(i64::try_from(people).unwrap_or(0), "person");
    render(&StoragePage {
        summary: fill!("{size} stored by {people}", people = people, size = v::size(total).words),
        rows: users.iter().map(StorageRow::from_storage).collect(),
        layout: Layout::load(&current, "/admin/status").await?,
    })
}
