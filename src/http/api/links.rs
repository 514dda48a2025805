//! `/api/links`: share links of the user.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::grants::{GivesWord, SharesQuery, parse_subject, parse_time};
use super::link_body::{LinkBody, UploadsWord};
use super::respond::{json, json_with_etag, no_content, ok};
use crate::domain::sharing::share_link_lists;
use crate::domain::sharing::share_links::{self, LinkChange, LinkOptions, NewShareLink};
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::{Json, Nullable, Query};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::actor::Actor;
use crate::model::authority::Authority;
use crate::model::{Gives, Level, LinkUploads, ShareLink, ShareLinkId};
use crate::state::Services;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/links", || web::route().to(list_links)).in_space(Level::Manage),
        Route::post("/api/links", || web::route().to(create_link)).in_space(Level::Manage),
        Route::get("/api/links/{link}", || web::route().to(get_link)).in_space(Level::Manage),
        Route::patch("/api/links/{link}", || web::route().to(patch_link)).in_space(Level::Manage),
        Route::delete("/api/links/{link}", || web::route().to(end_link)).in_space(Level::Manage),
        Route::post("/api/links/{link}/renew", || web::route().to(renew_link))
            .in_space(Level::Manage),
    ]
}

/// A page of the user's links.
#[derive(Serialize, ToSchema)]
#[schema(as = ShareLinks)]
pub struct LinksBody {
    links: Vec<LinkBody>,
    /// Where the next page starts; null on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// List the user's links, the newest first.
#[utoipa::path(get, path = "/api/links", tag = "Sharing", params(SharesQuery),
    responses((status = 200, body = LinksBody)))]
pub(super) async fn list_links(
    caller: ApiUser,
    request: HttpRequest,
    Query(query): Query<SharesQuery>,
) -> HandlerResult {
    let subject = query.subject()?;
    let bad = || Error::field("cursor", "The `next_cursor` of a page.");
    let before = query.cursor.map(|text| ShareLinkId::parse(&text).ok_or_else(bad)).transpose()?;
    let auth_session = caller.auth_session.clone();
    let (links, next) = run_blocking(&caller.services, move |services| {
        let user = &auth_session.user;
        match subject {
            Some(subject) => {
                Ok((share_link_lists::list_of_subject(services, user, subject)?, None))
            }
            None => share_link_lists::list(services, user, before),
        }
    })
    .await?;
    let settings = &caller.services.settings;
    let body = LinksBody {
        links: links.iter().map(|it| LinkBody::from_named(it, &request, settings)).collect(),
        next_cursor: next.map(|id| id.to_string()),
    };
    json_with_etag(&request, &body)
}

/// What to share by link, and how.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewShareLink)]
#[serde(deny_unknown_fields)]
pub struct NewLinkBody {
    /// One of `album`, `directory` and `item`.
    #[schema(format = "uuid")]
    album: Option<String>,
    #[schema(format = "uuid")]
    directory: Option<String>,
    #[schema(format = "uuid")]
    item: Option<String>,
    /// Shown instead of the name.
    #[serde(default)]
    #[schema(max_length = 190)]
    title: String,
    #[serde(default)]
    #[schema(max_length = 1000)]
    message: String,
    /// `originals` by default.
    #[schema(inline)]
    gives: Option<GivesWord>,
    /// Whether files are given with the place where they were taken; `false` by default. Those from which it cannot be
    /// removed are then only shown.
    #[serde(default)]
    keeps_location: bool,
    /// Whether visitors see when and how photos were taken; `false` by default.
    #[serde(default)]
    shows_details: bool,
    /// Until when; without it, until it is ended.
    #[schema(format = "date-time")]
    ends_at: Option<String>,
    #[schema(minimum = 1, maximum = 1_000_000)]
    max_visits: Option<i64>,
    #[schema(min_length = 8, max_length = 200)]
    password: Option<String>,
    /// Words for the address instead of a token; needs a password.
    #[serde(default)]
    #[schema(max_length = 64)]
    slug: String,
    /// `none` by default.
    #[schema(inline)]
    uploads: Option<UploadsWord>,
    /// Whether what visitors send waits until it is accepted; `true` by default.
    needs_review: Option<bool>,
    /// Files that visitors can send in all; 1000 by default.
    #[schema(minimum = 1, maximum = 100_000)]
    max_files: Option<i64>,
    /// Bytes that visitors can send in all; 20 GB by default.
    #[schema(minimum = 1)]
    max_bytes: Option<i64>,
}

/// Share an album, folder or item with anyone who has the link.
#[utoipa::path(post, path = "/api/links", tag = "Sharing", request_body = NewLinkBody,
    responses((status = 201, body = LinkBody)))]
pub(super) async fn create_link(
    caller: ApiUser,
    request: HttpRequest,
    Json(body): Json<NewLinkBody>,
) -> HandlerResult {
    let subject =
        parse_subject(body.album.as_deref(), body.directory.as_deref(), body.item.as_deref())?;
    let subject =
        subject.ok_or_else(|| Error::field("album", "One of `album`, `directory` and `item`."))?;
    let options = LinkOptions {
        title: body.title,
        message: body.message,
        gives: body.gives.map_or(Gives::Originals, Into::into),
        keeps_location: body.keeps_location,
        shows_details: body.shows_details,
        ends_at: body.ends_at.as_deref().map(parse_time).transpose()?,
        max_visits: body.max_visits,
        uploads: body.uploads.map_or(LinkUploads::None, Into::into),
        needs_review: body.needs_review.unwrap_or(true),
        slug: body.slug,
        max_files: body.max_files,
        max_bytes: body.max_bytes,
    };
    let password = match &body.password {
        Some(password) => Some(hash(&caller, password).await?),
        None => None,
    };
    let new = NewShareLink { subject, options, password };
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    let named = run_blocking(&caller.services, move |services| {
        let link = share_links::create(services, &auth_session.authority(), &actor, &new)?;
        share_link_lists::find(services, &auth_session.user, link.id)
    })
    .await?;
    let body = LinkBody::from_named(&named, &request, &caller.services.settings);
    json(StatusCode::CREATED, &body)
}

async fn hash(caller: &ApiUser, password: &str) -> Result<String> {
    share_links::hash_password(&caller.services, password, caller.address()).await
}

fn parse_link(text: &str) -> Result<ShareLinkId> {
    ShareLinkId::parse(text).ok_or(Error::NotFound)
}

/// Get a link of the user.
#[utoipa::path(get, path = "/api/links/{link}", tag = "Sharing", params(("link" = String, Path, format = "uuid")),
    responses((status = 200, body = LinkBody)))]
pub(super) async fn get_link(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<String>,
) -> HandlerResult {
    let (id, auth_session) = (parse_link(&path)?, caller.auth_session.clone());
    let named = run_blocking(&caller.services, move |services| {
        share_link_lists::find(services, &auth_session.user, id)
    })
    .await?;
    let body = LinkBody::from_named(&named, &request, &caller.services.settings);
    json_with_etag(&request, &body)
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ShareLinkChange)]
#[serde(deny_unknown_fields)]
pub struct LinkChangeBody {
    #[schema(max_length = 190)]
    title: Option<String>,
    #[schema(max_length = 1000)]
    message: Option<String>,
    #[schema(inline)]
    gives: Option<GivesWord>,
    keeps_location: Option<bool>,
    shows_details: Option<bool>,
    /// Null for no end.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time", required = false)]
    ends_at: Nullable<String>,
    /// Null for any number.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000, required = false)]
    max_visits: Nullable<i64>,
    /// Null for none. Earlier visits end.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 8, max_length = 200, required = false)]
    password: Nullable<String>,
    /// Words for the address instead of a token, which need a password; null for none. Earlier visits end.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 64, required = false)]
    slug: Nullable<String>,
    #[schema(inline)]
    uploads: Option<UploadsWord>,
    needs_review: Option<bool>,
    #[schema(minimum = 1, maximum = 100_000)]
    max_files: Option<i64>,
    #[schema(minimum = 1)]
    max_bytes: Option<i64>,
}

/// Change a link; what is not named stays. It holds from the next request on.
#[utoipa::path(patch, path = "/api/links/{link}", tag = "Sharing", params(("link" = String, Path, format = "uuid")),
    request_body = LinkChangeBody, responses((status = 200, body = LinkBody)))]
pub(super) async fn patch_link(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<String>,
    Json(body): Json<LinkChangeBody>,
) -> HandlerResult {
    let id = parse_link(&path)?;
    let change = LinkChange {
        title: body.title,
        message: body.message,
        gives: body.gives.map(Into::into),
        keeps_location: body.keeps_location,
        shows_details: body.shows_details,
        ends_at: match body.ends_at {
            Nullable::Missing => None,
            Nullable::Null => Some(None),
            Nullable::Value(text) => Some(Some(parse_time(&text)?)),
        },
        max_visits: match body.max_visits {
            Nullable::Missing => None,
            Nullable::Null => Some(None),
            Nullable::Value(most) => Some(Some(most)),
        },
        password: match body.password {
            Nullable::Missing => None,
            Nullable::Null => Some(None),
            Nullable::Value(password) => Some(Some(hash(&caller, &password).await?)),
        },
        uploads: body.uploads.map(Into::into),
        needs_review: body.needs_review,
        slug: match body.slug {
            Nullable::Missing => None,
            Nullable::Null => Some(String::new()),
            Nullable::Value(slug) => Some(slug),
        },
        max_files: body.max_files,
        max_bytes: body.max_bytes,
    };
    changed(&caller, &request, id, move |services, authority, actor| {
        share_links::change(services, authority, actor, id, &change)
    })
    .await
}

/// Give a link a new address. The old one and all visits end.
#[utoipa::path(post, path = "/api/links/{link}/renew", tag = "Sharing", params(("link" = String, Path, format = "uuid")),
    responses((status = 200, body = LinkBody)))]
pub(super) async fn renew_link(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<String>,
) -> HandlerResult {
    let id = parse_link(&path)?;
    changed(&caller, &request, id, move |services, authority, actor| {
        share_links::renew(services, authority, actor, id)
    })
    .await
}

/// Runs a change of a link, and responds with the link.
async fn changed(
    caller: &ApiUser,
    request: &HttpRequest,
    id: ShareLinkId,
    change: impl FnOnce(&Services, &Authority<'_>, &Actor) -> Result<ShareLink> + Send + 'static,
) -> HandlerResult {
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    let named = run_blocking(&caller.services, move |services| {
        change(services, &auth_session.authority(), &actor)?;
        share_link_lists::find(services, &auth_session.user, id)
    })
    .await?;
    ok(&LinkBody::from_named(&named, request, &caller.services.settings))
}

/// End a link for good.
#[utoipa::path(delete, path = "/api/links/{link}", tag = "Sharing", params(("link" = String, Path, format = "uuid")),
    responses((status = 204)))]
pub(super) async fn end_link(caller: ApiUser, path: web::Path<String>) -> HandlerResult {
    let id = parse_link(&path)?;
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        share_links::end(services, &auth_session.authority(), &actor, id)
    })
    .await?;
    no_content()
}
