//! `/api/albums/{album}/activity` and what is said there; the same below `/api/shared/{grant}` for albums of others.

use actix_web::http::StatusCode;
use actix_web::web;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::albums::parse_album;
use super::bodies::rfc3339;
use super::respond::{json, no_content, ok};
use crate::domain::library::listings::bad_cursor;
use crate::domain::sharing::activity_position;
use crate::domain::sharing::album_comments::{self, Activity, Comment, Entry, What};
use crate::domain::sharing::shared_albums::Target;
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::{Json, Query};
use crate::http::extract::shared_item::Shared;
use crate::http::media_response::parse_id;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{CommentId, ItemId, Level};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/albums/{album}/activity", || web::route().to(list_activity))
            .in_space(Level::View),
        Route::post("/api/albums/{album}/comments", || web::route().to(add_comment))
            .in_space(Level::View),
        Route::delete("/api/albums/{album}/comments/{comment}", || web::route().to(remove_comment))
            .in_space(Level::View),
        Route::post("/api/albums/{album}/items/{item}/heart", || web::route().to(like_item))
            .in_space(Level::View),
        Route::delete("/api/albums/{album}/items/{item}/heart", || web::route().to(unlike_item))
            .in_space(Level::View),
        Route::get("/api/shared/{grant}/albums/{album}/activity", || {
            web::route().to(list_shared_activity)
        }),
        Route::post("/api/shared/{grant}/albums/{album}/comments", || {
            web::route().to(add_shared_comment)
        }),
        Route::delete("/api/shared/{grant}/albums/{album}/comments/{comment}", || {
            web::route().to(remove_shared_comment)
        }),
        Route::post("/api/shared/{grant}/albums/{album}/items/{item}/heart", || {
            web::route().to(like_shared_item)
        }),
        Route::delete("/api/shared/{grant}/albums/{album}/items/{item}/heart", || {
            web::route().to(unlike_shared_item)
        }),
    ]
}

fn parse_comment(text: &str) -> Result<CommentId> {
    CommentId::parse(text).ok_or(Error::NotFound)
}

/// A comment on an album or one of its items.
#[derive(Serialize, ToSchema)]
#[schema(as = Comment)]
pub struct CommentBody {
    #[schema(format = "uuid")]
    id: String,
    author: String,
    /// Plain text.
    text: String,
    #[schema(format = "date-time")]
    created_at: String,
    /// Whether the caller can remove it: as its author, or with the right to edit the album.
    may_remove: bool,
}

impl CommentBody {
    fn from_comment(comment: Comment) -> Self {
        Self {
            id: comment.id.to_string(),
            author: comment.author,
            text: comment.text,
            created_at: rfc3339(comment.at),
            may_remove: comment.may_remove,
        }
    }
}

/// Something that happened in an album.
#[derive(Serialize, ToSchema)]
#[schema(as = ActivityEntry)]
pub struct EntryBody {
    /// `added`, `commented` or `liked`.
    kind: String,
    author: String,
    #[schema(format = "date-time")]
    at: String,
    /// How many items were added.
    #[schema(required = true)]
    count: Option<i64>,
    /// The item of the album that it is about.
    #[schema(required = true, format = "uuid")]
    item: Option<String>,
    #[schema(required = true, inline)]
    comment: Option<CommentBody>,
}

impl EntryBody {
    fn from_entry(entry: Entry) -> Self {
        let (kind, count, item, comment) = match entry.what {
            What::Added(count) => ("added", Some(count), None, None),
            What::Commented(comment, item) => {
                ("commented", None, item, Some(CommentBody::from_comment(comment)))
            }
            What::Liked(item) => ("liked", None, Some(item), None),
        };
        Self {
            kind: kind.to_owned(),
            author: entry.author,
            at: rfc3339(entry.at),
            count,
            item: item.map(|item| item.id.to_string()),
            comment,
        }
    }
}

/// A page of what happened in an album, the newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Activity)]
pub struct ActivityBody {
    entries: Vec<EntryBody>,
    /// Where the next page starts; null on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

impl ActivityBody {
    fn from_activity(found: Activity) -> Self {
        Self {
            entries: found.entries.into_iter().map(EntryBody::from_entry).collect(),
            next_cursor: found.next.map(activity_position::encode_position),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActivityQuery {
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = NewComment)]
#[serde(deny_unknown_fields)]
pub struct NewCommentBody {
    /// The item of the album that it is about; the album itself without one.
    #[schema(format = "uuid")]
    item: Option<String>,
    #[schema(min_length = 1, max_length = 1000)]
    text: String,
}

async fn activity(caller: &ApiUser, target: Target, query: ActivityQuery) -> HandlerResult {
    let position = |text| activity_position::decode_position(text).ok_or_else(bad_cursor);
    let before = query.cursor.as_deref().map(position).transpose()?;
    let auth_session = caller.auth_session.clone();
    let found = run_blocking(&caller.services, move |services| {
        album_comments::activity(services, &auth_session, target, before)
    })
    .await?;
    ok(&ActivityBody::from_activity(found))
}

async fn comment(caller: &ApiUser, target: Target, body: NewCommentBody) -> HandlerResult {
    let item = match body.item.as_deref() {
        Some(text) => {
            Some(ItemId::parse(text).ok_or_else(|| Error::field("item", "The id of an item."))?)
        }
        None => None,
    };
    let auth_session = caller.auth_session.clone();
    let added = run_blocking(&caller.services, move |services| {
        album_comments::add(services, &auth_session.authority(), target, item, &body.text)
    })
    .await?;
    json(StatusCode::CREATED, &CommentBody::from_comment(added))
}

async fn remove(caller: &ApiUser, target: Target, id: CommentId) -> HandlerResult {
    let auth_session = caller.auth_session.clone();
    run_blocking(&caller.services, move |services| {
        album_comments::remove(services, &auth_session.authority(), target, id)
    })
    .await?;
    no_content()
}

async fn like(caller: &ApiUser, target: Target, item: ItemId, is_liked: bool) -> HandlerResult {
    let auth_session = caller.auth_session.clone();
    run_blocking(&caller.services, move |services| {
        album_comments::set_liked(services, &auth_session.authority(), target, item, is_liked)
    })
    .await?;
    no_content()
}

/// List what happened in an album of the user: additions, comments and hearts, the newest first.
#[utoipa::path(get, path = "/api/albums/{album}/activity", tag = "Albums",
    params(("album" = String, Path, format = "uuid"), ActivityQuery),
    responses((status = 200, body = ActivityBody)))]
pub(super) async fn list_activity(
    caller: ApiUser,
    path: web::Path<String>,
    Query(query): Query<ActivityQuery>,
) -> HandlerResult {
    let target = Target::Own(parse_album(&path)?);
    activity(&caller, target, query).await
}

/// List what happened in a shared album, or one inside of it.
#[utoipa::path(get, path = "/api/shared/{grant}/albums/{album}/activity", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), ("album" = String, Path, format = "uuid"), ActivityQuery),
    responses((status = 200, body = ActivityBody)))]
pub(super) async fn list_shared_activity(
    shared: Shared<ApiUser>,
    path: web::Path<(String, String)>,
    Query(query): Query<ActivityQuery>,
) -> HandlerResult {
    let target = Target::Shared(shared.grant, Some(parse_album(&path.1)?));
    activity(&shared.caller, target, query).await
}

/// Comment on an album of the user, or an item of it.
#[utoipa::path(post, path = "/api/albums/{album}/comments", tag = "Albums",
    params(("album" = String, Path, format = "uuid")),
    request_body = NewCommentBody,
    responses((status = 201, body = CommentBody)))]
pub(super) async fn add_comment(
    caller: ApiUser,
    path: web::Path<String>,
    Json(body): Json<NewCommentBody>,
) -> HandlerResult {
    let target = Target::Own(parse_album(&path)?);
    comment(&caller, target, body).await
}

/// Comment on a shared album, or an item of it.
#[utoipa::path(post, path = "/api/shared/{grant}/albums/{album}/comments", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), ("album" = String, Path, format = "uuid")),
    request_body = NewCommentBody,
    responses((status = 201, body = CommentBody)))]
pub(super) async fn add_shared_comment(
    shared: Shared<ApiUser>,
    path: web::Path<(String, String)>,
    Json(body): Json<NewCommentBody>,
) -> HandlerResult {
    let target = Target::Shared(shared.grant, Some(parse_album(&path.1)?));
    comment(&shared.caller, target, body).await
}

/// Remove a comment.
#[utoipa::path(delete, path = "/api/albums/{album}/comments/{comment}", tag = "Albums",
    params(("album" = String, Path, format = "uuid"), ("comment" = String, Path, format = "uuid")),
    responses((status = 204)))]
pub(super) async fn remove_comment(
    caller: ApiUser,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let target = Target::Own(parse_album(&path.0)?);
    remove(&caller, target, parse_comment(&path.1)?).await
}

/// Remove a comment: one of the user, or with the level `edit` any.
#[utoipa::path(delete, path = "/api/shared/{grant}/albums/{album}/comments/{comment}", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), ("album" = String, Path, format = "uuid"), ("comment" = String, Path, format = "uuid")),
    responses((status = 204)))]
pub(super) async fn remove_shared_comment(
    shared: Shared<ApiUser>,
    path: web::Path<(String, String, String)>,
) -> HandlerResult {
    let target = Target::Shared(shared.grant, Some(parse_album(&path.1)?));
    remove(&shared.caller, target, parse_comment(&path.2)?).await
}

/// Like an item of an album.
#[utoipa::path(post, path = "/api/albums/{album}/items/{item}/heart", tag = "Albums",
    params(("album" = String, Path, format = "uuid"), ("item" = String, Path, format = "uuid")),
    responses((status = 204)))]
pub(super) async fn like_item(caller: ApiUser, path: web::Path<(String, String)>) -> HandlerResult {
    let target = Target::Own(parse_album(&path.0)?);
    like(&caller, target, parse_id(&path.1)?, true).await
}

/// Like an item of a shared album.
#[utoipa::path(post, path = "/api/shared/{grant}/albums/{album}/items/{item}/heart", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), ("album" = String, Path, format = "uuid"), ("item" = String, Path, format = "uuid")),
    responses((status = 204)))]
pub(super) async fn like_shared_item(
    shared: Shared<ApiUser>,
    path: web::Path<(String, String, String)>,
) -> HandlerResult {
    let target = Target::Shared(shared.grant, Some(parse_album(&path.1)?));
    like(&shared.caller, target, parse_id(&path.2)?, true).await
}

/// Do not like an item of an album any more.
#[utoipa::path(delete, path = "/api/albums/{album}/items/{item}/heart", tag = "Albums",
    params(("album" = String, Path, format = "uuid"), ("item" = String, Path, format = "uuid")),
    responses((status = 204)))]
pub(super) async fn unlike_item(
    caller: ApiUser,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let target = Target::Own(parse_album(&path.0)?);
    like(&caller, target, parse_id(&path.1)?, false).await
}

/// Do not like an item of a shared album any more.
#[utoipa::path(delete, path = "/api/shared/{grant}/albums/{album}/items/{item}/heart", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), ("album" = String, Path, format = "uuid"), ("item" = String, Path, format = "uuid")),
    responses((status = 204)))]
pub(super) async fn unlike_shared_item(
    shared: Shared<ApiUser>,
    path: web::Path<(String, String, String)>,
) -> HandlerResult {
    let target = Target::Shared(shared.grant, Some(parse_album(&path.1)?));
    like(&shared.caller, target, parse_id(&path.2)?, false).await
}
