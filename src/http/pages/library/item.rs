//! `/items/{id}`: the page of one item. Its actions are in `item_actions`.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::album_head::album_href;
use super::edit_details::DetailsFields;
use super::metadata::{self, MetadataRow};
use crate::domain::library::album_page::Neighbor;
use crate::domain::library::{albums, item_view};
use crate::domain::previews::{self, document};
use crate::domain::sharing::shared_albums::Target;
use crate::domain::sharing::{album_comments, received_files};
use crate::error::Error;
use crate::http::extract::user::CurrentUser;
use crate::http::media_response::{pages_path, parse_id as parse, version_below};
use crate::http::pages::components::comments::CommentsView;
use crate::http::pages::components::tile::Tile;
use crate::http::pages::components::{self as v, When};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::render;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::media::Metadata;
use crate::model::item::ItemKind;
use crate::model::{
    AlbumId, Directory, Item, Level, Placement, PreviewState, ScanStatus, Shelf, User,
};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/items/{id}", || web::route().to(show_item)).in_space(Level::View)]
}

#[derive(Template)]
#[template(path = "pages/library/item.html")]
struct ItemPage {
    layout: Layout,
    item: Item,
    directory: Directory,
    /// Addresses and names of the albums that it is in.
    albums: Vec<(String, String)>,
    /// The user who has added it to the library of another or to a space; empty for its owner.
    added_by: String,
    /// Whether the person may move it to the trash.
    may_remove: bool,
    /// Who has sent it through a share link; empty if nobody has, or without a name.
    received_from: String,
    /// What users say about it, in the album that it is seen in.
    comments: Option<CommentsView>,
    size: v::Size,
    added: When,
    newer: Option<String>,
    older: Option<String>,
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
    shelf_title: String,
}

impl ItemPage {
    fn kind_words(&self) -> String {
        kind_words(&self.item)
    }

    fn is_kind(&self, kind: &str) -> bool {
        self.item.kind.as_str() == kind
    }
}

/// `JPEG photo`, `MP3`.
pub(crate) fn kind_words(item: &Item) -> String {
    let subtype = item.mime.rsplit('/').next().unwrap_or_default();
    let name = subtype.trim_start_matches("x-").split(['+', ';', '.']).next().unwrap_or_default();
    let name = match name {
        "mpeg" if item.kind == ItemKind::Audio => "MP3".to_owned(),
        "quicktime" => "QuickTime".to_owned(),
        "plain" => t(msg!("Text")).into_owned(),
        "markdown" => "Markdown".to_owned(),
        "octet-stream" | "" => String::new(),
        other if other.len() <= 6 => other.to_uppercase(),
        other => other.to_owned(),
    };
    match (item.kind, name.is_empty()) {
        (ItemKind::Photo, false) => fill!("{name} photo", name = name),
        (ItemKind::Video, false) => fill!("{name} video", name = name),
        (_, false) => name,
        (kind, true) => kind.as_str().to_owned(),
    }
}

/// A document that is read on its page.
pub(crate) enum DocumentView {
    Text { text: String, is_cut: bool },
    Pages(PagesView),
}

/// The pages of a PDF.
pub(crate) struct PagesView {
    /// The address of a page, before its number.
    pub(crate) base: String,
    /// What follows the number.
    pub(crate) version: String,
    pub(crate) current: u32,
    pub(crate) count: u32,
}

/// What is read of a document; its text may not be readable.
pub(crate) fn document_view(
    item: &Item,
    media: &str,
    metadata: &Metadata,
    text: Option<(String, bool)>,
    page: &str,
) -> Option<DocumentView> {
    match text {
        Some((text, is_cut)) => Some(DocumentView::Text { text, is_cut }),
        None => PagesView::from_item(item, media, metadata, page).map(DocumentView::Pages),
    }
}

#[derive(Deserialize)]
pub(crate) struct ItemQuery {
    /// The page of a PDF.
    #[serde(default)]
    pub(crate) page: String,
    /// The album that it is seen in.
    #[serde(default)]
    pub(crate) album: String,
}

impl PagesView {
    fn from_item(item: &Item, media: &str, metadata: &Metadata, page: &str) -> Option<Self> {
        let base = pages_path(media, item).filter(|_| item.preview == PreviewState::Ready)?;
        let count = metadata.pages.unwrap_or(1).min(document::MAX_PAGES);
        let current = page.parse().unwrap_or(1).clamp(1, count.max(1));
        let version = version_below(media, item).unwrap_or_default().to_owned();
        Some(Self { base, version, current, count })
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
    let album = AlbumId::parse(&query.album);

    let (shown, details, text, albums, received, said) =
        run_blocking(&current.services, move |services| {
            let user = &auth_session.user;
            let shown = item_view::view(services, &auth_session, id, album)?;
            // A file that cannot be opened has a page nevertheless.
            let text = document::read_text(services, user, &shown.item).unwrap_or_default();
            let albums = albums::list_containing(services, user, id)?;
            let received = received_files::senders_of(services, user, &[id])?;
            let said = match &shown.album {
                Some(album) => {
                    album_comments::of_item(services, &auth_session, Target::Own(album.id), id)?
                }
                None => None,
            };
            Ok((shown, previews::details(services, user, id)?, text, albums, received, said))
        })
        .await?;
    let document = document_view(&shown.item, "/media", &details.metadata, text, &query.page);

    // The layout marks the shelf of the item.
    let shelf = match shown.item.placement {
        Placement::Library => shown.item.kind.shelf(),
        Placement::Trash => Shelf::Trash,
        Placement::Received => Shelf::Received,
    };
    let seen_in = shown.album.as_ref().map(|album| (album_href(album.id), album.name.clone()));
    let (shelf_path, shelf_title) = seen_in
        .clone()
        .unwrap_or_else(|| (format!("/{}", shelf.as_str()), t(shelf.title()).into_owned()));
    let user = current.user().id;
    // An item of somebody else in the same album has its page below the album.
    let neighbor = |(id, owner): Neighbor| match &seen_in {
        Some((href, _)) if owner != user => format!("{href}/items/{id}"),
        Some((href, _)) => format!("/items/{id}?album={}", href.trim_start_matches("/albums/")),
        None => format!("/items/{id}"),
    };
    let place = if shown.item.is_received() { "/shared" } else { shelf_path.as_str() };
    let layout = Layout::load(&current, place).await?;

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
        newer: shown.newer.map(neighbor),
        older: shown.older.map(neighbor),
        is_waiting: shown.item.scan == ScanStatus::Pending,
        checked: match shown.item.scan {
            ScanStatus::Clean => Some(msg!("Scanned, nothing found")),
            ScanStatus::Unscannable => Some(msg!("Not scanned: too large")),
            ScanStatus::Pending => Some(msg!("Scanning for malware")),
            ScanStatus::Skipped => None,
        },
        icon: v::kind_icon(shown.item.kind),
        days_left: tile.flag.clone(),
        tile,
        directory: shown.directory,
        albums: albums.into_iter().map(|album| (album_href(album.id), album.name)).collect(),
        comments: said
            .zip(seen_in.as_ref())
            .map(|(found, (href, _))| CommentsView::new(href.clone(), shown.item.id, found, &zone)),
        may_remove: layout.may_edit()
            || shown.added_by.as_ref().is_some_and(|user| user.id == layout.user.id),
        added_by: shown.added_by.as_ref().map(User::full_name).unwrap_or_default(),
        received_from: received.into_iter().next().map(|from| from.sender).unwrap_or_default(),
        item: shown.item,
        shelf_title,
        shelf_path,
        layout,
    })
}
