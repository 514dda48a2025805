//! `/shared/{grant}/directories/{directory}/upload`: uploads files to a folder of another user.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;

use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::shared_uploads::{self, SharedTarget};
use crate::domain::uploads::target::UploadTarget;
use crate::error::{Error, Result, format_bytes};
use crate::fill;
use crate::http::extract::shared_item::Shared;
use crate::http::extract::user::CurrentUser;
use crate::http::multipart_upload::{outcomes_of, receive_files};
use crate::http::pages::components as v;
use crate::http::pages::components::count_of;
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, render, render_with_status, set_flash};
use crate::http::rate_limit;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::DirectoryId;
use crate::state::rate_limiter::{Bucket, RateLimitKey};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/shared/{grant}/directories/{directory}/upload", || {
            web::route().to(show_upload)
        }),
        Route::post("/shared/{grant}/directories/{directory}/upload", || {
            web::route().to(submit_upload)
        }),
    ]
}

#[derive(Template)]
#[template(path = "pages/sharing/shared_upload.html")]
struct SharedUploadPage {
    layout: Layout,
    /// The page of the folder.
    folder: String,
    name: String,
    owner: String,
    max_upload: String,
    /// What could not be stored, with the reasons.
    problems: Vec<(String, String)>,
}

async fn find_target(shared: &Shared<CurrentUser>, directory: &str) -> Result<SharedTarget> {
    let directory = DirectoryId::parse(directory).ok_or(Error::NotFound)?;
    let (id, auth_session) = (shared.grant, shared.caller.auth_session.clone());
    run_blocking(&shared.caller.services, move |services| {
        shared_uploads::find_target(services, &auth_session.user, id, directory)
    })
    .await
}

async fn upload_page(
    current: &CurrentUser,
    target: &SharedTarget,
    problems: Vec<(String, String)>,
) -> Result<SharedUploadPage> {
    let id = target.directory.directory_id;
    Ok(SharedUploadPage {
        layout: Layout::load(current, "/shared").await?,
        folder: format!("/shared/{}/directories/{id}", target.grant),
        name: v::folder_label(&target.directory).into_owned(),
        owner: name_of(&target.owner),
        max_upload: format_bytes(current.services.settings.max_upload_bytes),
        problems,
    })
}

async fn show_upload(
    shared: Shared<CurrentUser>,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let target = find_target(&shared, &path.1).await?;
    render(&upload_page(&shared.caller, &target, Vec::new()).await?)
}

/// Receives files from the form, and returns to the folder unless some could not be stored.
async fn submit_upload(
    shared: Shared<CurrentUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> HandlerResult {
    let target = find_target(&shared, &path.1).await?;
    let current = shared.caller;
    let account = RateLimitKey::Account(current.user().id.0);
    rate_limit::count(&request, &current.services, Bucket::Upload, account)?;
    let uploaded = receive_files(
        &current.services,
        UploadTarget::Shared(current.auth_session.clone(), Box::new(target.clone())),
        Some(&current.cookie),
        &request,
        payload,
    )
    .await?;

    let (stored, problems) = outcomes_of(uploaded);
    if stored > 0 {
        let count = count_of(stored, "file");
        set_flash(&current.cookie, fill!("{count} uploaded", count = count))?;
    }
    if problems.is_empty() {
        let id = target.directory.directory_id;
        return redirect(&format!("/shared/{}/directories/{id}", target.grant));
    }
    let page = upload_page(&current, &target, problems).await?;
    render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
