//! `/links`: share links of the user. They are created on the form that shares something.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use qrcodegen::{QrCode, QrCodeEcc};

use super::link_form::{LinkForm, LinkRow, error_of, size_field};
use super::share::share_page;
use super::share_subject::{subject_href, subject_of};
use crate::domain::sharing::share_links::{self, LinkChange, NewShareLink};
use crate::domain::sharing::{file_requests, share_link_lists};
use crate::error::{Error, FieldError, Result, format_bytes};
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::link_address::link_address;
use crate::http::pages::components::end_date::end_field;
use crate::http::pages::components::{self as v, When, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, redirect_back, render, render_with_status, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{Gives, Level, LinkUploads, ShareLink, ShareLinkId};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/links", || web::route().to(submit_new)).in_space(Level::Manage),
        Route::get("/links/{link}", || web::route().to(show_link)).in_space(Level::Manage),
        Route::post("/links/{link}/change", || web::route().to(submit_change))
            .in_space(Level::Manage),
        Route::post("/links/{link}/renew", || web::route().to(submit_renew))
            .in_space(Level::Manage),
        Route::post("/links/{link}/end", || web::route().to(submit_end)).in_space(Level::Manage),
        Route::get("/links/{link}/qr.svg", || web::route().to(send_qr_code))
            .in_space(Level::Manage),
    ]
}

#[derive(Template)]
#[template(path = "pages/sharing/link.html")]
struct LinkPage {
    layout: Layout,
    row: LinkRow,
    /// Where what it shows is; empty if that was deleted.
    back: String,
    address: Option<String>,
    created: When,
    last_visit: Option<When>,
    downloads: String,
    has_ended: bool,
    /// Whether visitors only send files.
    is_request: bool,
    /// `12 of 1,000 files received, 300 MB of 20 GB`.
    received: Option<String>,
    needs_password: bool,
    /// Whether the form offers to take files.
    can_take_files: bool,
    form: LinkForm,
    errors: Vec<FieldError>,
}

impl LinkPage {
    fn error(&self, field: &str) -> Option<&str> {
        error_of(&self.errors, field)
    }
}

fn parse_link(text: &str) -> Result<ShareLinkId> {
    ShareLinkId::parse(text).ok_or(Error::NotFound)
}

/// The hash of a password in a form; `None` for an empty field.
async fn hashed(current: &CurrentUser, password: &str) -> Result<Option<String>> {
    if password.is_empty() {
        return Ok(None);
    }
    let address = current.client.address;
    Ok(Some(share_links::hash_password(&current.services, password, address).await?))
}

async fn submit_new(current: CurrentUser, Form(form): Form<LinkForm>) -> HandlerResult {
    let subject = subject_of(&form.album, &form.directory, &form.item)?;
    let created: Result<ShareLink> = async {
        let options = form.options(&current.time_zone())?;
        let password = hashed(&current, &form.password).await?;
        let new = NewShareLink { subject, options, password };
        let (auth_session, actor) = (current.auth_session.clone(), current.actor());
        run_blocking(&current.services, move |services| {
            share_links::create(services, &auth_session.authority(), &actor, &new)
        })
        .await
    }
    .await;
    match created {
        Ok(link) => {
            set_flash(&current.cookie, msg!("Link created. Copy it and send it."))?;
            redirect(&format!("/links/{}", link.id))
        }
        Err(Error::Invalid(errors)) => {
            let page = share_page(&current, subject, None, Some((form, errors))).await?;
            render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

async fn show_link(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
) -> HandlerResult {
    let page = link_page(&current, &request, parse_link(&path)?, None).await?;
    render(&page)
}

async fn link_page(
    current: &CurrentUser,
    request: &HttpRequest,
    id: ShareLinkId,
    rejected: Option<(LinkForm, Vec<FieldError>)>,
) -> Result<LinkPage> {
    let auth_session = current.auth_session.clone();
    let (named, can_take_files, unfinished) = run_blocking(&current.services, move |services| {
        let user = &auth_session.user;
        let named = share_link_lists::find(services, user, id)?;
        let can_take_files = match named.link.subject() {
            Some(subject) => file_requests::can_take_files(services, user, subject)?,
            None => false,
        };
        let unfinished = file_requests::unfinished_of(services, &named.link)?;
        Ok((named, can_take_files, unfinished))
    })
    .await?;
    let (zone, settings) = (current.time_zone(), &current.services.settings);
    let link = &named.link;
    let (form, errors) = rejected.unwrap_or_else(|| (LinkForm::of_link(link, &zone), Vec::new()));
    Ok(LinkPage {
        layout: Layout::load(current, "/shared").await?,
        row: LinkRow::from_named(&named, &zone),
        back: link.subject().map(subject_href).unwrap_or_default(),
        address: named.token.as_ref().map(|token| link_address(request, settings, token)),
        created: v::when(link.created_at, &zone),
        last_visit: link.last_visit_at.map(|at| v::when(at, &zone)),
        downloads: count_of(link.downloads, "download"),
        has_ended: link.ended_at.is_some(),
        is_request: link.uploads == LinkUploads::Request,
        received: link.takes_files().then(|| received_words(link, unfinished)),
        can_take_files,
        needs_password: settings.links == crate::config::LinkPolicy::Passwords,
        form,
        errors,
    })
}

/// How much of what visitors can send has been received.
fn received_words(link: &ShareLink, unfinished: (i64, i64)) -> String {
    let bytes = |bytes: i64| format_bytes(u64::try_from(bytes).unwrap_or(0));
    let received = fill!(
        "{count} received of {most}, {size} of {all}",
        count = link.received_files,
        most = count_of(link.max_files, "file"),
        size = bytes(link.received_bytes),
        all = bytes(link.max_bytes)
    );
    match unfinished {
        (0, _) => received,
        (files, size) => {
            let (count, size) = (count_of(files, "file"), bytes(size));
            let sent = fill!("{count} being sent, {size}", count = count, size = size);
            format!("{received} · {sent}")
        }
    }
}

async fn submit_change(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<LinkForm>,
) -> HandlerResult {
    let id = parse_link(&path)?;
    let changed: Result<ShareLink> = async {
        let (zone, auth_session) = (current.time_zone(), current.auth_session.clone());
        let old = run_blocking(&current.services, move |services| {
            share_link_lists::find(services, &auth_session.user, id)
        })
        .await?;
        let options = form.options(&zone)?;
        // The form has the day only, at whose end the link need not end.
        let old_day = old.link.ends_at.map(|at| end_field(at, &zone)).unwrap_or_default();
        let is_same_end = form.ends.trim() == old_day;
        let password = match hashed(&current, &form.password).await? {
            None if !form.no_password.is_empty() => Some(None),
            hash => hash.map(Some),
        };
        let change = LinkChange {
            title: Some(options.title),
            message: Some(options.message),
            gives: Some(options.gives),
            keeps_location: Some(options.keeps_location),
            shows_details: Some(options.shows_details),
            ends_at: (!is_same_end).then_some(options.ends_at),
            max_visits: Some(options.max_visits),
            uploads: Some(options.uploads),
            needs_review: Some(options.needs_review),
            slug: Some(options.slug),
            // An emptied field means the default; the form rounds a size.
            max_files: Some(options.max_files.unwrap_or(file_requests::DEFAULT_MAX_FILES)),
            max_bytes: Some(options.max_bytes.unwrap_or(file_requests::DEFAULT_MAX_BYTES))
                .filter(|_| form.max_size != size_field(old.link.max_bytes)),
            password,
        };
        let (auth_session, actor) = (current.auth_session.clone(), current.actor());
        run_blocking(&current.services, move |services| {
            share_links::change(services, &auth_session.authority(), &actor, id, &change)
        })
        .await
    }
    .await;
    match changed {
        Ok(_) => {
            set_flash(&current.cookie, msg!("Link changed"))?;
            redirect(&format!("/links/{id}"))
        }
        Err(Error::Invalid(errors)) => {
            let page = link_page(&current, &request, id, Some((form, errors))).await?;
            render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

async fn submit_renew(
    current: CurrentUser,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse_link(&path)?;
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    run_blocking(&current.services, move |services| {
        share_links::renew(services, &auth_session.authority(), &actor, id)
    })
    .await?;
    set_flash(
        &current.cookie,
        msg!("The link has a new address. The old one does not work any more."),
    )?;
    redirect(&format!("/links/{id}"))
}

async fn submit_end(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse_link(&path)?;
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    run_blocking(&current.services, move |services| {
        share_links::end(services, &auth_session.authority(), &actor, id)
    })
    .await?;
    redirect_back(&request, &current.cookie, msg!("Link ended"))
}

/// The address as a QR code, to be scanned from the screen.
async fn send_qr_code(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
) -> HandlerResult {
    let (id, auth_session) = (parse_link(&path)?, current.auth_session.clone());
    let named = run_blocking(&current.services, move |services| {
        share_link_lists::find(services, &auth_session.user, id)
    })
    .await?;
    let token = named.token.ok_or(Error::NotFound)?;
    let address = link_address(&request, &current.services.settings, &token);
    let code = QrCode::encode_text(&address, QrCodeEcc::Medium).map_err(Error::internal)?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "image/svg+xml")).body(svg(&code)))
}

/// Draws a code with the quiet zone of four modules that ISO/IEC 18004 asks for.
fn svg(code: &QrCode) -> String {
    const QUIET: i32 = 4;
    let side = code.size() + 2 * QUIET;
    let dark = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    let square = |(x, y)| format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET);
    let path: String = dark.filter(|(x, y)| code.get_module(*x, *y)).map(square).collect();
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/><path d="{path}"/></svg>"##
    )
}
