//! The form that arranges an album: a list whose order can be changed by keyboard and without a script.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::album_actions::parse_album;
use super::album_head::album_href;
use crate::domain::library::album_contents::{self, Place};
use crate::domain::library::album_page::{self, AlbumPage, AlbumQuery};
use crate::domain::library::reader;
use crate::error::Result;
use crate::http::extract::form::Form;
use crate::http::extract::user::CurrentUser;
use crate::http::media_response::parse_id;
use crate::http::pages::components as v;
use crate::http::pages::components::tile::Picture;
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, render};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::safe_redirect::back_path;
use crate::model::{Album, Item, ItemId, Level};

/// Items on one page of the form.
const ARRANGED_ITEMS: u8 = 200;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/albums/{album}/arrange", || web::route().to(show_arrange))
            .in_space(Level::Edit),
        Route::post("/albums/{album}/arrange", || web::route().to(submit_arrange))
            .in_space(Level::Edit),
    ]
}

/// One row of the form.
struct ArrangedItem {
    id: ItemId,
    name: String,
    picture: Option<Picture>,
    icon: &'static str,
    is_cover: bool,
}

#[derive(Template)]
#[template(path = "pages/library/album_arrange.html")]
pub(crate) struct ArrangePage {
    layout: Layout,
    album: Album,
    /// The address of the album.
    base: String,
    rows: Vec<ArrangedItem>,
    next: Option<String>,
    is_first: bool,
}

impl ArrangePage {
    /// The form for one page of an album at `base`, whose items have their bytes at `media`.
    pub(crate) fn new(
        layout: Layout,
        base: String,
        shown: AlbumPage,
        media: impl Fn(&Item) -> String,
        is_first: bool,
    ) -> Self {
        let cover = shown.album.cover_id;
        let rows = shown.listing.items.iter().map(|item| ArrangedItem {
            id: item.id,
            name: item.name.clone(),
            picture: Picture::from_item_at(item, &media(item)),
            icon: v::kind_icon(item.kind),
            is_cover: cover == Some(item.id),
        });
        let rows = rows.collect();
        let next = shown.listing.next;
        let next = next.map(|cursor| format!("{base}/arrange?cursor={}", cursor.encode()));
        Self { layout, album: shown.album, base, rows, next, is_first }
    }
}

#[derive(Deserialize)]
pub(crate) struct ArrangeQuery {
    cursor: Option<String>,
}

impl ArrangeQuery {
    pub(crate) fn into_album_query(self) -> AlbumQuery {
        AlbumQuery { cursor: self.cursor, limit: ARRANGED_ITEMS, ..AlbumQuery::default() }
    }
}

async fn show_arrange(
    current: CurrentUser,
    path: web::Path<String>,
    query: web::Query<ArrangeQuery>,
) -> HandlerResult {
    let id = parse_album(&path)?;
    let auth_session = current.auth_session.clone();
    let is_first = query.cursor.is_none();
    let wanted = query.into_inner().into_album_query();
    let shown = run_blocking(&current.services, move |services| {
        let user = &auth_session.user;
        reader::read(services, user.id, |reader| {
            album_page::page(reader, &auth_session, id, &wanted)
        })
    })
    .await?;
    let base = album_href(id);
    let layout = Layout::load(&current, &base).await?;
    let (user, others) = (current.user().id, format!("{base}/media"));
    let media = |item: &Item| if item.user_id == user { "/media".into() } else { others.clone() };
    render(&ArrangePage::new(layout, base, shown, media, is_first))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArrangeForm {
    item: String,
    /// `first`, `last`, `up`, `down`; or, in `before`, the item that follows.
    #[serde(default)]
    place: String,
    #[serde(default)]
    before: String,
}

impl ArrangeForm {
    pub(crate) fn parse(&self) -> Result<(ItemId, Place)> {
        let place = match self.place.as_str() {
            "first" => Place::First,
            "last" => Place::Last,
            "up" => Place::Up,
            "down" => Place::Down,
            _ => Place::Before(parse_id(&self.before)?),
        };
        Ok((parse_id(&self.item)?, place))
    }
}

async fn submit_arrange(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<ArrangeForm>,
) -> HandlerResult {
    let id = parse_album(&path)?;
    let (item, place) = form.parse()?;
    let auth_session = current.auth_session.clone();
    run_blocking(&current.services, move |services| {
        album_contents::arrange(services, &auth_session.authority(), id, item, place)
    })
    .await?;
    redirect_to_row(&request, &album_href(id), item)
}

/// Returns to the row of an item in the form of the album at `base`.
pub(crate) fn redirect_to_row(request: &HttpRequest, base: &str, item: ItemId) -> HandlerResult {
    let list = back_path(request).unwrap_or_else(|| format!("{base}/arrange"));
    redirect(&format!("{list}#i-{item}"))
}
