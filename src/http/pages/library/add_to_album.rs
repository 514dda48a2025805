//! `/items/album`: adds a selection to an album, which may be new.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::item_actions::{SelectedItems, item_count, list_to_return_to};
use crate::domain::library::albums::{self, NewAlbum};
use crate::domain::library::{album_contents, items};
use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::shared_albums::{self, Target};
use crate::domain::sharing::shared_lists;
use crate::error::{Error, Result};
use crate::http::extract::form::Form;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components as v;
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, render_with_status, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::model::item::ItemKind;
use crate::model::{Album, AlbumId, AlbumKind, GrantId, ItemId, Level};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::post("/items/album", || web::route().to(submit_add)).in_space(Level::Edit)]
}

/// A selection, and the album that it goes to. Without an album, the page with the albums is shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddForm {
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default)]
    album: String,
    /// The name of an album to be created. Takes precedence.
    new_album: Option<String>,
    #[serde(default)]
    kind: String,
    /// The list that the items were selected on.
    #[serde(default)]
    back: String,
}

/// An album that a selection can be added to.
struct Choice {
    /// The id of an album of the user, or the address of a shared one.
    value: String,
    name: String,
    /// Whose it is, if it is not the user's.
    owner: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/library/album_add.html")]
struct AddPage {
    layout: Layout,
    ids: Vec<ItemId>,
    count: String,
    choices: Vec<Choice>,
    /// Whether they can also be in a playlist.
    has_songs: bool,
    new_album: String,
    problem: Option<String>,
    back: String,
}

/// Adds a selection to an album and returns to the list, or shows the albums.
async fn submit_add(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<AddForm>,
) -> HandlerResult {
    let ids = SelectedItems { ids: form.ids.clone() }.ids()?;
    let back = list_to_return_to(&request, &form.back);
    let name = form.new_album.as_deref().unwrap_or_default().trim().to_owned();
    let album = parse_target(&form.album);

    if name.is_empty() && album.is_none() {
        // A form that names no album comes from the page with the albums.
        let problem =
            form.new_album.map(|_| t(msg!("Enter a name, or choose an album.")).into_owned());
        let status = match problem {
            Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
            None => StatusCode::OK,
        };
        let page = add_page(&current, ids, name, problem, back).await?;
        return render_with_status(status, &page);
    }

    let kind = AlbumKind::parse(&form.kind).unwrap_or(AlbumKind::Album);
    let new = (album.is_none() || !name.is_empty()).then(|| NewAlbum {
        kind,
        name: name.clone(),
        description: String::new(),
        parent: None,
    });
    let (auth_session, chosen) = (current.auth_session.clone(), ids.clone());
    let added = run_blocking(&current.services, move |services| {
        let authority = auth_session.authority();
        let (album, added) = match (new, album) {
            (Some(new), _) => {
                let (id, added) = album_contents::create_with(services, &authority, &new, &chosen)?;
                (albums::find(services, &auth_session.user, id)?, added)
            }
            (None, Some(target)) => shared_albums::add(services, &authority, target, &chosen)?,
            (None, None) => return Err(Error::NotFound),
        };
        Ok((album, added))
    })
    .await;
    match added {
        Ok((album, added)) => {
            let count = item_count(added.added);
            let mut text = match added.added {
                0 => fill!("Already in “{name}”", name = album.name),
                _ => fill!("{count} added to “{name}”", count = count, name = album.name),
            };
            if added.left_out > 0 {
                let count = item_count(added.left_out);
                text = fill!("{text}. {count} could not be added.", text = text, count = count);
            }
            set_flash(&current.cookie, text)?;
            redirect(&back)
        }
        Err(Error::Invalid(errors)) => {
            let problem = errors.into_iter().next().map(|error| error.message);
            let page = add_page(&current, ids, name, problem, back).await?;
            render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the value of a shared album begins with; the id of the grant follows.
const SHARED_PREFIX: &str = "shared:";

fn parse_target(value: &str) -> Option<Target> {
    match value.strip_prefix(SHARED_PREFIX) {
        Some(grant) => GrantId::parse(grant).map(|grant| Target::Shared(grant, None)),
        None => AlbumId::parse(value).map(Target::Own),
    }
}

async fn add_page(
    current: &CurrentUser,
    ids: Vec<ItemId>,
    new_album: String,
    problem: Option<String>,
    back: String,
) -> Result<AddPage> {
    let (auth_session, named) = (current.auth_session.clone(), ids);
    // Only the user's own items, in the order of the list.
    let (ids, has_songs, choices) = run_blocking(&current.services, move |services| {
        let own = items::list_of(services, &auth_session.user, &named)?;
        let is_own = |id: &ItemId| own.iter().any(|item| item.id == *id);
        let ids: Vec<ItemId> = named.iter().copied().filter(is_own).collect();
        let has_songs = own.iter().any(|item| item.kind == ItemKind::Audio);
        let is_offered = |album: &Album| has_songs || album.kind == AlbumKind::Album;
        let own = albums::list_choices(services, &auth_session.user)?;
        let own = own.into_iter().filter(is_offered).map(|album| Choice {
            value: album.id.to_string(),
            name: album.name,
            owner: None,
        });
        let shared = shared_lists::albums_to_add_to(services, &auth_session.user)?;
        let shared = shared.into_iter().filter(|shared| is_offered(&shared.album));
        let shared = shared.map(|shared| Choice {
            value: format!("{SHARED_PREFIX}{}", shared.grant),
            name: shared.album.name,
            owner: Some(name_of(&shared.owner)),
        });
        Ok((ids, has_songs, own.chain(shared).collect()))
    })
    .await?;
    Ok(AddPage {
        layout: Layout::load(current, "/photos").await?,
        count: item_count(ids.len()),
        ids,
        choices,
        has_songs,
        new_album,
        problem,
        back,
    })
}
