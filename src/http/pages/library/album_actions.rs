//! Creates, changes, arranges and deletes albums.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::album_head::album_href;
use super::item_actions::{SelectedItems, item_count};
use crate::domain::library::album_contents::{self, AlbumQuery, Place};
use crate::domain::library::albums::{self, AlbumChange, NewAlbum};
use crate::domain::library::reader;
use crate::error::{Error, Result};
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::media_response::parse_id;
use crate::http::pages::components::tile::Picture;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{
    redirect, redirect_back, redirect_back_with_errors, render, set_flash,
};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::safe_redirect::back_path;
use crate::model::{Album, AlbumId, AlbumKind, AlbumSort, ItemId};
use crate::{fill, msg};

/// Items on one page of the form that arranges an album.
const ARRANGED_ITEMS: u8 = 200;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/albums", || web::route().to(submit_create)),
        Route::post("/albums/{album}/change", || web::route().to(submit_change)),
        Route::get("/albums/{album}/delete", || web::route().to(show_delete)),
        Route::post("/albums/{album}/delete", || web::route().to(submit_delete)),
        Route::post("/albums/{album}/remove", || web::route().to(submit_remove)),
        Route::get("/albums/{album}/arrange", || web::route().to(show_arrange)),
        Route::post("/albums/{album}/arrange", || web::route().to(submit_arrange)),
    ]
}

fn parse_album(text: &str) -> Result<AlbumId> {
    AlbumId::parse(text).ok_or(Error::NotFound)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateForm {
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    parent: String,
}

/// Creates an empty album and leads to it. After an error, the form still contains the typed name.
async fn submit_create(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<CreateForm>,
) -> HandlerResult {
    let parent = match form.parent.as_str() {
        "" => None,
        text => Some(
            AlbumId::parse(text)
                .ok_or_else(|| Error::field("parent", msg!("Choose one of your albums.")))?,
        ),
    };
    let new = NewAlbum {
        kind: AlbumKind::parse(&form.kind).unwrap_or(AlbumKind::Album),
        name: form.name.clone(),
        description: String::new(),
        parent,
    };
    let auth_session = current.auth_session.clone();
    let created = run_blocking(&current.services, move |services| {
        albums::create(services, &auth_session.authority(), &new)
    });
    match created.await {
        Ok(id) => redirect(&album_href(id)),
        Err(error) => {
            let kept = Some(("new-album", form.name));
            redirect_back_with_errors(&request, &current.cookie, error, kept)
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeForm {
    name: Option<String>,
    description: Option<String>,
    sort: Option<String>,
    /// An item of the album; empty for the first one.
    cover: Option<String>,
}

async fn submit_change(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<ChangeForm>,
) -> HandlerResult {
    let id = parse_album(&path)?;
    let cover = match form.cover.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(text) => Some(Some(parse_id(text)?)),
    };
    let text = if form.cover.is_some() { msg!("Cover changed") } else { msg!("Album saved") };
    let kept = form.name.clone();
    let change = AlbumChange {
        name: form.name,
        description: form.description,
        sort: form.sort.as_deref().and_then(AlbumSort::parse),
        cover,
    };
    let auth_session = current.auth_session.clone();
    let changed = run_blocking(&current.services, move |services| {
        albums::change(services, &auth_session.authority(), id, &change)
    });
    match changed.await {
        Ok(_) => redirect_back(&request, &current.cookie, text),
        Err(error) => {
            let kept = kept.map(|name| ("album-name", name));
            redirect_back_with_errors(&request, &current.cookie, error, kept)
        }
    }
}

#[derive(Template)]
#[template(path = "pages/library/album_delete.html")]
struct DeletePage {
    layout: Layout,
    album: Album,
    /// How many albums are in it.
    within: usize,
}

impl DeletePage {
    fn within_words(&self) -> String {
        count_of(i64::try_from(self.within).unwrap_or(0), "album")
    }
}

async fn show_delete(current: CurrentUser, path: web::Path<String>) -> HandlerResult {
    let id = parse_album(&path)?;
    let auth_session = current.auth_session.clone();
    let (album, within) = run_blocking(&current.services, move |services| {
        albums::count_within(services, &auth_session.user, id)
    })
    .await?;
    let layout = Layout::load(&current, &album_href(id)).await?;
    render(&DeletePage { layout, album, within })
}

async fn submit_delete(
    current: CurrentUser,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse_album(&path)?;
    let auth_session = current.auth_session.clone();
    run_blocking(&current.services, move |services| {
        albums::delete(services, &auth_session.authority(), id)
    })
    .await?;
    set_flash(&current.cookie, msg!("Album deleted. Its items are still in your library."))?;
    redirect("/albums")
}

/// Removes a selection from an album; the items stay in the library.
async fn submit_remove(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<SelectedItems>,
) -> HandlerResult {
    let (id, ids) = (parse_album(&path)?, form.ids()?);
    let auth_session = current.auth_session.clone();
    let removed = run_blocking(&current.services, move |services| {
        album_contents::remove(services, &auth_session.authority(), id, &ids)
    })
    .await?;
    let text = fill!("{count} removed from the album", count = item_count(removed));
    redirect_back(&request, &current.cookie, text)
}

/// One row of the form that arranges an album.
struct ArrangedItem {
    id: ItemId,
    name: String,
    picture: Option<Picture>,
    icon: &'static str,
    is_cover: bool,
}

#[derive(Template)]
#[template(path = "pages/library/album_arrange.html")]
struct ArrangePage {
    layout: Layout,
    album: Album,
    rows: Vec<ArrangedItem>,
    next: Option<String>,
    is_first: bool,
}

#[derive(Deserialize)]
struct ArrangeQuery {
    cursor: Option<String>,
}

/// Shows the items of an album as a list whose order can be changed by keyboard and without a script.
async fn show_arrange(
    current: CurrentUser,
    path: web::Path<String>,
    query: web::Query<ArrangeQuery>,
) -> HandlerResult {
    let id = parse_album(&path)?;
    let auth_session = current.auth_session.clone();
    let is_first = query.cursor.is_none();
    let wanted = AlbumQuery {
        cursor: query.into_inner().cursor,
        limit: ARRANGED_ITEMS,
        ..AlbumQuery::default()
    };
    let page = run_blocking(&current.services, move |services| {
        let user = &auth_session.user;
        reader::read(services, user.id, |reader| album_contents::page(reader, user, id, &wanted))
    })
    .await?;
    let cover = page.album.cover_id;
    let rows = page.listing.items.iter().map(|item| ArrangedItem {
        id: item.id,
        name: item.name.clone(),
        picture: Picture::from_item(item),
        icon: v::kind_icon(item.kind),
        is_cover: cover == Some(item.id),
    });
    let next = page
        .listing
        .next
        .map(|cursor| format!("{}/arrange?cursor={}", album_href(id), cursor.encode()));
    render(&ArrangePage {
        layout: Layout::load(&current, &album_href(id)).await?,
        rows: rows.collect(),
        album: page.album,
        next,
        is_first,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArrangeForm {
    item: String,
    /// `first`, `last`, `up`, `down`; or, in `before`, the item that follows.
    #[serde(default)]
    place: String,
    #[serde(default)]
    before: String,
}

async fn submit_arrange(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<ArrangeForm>,
) -> HandlerResult {
    let (id, item) = (parse_album(&path)?, parse_id(&form.item)?);
    let place = match form.place.as_str() {
        "first" => Place::First,
        "last" => Place::Last,
        "up" => Place::Up,
        "down" => Place::Down,
        _ => Place::Before(parse_id(&form.before)?),
    };
    let auth_session = current.auth_session.clone();
    run_blocking(&current.services, move |services| {
        album_contents::arrange(services, &auth_session.authority(), id, item, place)
    })
    .await?;
    let list = back_path(&request).unwrap_or_else(|| format!("{}/arrange", album_href(id)));
    redirect(&format!("{list}#i-{item}"))
}
