//! `/shared`: what others share with the user, what the user shares, and what they have left.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::sharing::grant_marks;
use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::share_link_lists;
use crate::domain::sharing::shared_lists::{self, SharedByMe, SharedSubject, SharedWithMe, WithMe};
use crate::error::{Error, Result};
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::shared_item::Shared;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components as v;
use crate::http::pages::components::cover::Cover;
use crate::http::pages::components::end_date::end_date;
use crate::http::pages::components::tile::Picture;
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, redirect_back, render, set_flash};
use crate::http::pages::sharing::link_form::LinkRow;
use crate::http::pages::sharing::share_subject::subject_query;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::model::{GrantId, Level, ShareLinkId, Shelf, Subject};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/shared", || web::route().to(show_shared)).in_space(Level::Manage),
        Route::post("/shared/{grant}/leave", || web::route().to(submit_leave)),
        Route::post("/shared/{grant}/return", || web::route().to(submit_return)),
    ]
}

#[derive(Deserialize)]
struct SharedQuery {
    #[serde(default)]
    view: String,
    #[serde(default)]
    before: String,
}

/// A grant of the user as a row of the list.
struct ByMeRow {
    id: GrantId,
    /// The page of what is shared, and the form that shares it.
    href: String,
    share_href: String,
    title: String,
    icon: &'static str,
    picture: Option<Picture>,
    grantee: String,
    is_group: bool,
    level: &'static str,
    ends: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/sharing/shared_list.html")]
struct SharedListPage {
    layout: Layout,
    view: &'static str,
    covers: Vec<Cover>,
    rows: Vec<ByMeRow>,
    left: Vec<(GrantId, String, String)>,
    links: Vec<LinkRow>,
    /// Files that wait to be accepted.
    received: i64,
    next: Option<String>,
    is_first: bool,
}

/// Shows the links of the user.
async fn show_links(current: CurrentUser, before: Option<ShareLinkId>) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let (found, next) = run_blocking(&current.services, move |services| {
        share_link_lists::list(services, &auth_session.user, before)
    })
    .await?;
    let zone = current.time_zone();
    let layout = Layout::load(&current, "/shared").await?;
    render(&SharedListPage {
        received: layout.summary.count(Shelf::Received).0,
        layout,
        view: "links",
        covers: Vec::new(),
        rows: Vec::new(),
        left: Vec::new(),
        links: found.iter().map(|named| LinkRow::from_named(named, &zone)).collect(),
        next: next.map(|next| format!("/shared?view=links&before={next}")),
        is_first: before.is_none(),
    })
}

async fn show_shared(current: CurrentUser, query: web::Query<SharedQuery>) -> HandlerResult {
    if query.view == "links" {
        return show_links(current, ShareLinkId::parse(&query.before)).await;
    }
    let view = match query.view.as_str() {
        // Nothing can be shared with a space.
        _ if current.auth_session.membership.is_some() => "by-me",
        "by-me" => "by-me",
        "left" => "left",
        _ => "",
    };
    let before = GrantId::parse(&query.before);
    let auth_session = current.auth_session.clone();
    let zone = current.time_zone();
    let (covers, rows, left, next) = run_blocking(&current.services, move |services| {
        let user = &auth_session.user;
        Ok(match view {
            "by-me" => {
                let (shared, next) = shared_lists::by_me(services, user, before)?;
                let date = |at| end_date(at, &zone);
                let rows = shared.iter().map(|shared| by_me_row(shared, date)).collect();
                (Vec::new(), rows, Vec::new(), next)
            }
            "left" => {
                let (left, next) = shared_lists::with_me(services, user, WithMe::Left, before)?;
                let row = |it: SharedWithMe| {
                    (it.grant.id, it.subject.title().to_owned(), name_of(&it.owner))
                };
                (Vec::new(), Vec::new(), left.into_iter().map(row).collect(), next)
            }
            _ => {
                let (shared, next) =
                    shared_lists::with_me(services, user, WithMe::Current, before)?;
                (shared.iter().map(cover).collect(), Vec::new(), Vec::new(), next)
            }
        })
    })
    .await?;
    let layout = Layout::load(&current, "/shared").await?;
    render(&SharedListPage {
        received: layout.summary.count(Shelf::Received).0,
        layout,
        view,
        covers,
        rows,
        left,
        links: Vec::new(),
        next: next.map(|next| format!("/shared?view={view}&before={next}")),
        is_first: before.is_none(),
    })
}

/// Something that is shared with the user as a cover.
fn cover(shared: &SharedWithMe) -> Cover {
    let href = format!("/shared/{}", shared.grant.id);
    let media = format!("{href}/media");
    let (kind, icon) = kind_of(&shared.subject);
    Cover {
        title: shared.subject.title().to_owned(),
        meta: match &shared.subject {
            SharedSubject::Library { .. } => t(kind).into_owned(),
            _ => fill!("{kind} by {name}", kind = t(kind), name = name_of(&shared.owner)),
        },
        picture: shared.subject.cover().and_then(|item| Picture::from_item_at(item, &media)),
        icon,
        is_new: shared.is_new,
        href,
    }
}

const fn kind_of(subject: &SharedSubject) -> (&'static str, &'static str) {
    match subject {
        SharedSubject::Album { .. } => (msg!("Album"), "images"),
        SharedSubject::Directory(_) => (msg!("Folder"), "folder"),
        SharedSubject::Item(_) => (msg!("Item"), "file"),
        SharedSubject::Library { is_space: true, .. } => (msg!("Shared space"), "users"),
        SharedSubject::Library { .. } => (msg!("Shared library"), "user"),
    }
}

fn by_me_row(shared: &SharedByMe, date: impl Fn(crate::model::Time) -> String) -> ByMeRow {
    let grant = &shared.grant.grant;
    let (href, media) = match &shared.subject {
        SharedSubject::Album { album, cover } => {
            let href = format!("/albums/{}", album.id);
            let is_own = cover.as_ref().is_none_or(|item| item.user_id == grant.owner_id);
            let media = if is_own { "/media".to_owned() } else { format!("{href}/media") };
            (href, media)
        }
        SharedSubject::Directory(directory) => {
            (format!("/directories/{}", directory.directory_id), "/media".to_owned())
        }
        SharedSubject::Item(item) => (format!("/items/{}", item.id), "/media".to_owned()),
        SharedSubject::Library { .. } => ("/photos".to_owned(), String::new()),
    };
    ByMeRow {
        id: grant.id,
        share_href: grant.subject().map(share_href).unwrap_or_default(),
        title: shared.subject.title().to_owned(),
        icon: kind_of(&shared.subject).1,
        picture: shared.subject.cover().and_then(|item| Picture::from_item_at(item, &media)),
        grantee: shared.grant.grantee.clone(),
        is_group: grant.group_id.is_some(),
        level: grant.level.title(),
        ends: grant.ends_at.map(date),
        href,
    }
}

/// The form that shares something.
pub(crate) fn share_href(subject: Subject) -> String {
    format!("/share?{}", subject_query(subject))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeaveForm {
    /// Whether the user's own items stay in the album.
    #[serde(default)]
    keep: String,
}

/// Leaves what is shared with the user.
async fn submit_leave(shared: Shared<CurrentUser>, Form(form): Form<LeaveForm>) -> HandlerResult {
    let (id, current) = (shared.grant, shared.caller);
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    run_blocking(&current.services, move |services| {
        grant_marks::leave(services, &auth_session.authority(), &actor, id, !form.keep.is_empty())
    })
    .await?;
    set_flash(&current.cookie, msg!("You have left it. You can come back within 30 days."))?;
    redirect("/shared")
}

/// Comes back to what the user has left.
async fn submit_return(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse_grant(&path)?;
    let auth_session = current.auth_session.clone();
    run_blocking(&current.services, move |services| {
        grant_marks::return_to(services, &auth_session.authority(), id)
    })
    .await?;
    redirect_back(&request, &current.cookie, msg!("It is shared with you again."))
}

pub(crate) fn parse_grant(text: &str) -> Result<GrantId> {
    GrantId::parse(text).ok_or(Error::NotFound)
}
