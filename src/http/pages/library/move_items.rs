//! `/items/move`: moves a selection to a folder, which may be new.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::item_actions::{SelectedItems, item_count, list_to_return_to};
use crate::domain::library::{directories, items};
use crate::error::Error;
use crate::http::extract::form::Form;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components as v;
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, render_with_status, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::model::{DirectoryId, ItemId, Level};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::post("/items/move", || web::route().to(submit_move_many)).in_space(Level::Edit)]
}

#[derive(Template)]
#[template(path = "pages/library/move_items.html")]
struct MovePage {
    layout: Layout,
    ids: Vec<ItemId>,
    count: String,
    new_folder: String,
    problem: Option<String>,
    back: String,
}

/// A selection, and where to move it. Without a folder, the page with the folders is shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveManyForm {
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default)]
    directory: String,
    /// The name of a folder to be created. Takes precedence.
    new_folder: Option<String>,
    /// The list that the items were selected on.
    #[serde(default)]
    back: String,
}

/// Moves a selection and returns to the list, or shows the folders.
async fn submit_move_many(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<MoveManyForm>,
) -> HandlerResult {
    let ids = SelectedItems { ids: form.ids.clone() }.ids()?;
    let back = list_to_return_to(&request, &form.back);
    let new_folder = form.new_folder.as_deref().unwrap_or_default().trim().to_owned();
    let directory = DirectoryId::parse(&form.directory);

    if new_folder.is_empty() && directory.is_none() {
        // A form that names no folder comes from the page with the folders.
        let problem =
            form.new_folder.map(|_| t(msg!("Enter a name, or choose a folder.")).into_owned());
        let status = match problem {
            Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
            None => StatusCode::OK,
        };
        let page = move_page(&current, ids, new_folder, problem, back).await?;
        return render_with_status(status, &page);
    }

    let (auth_session, name, chosen) =
        (current.auth_session.clone(), new_folder.clone(), ids.clone());
    let moved = run_blocking(&current.services, move |services| {
        let authority = auth_session.authority();
        let directory = match directory.filter(|_| name.is_empty()) {
            Some(directory) => directory,
            None => directories::create_or_reuse(services, &authority, &name, None)?.0,
        };
        items::move_items(services, &authority, &chosen, directory)
    })
    .await;
    match moved {
        Ok(count) => {
            let text = match count {
                0 => t(msg!("Already in that folder")).into_owned(),
                count => fill!("{count} moved", count = item_count(count)),
            };
            set_flash(&current.cookie, text)?;
            redirect(&back)
        }
        Err(Error::Invalid(errors)) => {
            let problem = errors.into_iter().next().map(|error| error.message);
            let page = move_page(&current, ids, new_folder, problem, back).await?;
            render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

async fn move_page(
    current: &CurrentUser,
    ids: Vec<ItemId>,
    new_folder: String,
    problem: Option<String>,
    back: String,
) -> Result<MovePage, Error> {
    let auth_session = current.auth_session.clone();
    // Only the user's own items, so that the page says how many will move.
    let own = run_blocking(&current.services, move |services| {
        items::list_of(services, &auth_session.user, &ids)
    })
    .await?;
    let ids: Vec<ItemId> = own.iter().map(|item| item.id).collect();
    Ok(MovePage {
        layout: Layout::load(current, "/photos").await?,
        count: item_count(ids.len()),
        ids,
        new_folder,
        problem,
        back,
    })
}
