//! Actions on one item or on a selection: favorite, rename, move, trash, restore, delete.

use crate::domain::library::items::{self, ItemChange};
use crate::domain::library::selection::MAX_SELECTED;
use crate::domain::library::trash;
use crate::error::Error;
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::flash::Flash;
use crate::http::media_response::parse_id as parse;
use crate::http::pages::components::{self as v};
use crate::http::pages::respond::{redirect, redirect_back, redirect_back_with_errors, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::safe_redirect::{back_path, own_path};
use crate::model::{DirectoryId, ItemId, Level};
use crate::{fill, msg};
use actix_web::{HttpRequest, web};
use serde::Deserialize;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/items/{id}/favorite", || web::route().to(submit_favorite))
            .in_space(Level::Edit),
        Route::post("/items/{id}/unfavorite", || web::route().to(submit_unfavorite))
            .in_space(Level::Edit),
        Route::post("/items/{id}/rename", || web::route().to(submit_rename)).in_space(Level::Edit),
        Route::post("/items/{id}/move", || web::route().to(submit_move)).in_space(Level::Edit),
        Route::post("/items/{id}/trash", || web::route().to(submit_trash))
            .in_space(Level::Contribute),
        Route::post("/items/{id}/restore", || web::route().to(submit_restore))
            .in_space(Level::Contribute),
        Route::post("/items/{id}/delete", || web::route().to(submit_delete))
            .in_space(Level::Manage),
        Route::post("/items/favorite", || web::route().to(submit_favorite_many))
            .in_space(Level::Edit),
        Route::post("/items/unfavorite", || web::route().to(submit_unfavorite_many))
            .in_space(Level::Edit),
        Route::post("/items/trash", || web::route().to(submit_trash_many))
            .in_space(Level::Contribute),
        Route::post("/items/restore", || web::route().to(submit_restore_many))
            .in_space(Level::Contribute),
        Route::post("/items/delete", || web::route().to(submit_delete_many))
            .in_space(Level::Manage),
    ]
}

/// A selection: any number of item ids.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SelectedItems {
    #[serde(default)]
    pub ids: Vec<String>,
}

impl SelectedItems {
    /// # Errors
    /// `BadRequest` for no id, an invalid one, or too many.
    pub fn ids(&self) -> Result<Vec<ItemId>, Error> {
        if self.ids.is_empty() {
            return Err(Error::BadRequest(msg!("Select something first.").into()));
        }
        if self.ids.len() > MAX_SELECTED {
            return Err(Error::BadRequest(fill!(
                "At most {max_selected} items at once.",
                max_selected = MAX_SELECTED
            )));
        }
        self.ids.iter().map(|id| parse(id)).collect()
    }
}

/// Where a page that asks about a selection returns to: the list that it names, else the one that led to it.
pub(crate) fn list_to_return_to(request: &HttpRequest, named: &str) -> String {
    own_path(named).or_else(|| back_path(request)).unwrap_or_else(|| "/photos".to_owned())
}

async fn set_favorite(
    current: &CurrentUser,
    ids: Vec<ItemId>,
    is_favorite: bool,
) -> Result<usize, Error> {
    let auth_session = current.auth_session.clone();
    run_blocking(&current.services, move |services| {
        items::set_favorite(services, &auth_session.authority(), &ids, is_favorite)
    })
    .await
}

/// Redirects to the list the button was on, scrolled to the item.
fn redirect_to_list(request: &HttpRequest, id: ItemId) -> HandlerResult {
    match back_path(request) {
        Some(path) if path.starts_with("/items/") => redirect(&path),
        Some(path) => redirect(&format!("{path}#i-{id}")),
        None => redirect(&format!("/items/{id}")),
    }
}

async fn submit_favorite(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse(&path)?;
    set_favorite(&current, vec![id], true).await?;
    redirect_to_list(&request, id)
}

async fn submit_unfavorite(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse(&path)?;
    set_favorite(&current, vec![id], false).await?;
    redirect_to_list(&request, id)
}

async fn submit_favorite_many(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<SelectedItems>,
) -> HandlerResult {
    let count = set_favorite(&current, form.ids()?, true).await?;
    redirect_back(
        &request,
        &current.cookie,
        fill!("{count} added to favorites", count = item_count(count)),
    )
}

async fn submit_unfavorite_many(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<SelectedItems>,
) -> HandlerResult {
    let count = set_favorite(&current, form.ids()?, false).await?;
    redirect_back(
        &request,
        &current.cookie,
        fill!("{count} removed from favorites", count = item_count(count)),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RenameForm {
    name: String,
}

/// Renames an item and returns to the page with the name that it got. After an error, the form still contains the typed
/// name.
async fn submit_rename(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<RenameForm>,
) -> HandlerResult {
    let id = parse(&path)?;
    let auth_session = current.auth_session.clone();
    let typed = form.name.clone();

    let renamed = run_blocking(&current.services, move |services| {
        let change = ItemChange { name: Some(form.name), ..ItemChange::default() };
        items::change(services, &auth_session.authority(), id, &change)
    })
    .await;

    match renamed {
        Ok(item) => {
            redirect_back(&request, &current.cookie, fill!("Renamed to “{name}”", name = item.name))
        }
        Err(error) => {
            redirect_back_with_errors(&request, &current.cookie, error, Some(("name", typed)))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveForm {
    directory: String,
}

async fn submit_move(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<MoveForm>,
) -> HandlerResult {
    let ids = vec![parse(&path)?];
    move_all(&current, &request, ids, &form.directory).await
}

/// Moves items to a folder and returns to the page with a message.
async fn move_all(
    current: &CurrentUser,
    request: &HttpRequest,
    ids: Vec<ItemId>,
    directory: &str,
) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let Some(directory) = DirectoryId::parse(directory) else {
        return redirect_back(request, &current.cookie, msg!("Choose a folder first."));
    };

    match run_blocking(&current.services, move |services| {
        items::move_items(services, &auth_session.authority(), &ids, directory)
    })
    .await
    {
        Ok(count) => redirect_back(
            request,
            &current.cookie,
            fill!("{count} moved", count = item_count(count)),
        ),
        // `None`: the form contains no typed text to keep.
        Err(error) => redirect_back_with_errors(request, &current.cookie, error, None),
    }
}

async fn submit_trash(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse(&path)?;
    trash_all(&current, &request, vec![id]).await
}

async fn submit_trash_many(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<SelectedItems>,
) -> HandlerResult {
    let ids = form.ids()?;
    trash_all(&current, &request, ids).await
}

/// Moves items to the trash and redirects with a message that offers to undo it. A request from the page of an item
/// leads to the item's shelf instead of back.
async fn trash_all(
    current: &CurrentUser,
    request: &HttpRequest,
    ids: Vec<ItemId>,
) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let trashed = ids.clone();

    let (count, shelf) = run_blocking(&current.services, move |services| {
        let count = trash::trash(services, &auth_session.authority(), &trashed)?;
        // The redirect leads to the shelf of the first item if the request came from the page of an item.
        let first =
            items::list_of(services, &auth_session.user, trashed.get(..1).unwrap_or_default())?;
        Ok((
            count,
            first.first().map_or("/dashboard".into(), |item| format!("/{}", item.shelf.as_str())),
        ))
    })
    .await?;

    // More ids do not fit into the cookie, so a larger selection cannot be undone this way.
    let undo = if ids.len() <= MAX_UNDO {
        ids.iter().map(ItemId::to_string).collect()
    } else {
        Vec::new()
    };

    current.cookie.set_flash(&Flash {
        text: fill!("{count} moved to trash", count = item_count(count)),
        undo,
        ..Flash::default()
    })?;
    redirect(&redirect_from_item(request, &shelf))
}

async fn submit_restore(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse(&path)?;
    restore_all(&current, &request, vec![id]).await
}

async fn submit_restore_many(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<SelectedItems>,
) -> HandlerResult {
    let ids = form.ids()?;
    restore_all(&current, &request, ids).await
}

/// Restores items from the trash and returns to the page with a message that names those that were renamed.
async fn restore_all(
    current: &CurrentUser,
    request: &HttpRequest,
    ids: Vec<ItemId>,
) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let restored = run_blocking(&current.services, move |services| {
        trash::restore(services, &auth_session.authority(), &ids)
    })
    .await?;

    // An item is renamed if its old name is in use by now; the message names the first three.
    let renamed: Vec<_> = restored
        .iter()
        .filter(|item| item.is_renamed)
        .map(|item| item.name.as_str())
        .take(3)
        .collect();

    let mut text = fill!("{count} restored.", count = item_count(restored.len()));
    if !renamed.is_empty() {
        text = fill!(
            "{text} A name was taken: restored as {names}.",
            text = text,
            names = renamed.join(", ")
        );
    }
    redirect_back(request, &current.cookie, text)
}

async fn submit_delete(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse(&path)?;
    delete_all(&current, &request, vec![id]).await
}

async fn submit_delete_many(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<SelectedItems>,
) -> HandlerResult {
    let ids = form.ids()?;
    delete_all(&current, &request, ids).await
}

/// Deletes items in the trash permanently and redirects with a message.
async fn delete_all(
    current: &CurrentUser,
    request: &HttpRequest,
    ids: Vec<ItemId>,
) -> HandlerResult {
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let count = run_blocking(&current.services, move |services| {
        trash::delete(services, &actor, &auth_session.authority(), &ids)
    })
    .await?;
    set_flash(&current.cookie, fill!("{count} deleted for good.", count = item_count(count)))?;
    // The page of a deleted item no longer exists, so a request from there leads to the trash.
    redirect(&redirect_from_item(request, "/trash"))
}

/// The way back, unless it is the page of an item that no longer exists.
fn redirect_from_item(request: &HttpRequest, fallback: &str) -> String {
    back_path(request)
        .filter(|path| !path.starts_with("/items/"))
        .unwrap_or_else(|| fallback.to_owned())
}

pub(crate) fn item_count(count: usize) -> String {
    v::count_of(i64::try_from(count).unwrap_or(i64::MAX), "item")
}

/// Undo covers at most this many items: their ids must fit into the cookie.
const MAX_UNDO: usize = 40;
