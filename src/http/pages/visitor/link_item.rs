//! `/s/{token}/items/{item}`: the page of an item that its owner shares by link.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::visitor_layout::VisitorLayout;
use crate::domain::previews::{self, document};
use crate::domain::sharing::access::Reached;
use crate::domain::sharing::shared_content::{self, Place};
use crate::error::Error;
use crate::http::extract::share_link::LinkVisit;
use crate::http::media_response::parse_id;
use crate::http::pages::components as v;
use crate::http::pages::components::tile::{Source, Tile};
use crate::http::pages::library::item::{DocumentView, ItemQuery, document_view, kind_words};
use crate::http::pages::library::metadata::{MetadataRow, technical_rows};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{Gives, Item, PreviewState, ScanStatus};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/s/{token}/items/{item}", || web::route().to(show_item))]
}

#[derive(Template)]
#[template(path = "pages/visitor/link_item.html")]
struct LinkItemPage {
    layout: VisitorLayout,
    item: Item,
    tile: Tile,
    /// Addresses and names of what it is in.
    crumbs: Vec<(String, String)>,
    newer: Option<String>,
    older: Option<String>,
    size: v::Size,
    /// When and how it was taken, if its owner shows that.
    facts: Vec<MetadataRow>,
    document: Option<DocumentView>,
    trouble: Option<String>,
    is_waiting: bool,
    icon: &'static str,
}

impl LinkItemPage {
    fn is_kind(&self, kind: &str) -> bool {
        self.item.kind.as_str() == kind
    }

    fn kind_words(&self) -> String {
        kind_words(&self.item)
    }
}

async fn show_item(
    LinkVisit(visit): LinkVisit,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: web::Query<ItemQuery>,
) -> HandlerResult {
    let layout = VisitorLayout::new(&visit)?;
    let (key, zone, link) = (visit.key(), visit.time_zone(), visit.open.link.clone());
    let (id, page) = (parse_id(&path.1)?, query.into_inner().page);
    let page = run_blocking(&visit.services, move |services| {
        let shown = shared_content::item(services, key, id, None)?;
        let (item, base) = (shown.item.clone(), layout.base.clone());
        previews::prioritize(services, std::slice::from_ref(&item));
        // A file from which the place cannot be removed is only shown.
        let is_given = {
            let (access, owner) = (shown.access.clone(), shown.owner.clone());
            let opened = Reached { access, owner, item: item.clone() }.open(services);
            !matches!(opened, Err(Error::Forbidden(_)))
        };
        let gives = if is_given { shown.access.gives_of(shown.owner.id) } else { Gives::Previews };
        let gives_all = gives == Gives::Originals;
        let details = previews::details(services, &shown.owner, item.id)?;
        // A file that cannot be opened has a page nevertheless.
        let text = if gives_all {
            document::read_text(services, &shown.owner, &item).unwrap_or_default()
        } else {
            None
        };
        let source = Source::below(&base, gives, String::new());
        let href = |(id, _)| format!("{base}/items/{id}");
        let crumb = match &shown.place {
            Place::Album(album) => Some((format!("albums/{}", album.id), album.name.clone())),
            Place::Directory(directory) => Some((
                format!("directories/{}", directory.directory_id),
                v::folder_label(directory).into_owned(),
            )),
            Place::Nowhere => None,
        };
        // What others have added is shown without details.
        let has_details = link.shows_details && shown.owner.id == shown.access.owner;
        let facts = if has_details { technical_rows(&item, &details) } else { Vec::new() };
        let mut tile = Tile::from_item(&item, shown.tracks.first(), services, &zone, &source);
        if !has_details {
            tile.taken.clear();
        }
        Ok(LinkItemPage {
            layout,
            tile,
            crumbs: crumb
                .map(|(path, name)| (format!("{base}/{path}"), name))
                .into_iter()
                .collect(),
            newer: shown.newer.map(href),
            older: shown.older.map(href),
            size: v::size(item.size),
            facts,
            document: document_view(&item, &source.media, &details.metadata, text, &page)
                .filter(|_| gives_all),
            trouble: details.error.filter(|_| item.preview == PreviewState::Failed),
            is_waiting: item.scan == ScanStatus::Pending,
            icon: v::kind_icon(item.kind),
            item,
        })
    });
    visit.render(&request, &page.await?).await
}
