//! `/s/{token}/upload`: visitors of a share link send files to its owner, in one request or as resumable uploads.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;

use super::visitor_layout::VisitorLayout;
use crate::domain::sharing::file_requests;
use crate::domain::uploads::target::UploadTarget;
use crate::error::{Error, Result, format_bytes};
use crate::fill;
use crate::http::csrf::{csrf_error, has_valid_csrf_header};
use crate::http::error::HandlerError;
use crate::http::extract::share_link::{LinkAddress, LinkVisit};
use crate::http::multipart_upload::{outcomes_of, receive_files};
use crate::http::pages::components as v;
use crate::http::pages::components::count_of;
use crate::http::pages::respond::{redirect, render_with_status, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::tus_upload;
use crate::model::actor::network_of;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/s/{token}/upload", || web::route().to(show_upload)),
        Route::post("/s/{token}/upload", || web::route().to(submit_upload)),
        Route::post("/s/{token}/uploads", || web::route().to(create_upload)),
        Route::head("/s/{token}/uploads/{id}", || web::route().to(get_upload)),
        Route::patch("/s/{token}/uploads/{id}", || web::route().to(append_upload)),
        Route::delete("/s/{token}/uploads/{id}", || web::route().to(delete_upload)),
    ]
}

#[derive(Template)]
#[template(path = "pages/visitor/send_files.html")]
struct SendFilesPage {
    layout: VisitorLayout,
    title: String,
    /// Whether the visitor also sees what is shared.
    has_list: bool,
    /// Whether the owner looks at new files before they are used.
    needs_review: bool,
    /// `Up to 2 GB each, 12 files or 300 MB in all`; none if no more can be sent.
    limits: Option<String>,
    flash: Option<String>,
    /// What could not be stored, with the reasons.
    problems: Vec<(String, String)>,
}

async fn target_of(address: &LinkAddress) -> Result<UploadTarget> {
    let (link, network) = (address.open.link.clone(), network_of(address.client.address));
    let target = run_blocking(&address.services, move |services| {
        file_requests::find_target(services, &link, network)
    });
    Ok(UploadTarget::Requested(Box::new(target.await?)))
}

/// The form, with what could not be stored.
pub(super) async fn upload_page(
    request: &HttpRequest,
    address: LinkAddress,
    problems: Vec<(String, String)>,
) -> HandlerResult {
    target_of(&address).await?;
    let link = address.open.link.clone();
    let owner = address.open.owner.clone();
    let (name, link) = run_blocking(&address.services, move |services| {
        Ok((file_requests::name_of(services, &owner, &link)?, link))
    })
    .await?;
    let (files, bytes) = link.remaining();
    let is_open = files > 0 && bytes > 0;
    let each = address.services.settings.max_upload_bytes;
    let size = u64::try_from(bytes).unwrap_or(0);
    let page = SendFilesPage {
        layout: VisitorLayout::new(&address)?,
        title: name,
        has_list: address.open.access.is_shown,
        needs_review: link.needs_review,
        limits: is_open.then(|| {
            fill!(
                "Up to {each} each; {count}, {size} in all.",
                each = format_bytes(each.min(size)),
                count = count_of(files, "file"),
                size = format_bytes(size)
            )
        }),
        flash: address.cookie.take_flash().map(|flash| flash.text),
        problems,
    };
    if page.problems.is_empty() {
        return address.render(request, &page).await;
    }
    render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn show_upload(LinkVisit(visit): LinkVisit, request: HttpRequest) -> HandlerResult {
    upload_page(&request, visit, Vec::new()).await
}

/// Receives files from the form.
async fn submit_upload(
    LinkVisit(visit): LinkVisit,
    request: HttpRequest,
    payload: web::Payload,
) -> HandlerResult {
    let target = target_of(&visit).await?;
    let (services, cookie) = (&visit.services, Some(&visit.cookie));
    let uploaded = match receive_files(services, target, cookie, &request, payload).await {
        // More than the link takes, which is known before anything is read.
        Err(HandlerError::Error(error @ (Error::TooLarge { .. } | Error::LinkFull))) => {
            let problems = vec![(String::new(), error.to_string())];
            return upload_page(&request, visit, problems).await;
        }
        uploaded => uploaded?,
    };

    let (stored, problems) = outcomes_of(uploaded);
    if stored > 0 {
        let count = count_of(stored, "file");
        let layout = VisitorLayout::new(&visit)?;
        let text = fill!("{name} has {count} from you.", name = layout.owner, count = count);
        set_flash(&visit.cookie, text)?;
    }
    if problems.is_empty() {
        return redirect(&format!("{}/upload", visit.base()));
    }
    upload_page(&request, visit, problems).await
}

/// The target of a resumable upload. Requests that write come from a page of the link.
async fn resumable_target(visit: &LinkAddress, request: &HttpRequest) -> Result<UploadTarget> {
    let target = target_of(visit).await?;
    tus_upload::require_version(request)?;
    if !has_valid_csrf_header(request) {
        return Err(csrf_error());
    }
    Ok(target)
}

async fn create_upload(
    LinkVisit(visit): LinkVisit,
    request: HttpRequest,
    payload: web::Payload,
) -> HandlerResult {
    let target = resumable_target(&visit, &request).await?;
    let base = format!("{}/uploads", visit.base());
    tus_upload::create(&visit.services, &target, &base, &request, payload).await
}

async fn get_upload(
    LinkVisit(visit): LinkVisit,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let target = target_of(&visit).await?;
    tus_upload::require_version(&request)?;
    tus_upload::show(&visit.services, &target, &path.1).await
}

async fn append_upload(
    LinkVisit(visit): LinkVisit,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> HandlerResult {
    let target = resumable_target(&visit, &request).await?;
    tus_upload::append_part(&visit.services, &target, &path.1, &request, payload).await
}

async fn delete_upload(
    LinkVisit(visit): LinkVisit,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let target = resumable_target(&visit, &request).await?;
    tus_upload::delete(&visit.services, &target, &path.1).await
}
