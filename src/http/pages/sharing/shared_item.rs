//! The page of an item that belongs to somebody else: below `/shared/{grant}/items` through a grant, and below
//! `/albums/{album}/items` in an album of the user that others have added to.

use actix_web::web;
use askama::Template;

use crate::domain::library::{album_page, albums};
use crate::domain::previews::{self, document};
use crate::domain::sharing::album_comments;
use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::shared_albums::Target;
use crate::domain::sharing::shared_content::{self, Place};
use crate::error::Error;
use crate::http::extract::shared_item::Shared;
use crate::http::extract::user::CurrentUser;
use crate::http::media_response::parse_id;
use crate::http::pages::components::comments::CommentsView;
use crate::http::pages::components::tile::{Source, Tile};
use crate::http::pages::components::{self as v};
use crate::http::pages::layout::Layout;
use crate::http::pages::library::item::{DocumentView, ItemQuery, document_view, kind_words};
use crate::http::pages::library::metadata::{self, MetadataRow};
use crate::http::pages::respond::{redirect, render};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::model::{
    AlbumId, Gives, Item, ItemDetails, Level, PreviewState, ScanStatus, Track, User,
};
use crate::msg;
use crate::state::Services;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/shared/{grant}/items/{item}", || web::route().to(show_shared_item)),
        Route::get("/albums/{album}/items/{item}", || web::route().to(show_album_item))
            .in_space(Level::View),
    ]
}

#[derive(Template)]
#[template(path = "pages/sharing/shared_item.html")]
struct SharedItemPage {
    layout: Layout,
    item: Item,
    tile: Tile,
    /// The album or folder that it is in, and what is above that.
    crumbs: Vec<(String, String)>,
    owner: String,
    newer: Option<String>,
    older: Option<String>,
    size: v::Size,
    facts: Vec<MetadataRow>,
    document: Option<DocumentView>,
    trouble: Option<String>,
    is_waiting: bool,
    icon: &'static str,
    /// Where it is removed from the album.
    remove: Option<String>,
    /// Where a copy of it is saved.
    keep: Option<String>,
    /// What users say about it, in an album.
    comments: Option<CommentsView>,
}

impl SharedItemPage {
    fn is_kind(&self, kind: &str) -> bool {
        self.item.kind.as_str() == kind
    }

    fn kind_words(&self) -> String {
        kind_words(&self.item)
    }
}

/// What the page is made from.
struct Shown {
    item: Item,
    owner: User,
    tracks: Vec<Track>,
    source: Source,
    crumbs: Vec<(String, String)>,
    newer: Option<String>,
    older: Option<String>,
    remove: Option<String>,
    keep: Option<String>,
    comments: Option<CommentsView>,
}

async fn show_shared_item(
    shared: Shared<CurrentUser>,
    path: web::Path<(String, String)>,
    query: web::Query<ItemQuery>,
) -> HandlerResult {
    let (id, key, item) = (shared.grant, shared.access.key, parse_id(&path.1)?);
    let seen_in = AlbumId::parse(&query.album);
    let current = shared.caller;
    let (auth_session, zone) = (current.auth_session.clone(), current.time_zone());
    let shown = run_blocking(&current.services, move |services| {
        let viewer = &auth_session.user;
        let shown = shared_content::item(services, key, item, seen_in)?;
        let base = format!("/shared/{id}");
        // The same album, of several that show them.
        let query = seen_in.map(|album| format!("?album={album}")).unwrap_or_default();
        let href = |(id, _)| format!("{base}/items/{id}{query}");
        let mut crumbs = vec![("/shared".to_owned(), t(msg!("Shared with me")).into_owned())];
        let is_own = shown.owner.id == viewer.id;
        let may_remove = is_own || shown.access.may(Level::Edit);
        let (mut remove, mut comments) = (None, None);
        match &shown.place {
            Place::Album(album) => {
                let href = format!("{base}/albums/{}", album.id);
                let target = Target::Shared(id, Some(album.id));
                comments = album_comments::of_item(services, &auth_session, target, item)?
                    .map(|found| CommentsView::new(href.clone(), item, found, &zone));
                remove = may_remove.then(|| format!("{href}/remove"));
                crumbs.push((href, album.name.clone()));
            }
            Place::Directory(directory) => crumbs.push((
                format!("{base}/directories/{}", directory.directory_id),
                v::folder_label(directory).into_owned(),
            )),
            Place::Nowhere => {}
        }
        let gives_all = shown.access.gives == Gives::Originals;
        Ok(Shown {
            source: Source::below(&base, shown.access.gives, name_of(&shown.owner)),
            newer: shown.newer.map(href),
            older: shown.older.map(href),
            item: shown.item,
            owner: shown.owner,
            tracks: shown.tracks,
            crumbs,
            remove,
            // What is the viewer's own needs no copy.
            keep: (gives_all && !is_own).then(|| format!("{base}/keep")),
            comments,
        })
    })
    .await?;
    show(&current, "/shared", shown, &query.page).await
}

/// Shows an item that somebody else has added to an album of the user. An item of the user has its own page.
async fn show_album_item(
    current: CurrentUser,
    path: web::Path<(String, String)>,
    query: web::Query<ItemQuery>,
) -> HandlerResult {
    let id = AlbumId::parse(&path.0).ok_or(Error::NotFound)?;
    let item = parse_id(&path.1)?;
    let (auth_session, zone) = (current.auth_session.clone(), current.time_zone());
    let user = current.user().id;
    let shown = run_blocking(&current.services, move |services| {
        let viewer = &auth_session.user;
        let album = albums::find(services, viewer, id)?;
        let (owner, item) = album_page::find_item(services, &auth_session, id, item)?;
        let (tracks, newer, older) = album_page::around(services, &album, &item)?;
        let base = format!("/albums/{id}");
        let comments = album_comments::of_item(services, &auth_session, Target::Own(id), item.id)?;
        let href = |(neighbor, owner)| {
            if owner == viewer.id {
                format!("/items/{neighbor}?album={id}")
            } else {
                format!("{base}/items/{neighbor}")
            }
        };
        Ok(Shown {
            source: Source::below(&base, Gives::Originals, name_of(&owner)),
            newer: newer.map(href),
            older: older.map(href),
            crumbs: vec![
                ("/albums".to_owned(), t(msg!("Albums")).into_owned()),
                (base.clone(), album.name),
            ],
            remove: Some(format!("{base}/remove")),
            keep: None,
            comments: comments.map(|found| CommentsView::new(base.clone(), item.id, found, &zone)),
            item,
            owner,
            tracks,
        })
    })
    .await?;
    if shown.owner.id == user {
        return redirect(&format!("/items/{item}?album={id}"));
    }
    show(&current, "/albums", shown, &query.page).await
}

async fn show(current: &CurrentUser, path: &str, shown: Shown, page: &str) -> HandlerResult {
    let gives_all = shown.source.gives == Gives::Originals;
    let (owner, item) = (shown.owner.clone(), shown.item.clone());
    let (details, text) = run_blocking(&current.services, move |services| {
        let details: ItemDetails = previews::details(services, &owner, item.id)?;
        Ok((details, text_of(services, &owner, &item, gives_all)))
    })
    .await?;
    previews::prioritize(&current.services, std::slice::from_ref(&shown.item));
    let zone = current.time_zone();
    let item = shown.item;
    let track = shown.tracks.first();
    let tile = Tile::from_item(&item, track, &current.services, &zone, &shown.source);
    // Where and how a photo was taken is in the original.
    let mut facts = metadata::metadata_rows(&item, &details);
    facts.retain(|_| gives_all);
    for fact in &mut facts {
        fact.href = None;
    }
    render(&SharedItemPage {
        layout: Layout::load(current, path).await?,
        document: document_view(&item, &shown.source.media, &details.metadata, text, page)
            .filter(|_| gives_all),
        facts,
        trouble: details.error.filter(|_| item.preview == PreviewState::Failed),
        size: v::size(item.size),
        is_waiting: item.scan == ScanStatus::Pending,
        icon: v::kind_icon(item.kind),
        owner: name_of(&shown.owner),
        crumbs: shown.crumbs,
        newer: shown.newer,
        older: shown.older,
        remove: shown.remove,
        keep: shown.keep,
        comments: shown.comments,
        tile,
        item,
    })
}

/// The text of a document. A file that cannot be opened has a page nevertheless.
fn text_of(
    services: &Services,
    owner: &User,
    item: &Item,
    gives_all: bool,
) -> Option<(String, bool)> {
    if !gives_all {
        return None;
    }
    document::read_text(services, owner, item).unwrap_or_default()
}
