//! Changes and downloads of what others share: albums that the user may add to or edit, archives.

use actix_web::{HttpRequest, web};

use crate::domain::sharing::{shared_albums, shared_content};
use crate::domain::uploads::keep_copies;
use crate::error::Error;
use crate::http::extract::form::Form;
use crate::http::extract::shared_item::Shared;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::layout::Layout;
use crate::http::pages::library::album_actions::{
    ChangeForm, album_to_return_to, parse_album, removed_text,
};
use crate::http::pages::library::album_arrange::{
    ArrangeForm, ArrangePage, ArrangeQuery, redirect_to_row,
};
use crate::http::pages::library::item_actions::{SelectedItems, item_count};
use crate::http::pages::respond::{
    redirect, redirect_back, redirect_back_with_errors, render, set_flash,
};
use crate::http::pages::sharing::shared_archives::{
    stream_album, stream_directory, stream_selection,
};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::model::{DirectoryId, Gives, GrantId, Item, Level};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/shared/{grant}/albums/{album}/remove", || web::route().to(submit_remove)),
        Route::post("/shared/{grant}/albums/{album}/change", || web::route().to(submit_change)),
        Route::get("/shared/{grant}/albums/{album}/arrange", || web::route().to(show_arrange)),
        Route::post("/shared/{grant}/albums/{album}/arrange", || web::route().to(submit_arrange)),
        Route::get("/shared/{grant}/albums/{album}/download", || web::route().to(send_album)),
        Route::get("/shared/{grant}/directories/{directory}/download", || {
            web::route().to(send_directory)
        }),
        Route::post("/shared/{grant}/download", || web::route().to(submit_download)),
        Route::post("/shared/{grant}/keep", || web::route().to(submit_keep)),
    ]
}

/// The address of an album that is reached through a grant.
fn shared_album_href(grant: GrantId, album: &str) -> String {
    format!("/shared/{grant}/albums/{album}")
}

async fn submit_remove(
    shared: Shared<CurrentUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    Form(form): Form<SelectedItems>,
) -> HandlerResult {
    let (id, current) = (shared.grant, shared.caller);
    let (album, ids) = (parse_album(&path.1)?, form.ids()?);
    let auth_session = current.auth_session.clone();
    let removed = run_blocking(&current.services, move |services| {
        shared_albums::remove(services, &auth_session.authority(), id, Some(album), &ids)
    })
    .await?;
    set_flash(&current.cookie, removed_text(removed))?;
    redirect(&album_to_return_to(&request, &shared_album_href(shared.grant, &path.1)))
}

async fn submit_change(
    shared: Shared<CurrentUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    Form(form): Form<ChangeForm>,
) -> HandlerResult {
    let (id, current, album) = (shared.grant, shared.caller, parse_album(&path.1)?);
    let (change, text, kept) = form.parse()?;
    let auth_session = current.auth_session.clone();
    let changed = run_blocking(&current.services, move |services| {
        shared_albums::change(services, &auth_session.authority(), id, Some(album), &change)
    });
    match changed.await {
        Ok(_) => redirect_back(&request, &current.cookie, text),
        Err(error) => {
            let kept = kept.map(|name| ("album-name", name));
            redirect_back_with_errors(&request, &current.cookie, error, kept)
        }
    }
}

async fn show_arrange(
    shared: Shared<CurrentUser>,
    path: web::Path<(String, String)>,
    query: web::Query<ArrangeQuery>,
) -> HandlerResult {
    shared.access.require(Level::Edit)?;
    let (id, key, album) = (shared.grant, shared.access.key, parse_album(&path.1)?);
    let current = shared.caller;
    let query = query.into_inner().into_album_query();
    let is_first = query.cursor.is_none();
    let shown = run_blocking(&current.services, move |services| {
        shared_content::album(services, key, Some(album), &query)
    })
    .await?;
    let layout = Layout::load(&current, "/shared").await?;
    let base = shared_album_href(shared.grant, &path.1);
    let media = |_: &Item| format!("/shared/{id}/media");
    render(&ArrangePage::new(layout, base, shown.page, media, is_first))
}

async fn submit_arrange(
    shared: Shared<CurrentUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    Form(form): Form<ArrangeForm>,
) -> HandlerResult {
    let (id, current, album) = (shared.grant, shared.caller, parse_album(&path.1)?);
    let (item, place) = form.parse()?;
    let auth_session = current.auth_session.clone();
    run_blocking(&current.services, move |services| {
        let authority = auth_session.authority();
        shared_albums::arrange(services, &authority, id, Some(album), (item, place))
    })
    .await?;
    redirect_to_row(&request, &shared_album_href(shared.grant, &path.1), item)
}

async fn send_album(
    shared: Shared<CurrentUser>,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let (key, album) = (shared.access.key, parse_album(&path.1)?);
    let current = shared.caller;
    stream_album(&current.services, current.archive_slot()?, key, album).await
}

async fn send_directory(
    shared: Shared<CurrentUser>,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let (key, current) = (shared.access.key, shared.caller);
    let directory = DirectoryId::parse(&path.1).ok_or(Error::NotFound)?;
    stream_directory(&current.services, current.archive_slot()?, key, directory).await
}

async fn submit_download(
    shared: Shared<CurrentUser>,
    Form(form): Form<SelectedItems>,
) -> HandlerResult {
    let (key, current) = (shared.access.key, shared.caller);
    stream_selection(&current.services, current.archive_slot()?, key, form.ids()?).await
}

/// Stores copies of selected items in the user's own library.
async fn submit_keep(
    shared: Shared<CurrentUser>,
    request: HttpRequest,
    Form(form): Form<SelectedItems>,
) -> HandlerResult {
    shared.access.require_gives(Gives::Originals)?;
    let (id, current, ids) = (shared.grant, shared.caller, form.ids()?);
    let auth_session = current.auth_session.clone();
    let kept = run_blocking(&current.services, move |services| {
        keep_copies::keep(services, &auth_session.authority(), id, &ids)
    })
    .await;
    match kept {
        Ok(kept) => {
            let mut text = match kept.added {
                0 => t(msg!("You have it in your library already.")).into_owned(),
                count => fill!("{count} saved to your library", count = item_count(count)),
            };
            if kept.left_out > 0 {
                let count = item_count(kept.left_out);
                text = fill!("{text}. {count} could not be added.", text = text, count = count);
            }
            redirect_back(&request, &current.cookie, text)
        }
        // The user can do something about it: the message is shown where they were.
        Err(error @ (Error::QuotaExceeded | Error::TooLarge { .. })) => {
            redirect_back(&request, &current.cookie, error.to_string())
        }
        Err(error) => Err(error.into()),
    }
}
