//! `/dashboard`.

use actix_web::web;
use askama::Template;

use super::answer::show;
use super::findings::{self, Notice};
use super::shell::Shell;
use super::tile::Tile;
use super::unfinished::{self, Unfinished};
use super::view::{self as v, counted};
use crate::domain::dashboard;
use crate::error::bytes_in_words;
use crate::http::route::{Answer, Route, act};
use crate::http::visitor::SignedIn;
use crate::model::{Item, Shelf};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/dashboard", || web::route().to(show_dashboard))]
}

/// A folder with what is in it.
struct Card {
    href: String,
    label: String,
    icon: &'static str,
    holds: String,
}

#[derive(Template)]
#[template(path = "pages/dashboard.html")]
struct DashboardPage {
    shell: Shell,
    recent: Vec<Tile>,
    favorites: Vec<Tile>,
    cards: Vec<Card>,
    max_upload: String,
    is_full: bool,
    unfinished: Vec<Unfinished>,
    notices: Vec<Notice>,
}

async fn show_dashboard(at: SignedIn) -> Answer {
    let presence = at.presence.clone();
    let strips = act(&at.services, move |services| dashboard::strips(services, &presence.user)).await?;
    let shell = Shell::load(&at, "/dashboard").await?;
    let tiles = |items: &[Item]| Tile::all(items, &strips.tracks, &at.services);
    let card = |shelf: Shelf, href: &str, icon| {
        let (items, bytes) = shell.surroundings.count(shelf);
        let holds = format!("{} · {}", counted(items, "item"), v::size(bytes).words);
        Card { href: href.into(), label: shelf.title().into(), icon, holds }
    };
    let cards = vec![
        card(Shelf::Photos, "/photos", "image"),
        card(Shelf::Videos, "/videos", "film"),
        card(Shelf::Audios, "/audios", "music"),
        card(Shelf::Uploads, "/uploads", "files"),
    ];
    let mut favorites = tiles(&strips.favorites);
    for tile in &mut favorites {
        tile.is_repeated = true;
    }
    let unfinished = unfinished::rows(&at).await?;
    let notices = findings::notices(&at).await?;
    show(&DashboardPage {
        unfinished,
        notices,
        recent: tiles(&strips.recent),
        favorites,
        cards,
        is_full: at.user().room() == Some(0),
        max_upload: bytes_in_words(at.services.settings.max_upload.min(at.user().room().unwrap_or(u64::MAX))),
        shell,
    })
}
