//! Creates, changes and deletes albums.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::album_head::album_href;
use super::item_actions::{SelectedItems, item_count};
use crate::domain::library::album_contents;
use crate::domain::library::albums::{self, AlbumChange, NewAlbum};
use crate::error::{Error, Result};
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::media_response::parse_id;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{
    redirect, redirect_back, redirect_back_with_errors, render, set_flash,
};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::safe_redirect::back_path;
use crate::model::{Album, AlbumId, AlbumKind, AlbumSort, Level};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/albums", || web::route().to(submit_create)).in_space(Level::Edit),
        Route::post("/albums/{album}/change", || web::route().to(submit_change))
            .in_space(Level::Edit),
        Route::get("/albums/{album}/delete", || web::route().to(show_delete))
            .in_space(Level::Manage),
        Route::post("/albums/{album}/delete", || web::route().to(submit_delete))
            .in_space(Level::Manage),
        Route::post("/albums/{album}/remove", || web::route().to(submit_remove))
            .in_space(Level::Edit),
    ]
}

pub(crate) fn parse_album(text: &str) -> Result<AlbumId> {
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
pub(crate) struct ChangeForm {
    name: Option<String>,
    description: Option<String>,
    sort: Option<String>,
    /// An item of the album; empty for the first one.
    cover: Option<String>,
    /// `on` or `off`.
    comments: Option<String>,
}

impl ChangeForm {
    /// The change, what to say about it, and the name that was typed.
    pub(crate) fn parse(self) -> Result<(AlbumChange, &'static str, Option<String>)> {
        let cover = match self.cover.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(text) => Some(Some(parse_id(text)?)),
        };
        let text = if cover.is_some() { msg!("Cover changed") } else { msg!("Album saved") };
        let kept = self.name.clone();
        let sort = self.sort.as_deref().and_then(AlbumSort::parse);
        let allows_comments = self.comments.map(|comments| comments == "on");
        let change = AlbumChange {
            name: self.name,
            description: self.description,
            sort,
            cover,
            allows_comments,
        };
        Ok((change, text, kept))
    }
}

async fn submit_change(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<ChangeForm>,
) -> HandlerResult {
    let id = parse_album(&path)?;
    let (change, text, kept) = form.parse()?;
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
    let actor = current.actor();
    run_blocking(&current.services, move |services| {
        albums::delete(services, &auth_session.authority(), &actor, id)
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
    set_flash(&current.cookie, removed_text(removed))?;
    redirect(&album_to_return_to(&request, &album_href(id)))
}

pub(crate) fn removed_text(removed: usize) -> String {
    fill!("{count} removed from the album", count = item_count(removed))
}

/// The list that a form of an album was on; the album itself if that was the page of an item, which may be gone.
pub(crate) fn album_to_return_to(request: &HttpRequest, album: &str) -> String {
    back_path(request)
        .filter(|path| path.starts_with(album) && !path.contains("/items/"))
        .unwrap_or_else(|| album.to_owned())
}
