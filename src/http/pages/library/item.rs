//! `/items/{id}`: the page of one item. Its actions are in `item_actions`.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::album_head::album_href;
use super::edit_details::DetailsFields;
use super::metadata::{self, MetadataRow};
use crate::domain::library::{albums, item_view};
use crate::domain::previews::{self, document};
use crate::error::Error;
use crate::http::extract::user::CurrentUser;
use crate::http::media_response::{pages_path, parse_id as parse, preview_version};
use crate::http::pages::components::tile::Tile;
use crate::http::pages::components::{self as v, When};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::render;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::media::Metadata;
use crate::model::item::ItemKind;
use crate::model::{Directory, Item, ItemId, PreviewState, ScanStatus};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/items/{id}", || web::route().to(show_item))]
}

#[derive(Template)]
#[template(path = "pages/library/item.html")]
struct ItemPage {
    layout: Layout,
    item: Item,
    directory: Directory,
    /// Addresses and names of the albums that it is in.
    albums: Vec<(String, String)>,
    size: v::Size,
    added: When,
    newer: Option<ItemId>,
    older: Option<ItemId>,
    tile: Tile,
    facts: Vec<MetadataRow>,
    edit: DetailsFields,
    document: Option<DocumentView>,
    is_damaged: bool,
    /// Why there is no preview.
    trouble: Option<String>,
    /// Why a video may not play in this browser.
    may_not_play: Option<String>,
    /// The malware scanner's result.
    is_waiting: bool,
    checked: Option<&'static str>,
    icon: &'static str,
    days_left: Option<String>,
    shelf_path: String,
    shelf_title: &'static str,
}

impl ItemPage {
    /// `JPEG photo`, `MP3`.
    fn kind_words(&self) -> String {
        let subtype = self.item.mime.rsplit('/').next().unwrap_or_default();
        let name =
            subtype.trim_start_matches("x-").split(['+', ';', '.']).next().unwrap_or_default();
        let name = match name {
            "mpeg" if self.is_kind("audio") => "MP3".to_owned(),
            "quicktime" => "QuickTime".to_owned(),
            "plain" => t(msg!("Text")).into_owned(),
            "markdown" => "Markdown".to_owned(),
            "octet-stream" | "" => String::new(),
            other if other.len() <= 6 => other.to_uppercase(),
            other => other.to_owned(),
        };
        match (self.item.kind, name.is_empty()) {
            (ItemKind::Photo, false) => fill!("{name} photo", name = name),
            (ItemKind::Video, false) => fill!("{name} video", name = name),
            (_, false) => name,
            (kind, true) => kind.as_str().to_owned(),
        }
    }

    fn is_kind(&self, kind: &str) -> bool {
        self.item.kind.as_str() == kind
    }
}

/// A document that is read on its page.
enum DocumentView {
    Text { text: String, is_cut: bool },
    Pages(PagesView),
}

/// The pages of a PDF.
struct PagesView {
    /// The address of a page, before its number.
    base: String,
    /// What follows the number.
    version: String,
    current: u32,
    count: u32,
}

#[derive(Deserialize)]
struct ItemQuery {
    /// The page of a PDF.
    #[serde(default)]
    page: String,
}

impl PagesView {
    fn from_item(item: &Item, metadata: &Metadata, page: &str) -> Option<Self> {
        let base = pages_path("/media", item).filter(|_| item.preview == PreviewState::Ready)?;
        let count = metadata.pages.unwrap_or(1).min(document::MAX_PAGES);
        let current = page.parse().unwrap_or(1).clamp(1, count.max(1));
        Some(Self { base, version: preview_version(item).to_owned(), current, count })
    }
}

/// Shows the page of one item with its preview, metadata and actions.
async fn show_item(
    current: CurrentUser,
    path: web::Path<String>,
    query: web::Query<ItemQuery>,
) -> HandlerResult {
    let id = parse(&path)?;
    let auth_session = current.auth_session.clone();

    let (shown, details, text, albums) = run_blocking(&current.services, move |services| {
        let user = &auth_session.user;
        let shown = item_view::view(services, user, id)?;
        // A file that cannot be opened has a page nevertheless.
        let text = document::read_text(services, user, &shown.item).unwrap_or_default();
        let albums = albums::list_containing(services, user, id)?;
        Ok((shown, previews::details(services, user, id)?, text, albums))
    })
    .await?;
    let document = match text {
        Some((text, is_cut)) => Some(DocumentView::Text { text, is_cut }),
        None => PagesView::from_item(&shown.item, &details.metadata, &query.page)
            .map(DocumentView::Pages),
    };

    // The layout marks the shelf of the item.
    let shelf =
        if shown.item.in_trash { crate::model::Shelf::Trash } else { shown.item.kind.shelf() };
    let shelf_path = format!("/{}", shelf.as_str());
    let layout = Layout::load(&current, &shelf_path).await?;

    let zone = current.services.time_zone(current.user());
    previews::prioritize(&current.services, std::slice::from_ref(&shown.item));
    // The same tile as in lists.
    let tile = Tile::from_items(
        std::slice::from_ref(&shown.item),
        &shown.tracks,
        &current.services,
        &zone,
    )
    .pop()
    .ok_or(Error::NotFound)?;

    render(&ItemPage {
        edit: DetailsFields::from_item(&shown.item, &details.metadata),
        document,
        is_damaged: details.metadata.is_damaged,
        facts: metadata::metadata_rows(&shown.item, &details),
        may_not_play: metadata::may_not_play(&shown.item, &details.metadata),
        // An error is shown only if no preview could be made.
        trouble: details.error.filter(|_| shown.item.preview == PreviewState::Failed),
        size: v::size(shown.item.size),
        added: v::when(shown.item.created_at, &zone),
        newer: shown.newer,
        older: shown.older,
        is_waiting: shown.item.scan == ScanStatus::Pending,
        checked: match shown.item.scan {
            ScanStatus::Clean => Some(msg!("Scanned, nothing found")),
            ScanStatus::Unscannable => Some(msg!("Not scanned: too large")),
            ScanStatus::Pending => Some(msg!("Scanning for malware")),
            ScanStatus::Skipped => None,
        },
        icon: v::kind_icon(shown.item.kind),
        days_left: tile.days_left.clone(),
        tile,
        directory: shown.directory,
        albums: albums.into_iter().map(|album| (album_href(album.id), album.name)).collect(),
        item: shown.item,
        shelf_title: shelf.title(),
        shelf_path,
        layout,
    })
}
