//! `/dashboard`: the start page, with the standard shelves and their sizes.

use actix_web::{HttpRequest, web};
use askama::Template;

use crate::domain::library::dashboard;
use crate::domain::previews;
use crate::error::format_bytes;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::tile::Tile;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::library::malware_notice;
use crate::http::pages::library::malware_notice::MalwareNotice;
use crate::http::pages::respond::render_cached;
use crate::http::pages::uploads::unfinished::{self, UnfinishedUpload};
use crate::http::route::{HandlerResult, Route};
use crate::model::{Item, Shelf};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/dashboard", || web::route().to(show_dashboard))]
}

/// A shelf with the number and size of its items.
struct Card {
    href: String,
    label: String,
    icon: &'static str,
    holds: String,
}

#[derive(Template)]
#[template(path = "pages/library/dashboard.html")]
struct DashboardPage {
    layout: Layout,
    recent: Vec<Tile>,
    favorites: Vec<Tile>,
    cards: Vec<Card>,
    max_upload: String,
    is_full: bool,
    unfinished: Vec<UnfinishedUpload>,
    notices: Vec<MalwareNotice>,
}

/// Shows the dashboard: recent items, favorites, unfinished uploads, malware notices, and a card for each standard
/// shelf.
async fn show_dashboard(current: CurrentUser, request: HttpRequest) -> HandlerResult {
    render_cached(&current, &request, "/dashboard", |reader, input| {
        let services = reader.services;
        let auth_session = input.auth_session.clone();
        let user = &auth_session.user;
        let strips = dashboard::load_dashboard(reader, user)?;
        // The last call takes precedence, so the recent items come before the favorites.
        previews::prioritize(services, &strips.favorites);
        previews::prioritize(services, &strips.recent);
        let zone = services.time_zone(user);
        let tiles = |items: &[Item]| Tile::from_items(items, &strips.tracks, services, &zone);
        let mut favorites = tiles(&strips.favorites);

        // An item can be in both sections; its element id must be unique on the page.
        for tile in &mut favorites {
            tile.is_repeated = true;
        }

        let layout = Layout::read(reader, input)?;

        // Cards for the four standard shelves.
        let card = |shelf: Shelf, href: &str, icon| {
            let (items, bytes) = layout.summary.count(shelf);
            let holds = format!("{} · {}", count_of(items, "item"), v::size(bytes).words);
            Card { href: href.into(), label: shelf.title().into(), icon, holds }
        };

        Ok(DashboardPage {
            unfinished: unfinished::list_unfinished(reader, user)?,
            notices: malware_notice::notices(reader, user)?,
            recent: tiles(&strips.recent),
            favorites,
            cards: vec![
                card(Shelf::Photos, "/photos", "image"),
                card(Shelf::Videos, "/videos", "film"),
                card(Shelf::Audios, "/audios", "music"),
                card(Shelf::Uploads, "/uploads", "files"),
            ],
            is_full: user.free_quota() == Some(0),
            max_upload: format_bytes(
                services.settings.max_upload_bytes.min(user.free_quota().unwrap_or(u64::MAX)),
            ),
            layout,
        })
    })
    .await
}
