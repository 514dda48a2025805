//! `/account/storage`: what takes up the user's storage.

use actix_web::{HttpRequest, web};
use askama::Template;

use crate::domain::library::storage_use;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::tile::Tile;
use crate::http::pages::components::{self as v, Size, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::render_cached;
use crate::http::route::{HandlerResult, Route};
use crate::model::{Shelf, ShelfCount};
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/account/storage", || web::route().to(show_storage))]
}

/// The files of one kind.
pub(in crate::http::pages) struct ShelfUse {
    pub label: &'static str,
    pub href: String,
    pub items: String,
    pub size: Size,
    pub bytes: i64,
}

impl ShelfUse {
    /// The kinds of files that have any, in the order of the navigation.
    pub fn from_counts(counts: &[ShelfCount]) -> Vec<Self> {
        let shelves = [
            Shelf::Photos,
            Shelf::Videos,
            Shelf::Audios,
            Shelf::Uploads,
            Shelf::Motion,
            Shelf::Received,
            Shelf::Trash,
        ];
        let counts = shelves.iter().filter_map(|shelf| {
            counts.iter().find(|count| count.shelf == *shelf && count.items > 0)
        });
        counts
            .map(|count| Self {
                label: match count.shelf {
                    Shelf::Motion => msg!("Moving photos"),
                    Shelf::Photos => msg!("Photos"),
                    shelf => shelf.title(),
                },
                href: format!("/{}", count.shelf.as_str()),
                items: count_of(count.items, "item"),
                size: v::size(count.bytes),
                bytes: count.bytes,
            })
            .collect()
    }
}

struct Duplicates {
    size: Size,
    tiles: Vec<Tile>,
}

#[derive(Template)]
#[template(path = "pages/account/storage.html")]
struct StoragePage {
    layout: Layout,
    shelves: Vec<ShelfUse>,
    most: i64,
    largest: Vec<Tile>,
    duplicates: Vec<Duplicates>,
    duplicate_size: Size,
}

/// Shows the kinds of files, the largest ones, and those that are kept several times.
async fn show_storage(current: CurrentUser, request: HttpRequest) -> HandlerResult {
    render_cached(&current, &request, "/account/storage", |reader, input| {
        let services = reader.services;
        let user = &input.auth_session.clone().user;
        let found = storage_use::read(reader, user)?;
        let zone = services.time_zone(user);
        let shelves = ShelfUse::from_counts(&found.counts);
        let group = |group: &storage_use::DuplicateGroup| Duplicates {
            size: v::size(group.items.first().map_or(0, |item| item.size)),
            tiles: Tile::from_items(&group.items, &[], services, &zone),
        };
        Ok(StoragePage {
            most: shelves.iter().map(|shelf| shelf.bytes).max().unwrap_or(0),
            largest: Tile::from_items(&found.largest, &[], services, &zone),
            duplicates: found.duplicates.iter().map(group).collect(),
            duplicate_size: v::size(found.duplicate_bytes),
            shelves,
            layout: Layout::read(reader, input)?,
        })
    })
    .await
}
