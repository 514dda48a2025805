//! Creates, renames and deletes folders. Listing one is in `shelf`.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::library::{directories, listings};
use crate::error::Error;
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components as v;
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{
    redirect, redirect_back, redirect_back_with_errors, render, set_flash,
};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{Directory, DirectoryId, Level};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/directories", || web::route().to(submit_create)).in_space(Level::Edit),
        Route::post("/directories/{directory_id}/rename", || web::route().to(submit_rename))
            .in_space(Level::Edit),
        Route::get("/directories/{directory_id}/delete", || web::route().to(show_delete))
            .in_space(Level::Edit),
        Route::post("/directories/{directory_id}/delete", || web::route().to(submit_delete))
            .in_space(Level::Edit),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateForm {
    name: String,
    #[serde(default)]
    parent: String,
}

/// Creates a folder from the form, in `parent` or at the top level if that is empty, and redirects to it. After an
/// error, the user returns to the form with the typed name still in it.
async fn submit_create(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<CreateForm>,
) -> HandlerResult {
    let parent = match form.parent.as_str() {
        "" => None,
        text => Some(
            DirectoryId::parse(text)
                .ok_or_else(|| Error::field("parent", msg!("Choose one of your folders.")))?,
        ),
    };

    let (auth_session, typed) = (current.auth_session.clone(), form.name.clone());
    match run_blocking(&current.services, move |services| {
        directories::create(services, &auth_session.authority(), &form.name, parent)
    })
    .await
    {
        Ok(id) => {
            set_flash(&current.cookie, msg!("Folder created"))?;
            redirect(&format!("/directories/{id}"))
        }
        Err(error) => {
            redirect_back_with_errors(&request, &current.cookie, error, Some(("new-name", typed)))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RenameForm {
    name: String,
}

/// Renames a folder and returns to the page with a message. After an error, the field `folder-name` still contains the
/// typed name.
async fn submit_rename(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<RenameForm>,
) -> HandlerResult {
    let id = DirectoryId::parse(&path).ok_or(Error::NotFound)?;
    let (auth_session, typed) = (current.auth_session.clone(), form.name.clone());

    match run_blocking(&current.services, move |services| {
        directories::rename(services, &auth_session.authority(), id, &form.name)
    })
    .await
    {
        Ok(()) => redirect_back(&request, &current.cookie, msg!("Folder renamed")),
        Err(error) => redirect_back_with_errors(
            &request,
            &current.cookie,
            error,
            Some(("folder-name", typed)),
        ),
    }
}

#[derive(Template)]
#[template(path = "pages/library/directory_delete.html")]
struct DeletePage {
    layout: Layout,
    directory: Directory,
}

async fn show_delete(current: CurrentUser, path: web::Path<String>) -> HandlerResult {
    let id = DirectoryId::parse(&path).ok_or(Error::NotFound)?;
    let auth_session = current.auth_session.clone();
    let directory = run_blocking(&current.services, move |services| {
        listings::open_directory(services, &auth_session.user, id)
    })
    .await?;
    let layout = Layout::load(&current, &format!("/directories/{id}")).await?;
    render(&DeletePage { layout, directory })
}

/// Deletes a folder and redirects to the dashboard with a message that says how many items went to the trash.
async fn submit_delete(
    current: CurrentUser,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = DirectoryId::parse(&path).ok_or(Error::NotFound)?;
    let auth_session = current.auth_session.clone();
    let trashed = run_blocking(&current.services, move |services| {
        directories::delete(services, &auth_session.authority(), id)
    })
    .await?;
    let files = v::count_of(i64::try_from(trashed).unwrap_or(0), "item");
    set_flash(&current.cookie, fill!("Folder deleted; {files} moved to trash", files = files))?;
    redirect("/dashboard")
}
