//! `/api/shared`: what others share with the user.

use std::collections::HashMap;

use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::album_items::{
    AddedBody, AlbumItemsBody, AlbumSelectionBody, ArrangementBody, parse_limit,
};
use super::albums::{AlbumBody, AlbumChangeBody, AlbumSortWord, parse_album, parse_ids};
use super::bodies::{ItemBody, rfc3339};
use super::grants::{GivesWord, LevelWord, SubjectBody, parse_cursor};
use super::respond::{json_with_etag, no_content, ok};
use crate::domain::library::album_page::AlbumQuery;
use crate::domain::library::listings::ListingQuery;
use crate::domain::sharing::grant_marks;
use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::shared_albums::{self, Target};
use crate::domain::sharing::shared_content;
use crate::domain::sharing::shared_lists::{self, SharedWithMe, WithMe};
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::{Json, Query};
use crate::http::extract::shared_item::Shared;
use crate::http::media_response::parse_id;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{Album, AlbumId, DirectoryId, Gives, GrantId, Item, Sort, Subject, UserId};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/shared", || web::route().to(list_shared)),
        Route::get("/api/shared/{grant}", || web::route().to(get_shared)),
        Route::patch("/api/shared/{grant}", || web::route().to(patch_shared)),
        Route::delete("/api/shared/{grant}", || web::route().to(leave_shared)),
        Route::post("/api/shared/{grant}/return", || web::route().to(return_to_shared)),
        Route::get("/api/shared/{grant}/items", || web::route().to(list_shared_items)),
        Route::post("/api/shared/{grant}/items", || web::route().to(add_shared_items)),
        Route::delete("/api/shared/{grant}/items", || web::route().to(remove_shared_items)),
        Route::patch("/api/shared/{grant}/items", || web::route().to(arrange_shared)),
        Route::get("/api/shared/{grant}/items/{item}", || web::route().to(get_shared_item)),
    ]
}

/// Something that another user shares with the user.
#[derive(Serialize, ToSchema)]
#[schema(as = Shared)]
pub struct SharedBody {
    /// The id of the grant, below which everything of it is found.
    #[schema(format = "uuid")]
    id: String,
    #[schema(inline)]
    subject: SubjectBody,
    title: String,
    /// The name of its owner.
    owner: String,
    #[schema(inline)]
    level: LevelWord,
    #[schema(inline)]
    gives: GivesWord,
    note: String,
    #[schema(required = true, format = "date-time")]
    ends_at: Option<String>,
    #[schema(format = "date-time")]
    created_at: String,
}

impl SharedBody {
    fn from_shared(shared: &SharedWithMe) -> Option<Self> {
        let grant = &shared.grant;
        Some(Self {
            id: grant.id.to_string(),
            subject: SubjectBody::from_subject(grant.subject()?),
            title: shared.subject.title().to_owned(),
            owner: name_of(&shared.owner),
            level: grant.level.into(),
            gives: grant.gives.into(),
            note: grant.note.clone(),
            ends_at: grant.ends_at.map(rfc3339),
            created_at: rfc3339(grant.created_at),
        })
    }
}

#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum SharedWord {
    Current,
    Left,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SharedQuery {
    /// `current` by default; `left` for what the user has left and can come back to.
    #[param(inline)]
    view: Option<SharedWord>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// A page of what others share with the user. It can have fewer entries than others before the last one.
#[derive(Serialize, ToSchema)]
pub struct SharedListBody {
    shared: Vec<SharedBody>,
    /// Where the next page starts; null on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// List what others share with the user, the newest first.
#[utoipa::path(get, path = "/api/shared", tag = "Sharing", params(SharedQuery),
    responses((status = 200, body = SharedListBody)))]
pub(super) async fn list_shared(
    caller: ApiUser,
    request: HttpRequest,
    Query(query): Query<SharedQuery>,
) -> HandlerResult {
    let which = match query.view {
        Some(SharedWord::Left) => WithMe::Left,
        _ => WithMe::Current,
    };
    let before = parse_cursor(query.cursor.as_deref())?;
    let auth_session = caller.auth_session.clone();
    let (shared, next) = run_blocking(&caller.services, move |services| {
        shared_lists::with_me(services, &auth_session.user, which, before)
    })
    .await?;
    let body = SharedListBody {
        shared: shared.iter().filter_map(SharedBody::from_shared).collect(),
        next_cursor: next.map(|id| id.to_string()),
    };
    json_with_etag(&request, &body)
}

/// Get something that another user shares.
#[utoipa::path(get, path = "/api/shared/{grant}", tag = "Sharing", params(("grant" = String, Path, format = "uuid")),
    responses((status = 200, body = SharedBody)))]
pub(super) async fn get_shared(shared: Shared<ApiUser>, request: HttpRequest) -> HandlerResult {
    let (id, caller) = (shared.grant, shared.caller);
    let auth_session = caller.auth_session.clone();
    let found = run_blocking(&caller.services, move |services| {
        shared_lists::find(services, &auth_session.user, id)
    })
    .await?;
    json_with_etag(&request, &SharedBody::from_shared(&found).ok_or(Error::NotFound)?)
}

/// Change the name, description, order or cover of a shared album; needs the level `edit`.
#[utoipa::path(patch, path = "/api/shared/{grant}", tag = "Sharing", params(("grant" = String, Path, format = "uuid")),
    request_body = AlbumChangeBody, responses((status = 200, body = AlbumBody)))]
pub(super) async fn patch_shared(
    shared: Shared<ApiUser>,
    Json(body): Json<AlbumChangeBody>,
) -> HandlerResult {
    let (id, caller) = (shared.grant, shared.caller);
    let (auth_session, change) = (caller.auth_session.clone(), body.into_change()?);
    let album = run_blocking(&caller.services, move |services| {
        shared_albums::change(services, &auth_session.authority(), id, None, &change)
    })
    .await?;
    // The album that contains it may not be shared.
    ok(&AlbumBody::from_album(&Album { parent_id: None, ..album }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LeaveQuery {
    /// Whether the user's own items stay in the album; `false` by default.
    keep_items: Option<bool>,
}

/// Leave what another user shares. The user can come back within 30 days.
#[utoipa::path(delete, path = "/api/shared/{grant}", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), LeaveQuery), responses((status = 204)))]
pub(super) async fn leave_shared(
    shared: Shared<ApiUser>,
    Query(query): Query<LeaveQuery>,
) -> HandlerResult {
    let (id, caller) = (shared.grant, shared.caller);
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    let keeps = query.keep_items.unwrap_or(false);
    run_blocking(&caller.services, move |services| {
        grant_marks::leave(services, &auth_session.authority(), &actor, id, keeps)
    })
    .await?;
    no_content()
}

/// Come back to what the user has left.
#[utoipa::path(post, path = "/api/shared/{grant}/return", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid")), responses((status = 204)))]
pub(super) async fn return_to_shared(caller: ApiUser, path: web::Path<String>) -> HandlerResult {
    let id = GrantId::parse(&path).ok_or(Error::NotFound)?;
    let auth_session = caller.auth_session.clone();
    run_blocking(&caller.services, move |services| {
        grant_marks::return_to(services, &auth_session.authority(), id)
    })
    .await?;
    no_content()
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SharedItemsQuery {
    /// An album inside the shared one.
    #[param(format = "uuid")]
    album: Option<String>,
    /// A folder inside the shared one.
    #[param(format = "uuid")]
    directory: Option<String>,
    /// Of an album: another order than its own.
    #[param(inline)]
    sort: Option<AlbumSortWord>,
    /// 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u8>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// The album that a request names inside the shared one.
fn parse_inside(text: Option<&str>) -> Result<Option<AlbumId>> {
    text.map(parse_album).transpose()
}

/// List the items of a shared album, folder or item.
#[utoipa::path(get, path = "/api/shared/{grant}/items", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), SharedItemsQuery),
    responses((status = 200, body = AlbumItemsBody)))]
pub(super) async fn list_shared_items(
    shared: Shared<ApiUser>,
    request: HttpRequest,
    Query(query): Query<SharedItemsQuery>,
) -> HandlerResult {
    let (id, subject, caller) = (shared.grant, shared.access.subject, shared.caller);
    let key = shared.access.key;
    let gives_all = shared.access.gives == Gives::Originals;
    let limit = parse_limit(query.limit)?;
    let inside = parse_inside(query.album.as_deref())?;
    let directory =
        query.directory.as_deref().map(|text| DirectoryId::parse(text).ok_or(Error::NotFound));
    let directory = directory.transpose()?;
    let body = run_blocking(&caller.services, move |services| {
        let media = media_of(services.settings.base_path(), id);
        let (items, next, owners) = match subject {
            Subject::Album(_) => {
                let wanted = AlbumQuery {
                    sort: query.sort.map(Into::into),
                    cursor: query.cursor,
                    before: None,
                    limit,
                };
                let shared = shared_content::album(services, key, inside, &wanted)?;
                let mut owners: HashMap<UserId, String> =
                    shared.page.others.iter().map(|other| (other.id, name_of(other))).collect();
                owners.insert(shared.owner.id, name_of(&shared.owner));
                (shared.page.listing.items, shared.page.listing.next, owners)
            }
            Subject::Directory(_) => {
                let shared =
                    shared_content::directory(services, key, directory, |filter| ListingQuery {
                        filter,
                        sort: Sort::Newest,
                        cursor: query.cursor.clone(),
                        before: None,
                        limit,
                    })?;
                let owners = HashMap::from([(shared.owner.id, name_of(&shared.owner))]);
                (shared.page.listing.items, shared.page.listing.next, owners)
            }
            Subject::Item(item) => {
                let shared = shared_content::item(services, key, item, None)?;
                let owners = HashMap::from([(shared.owner.id, name_of(&shared.owner))]);
                (vec![shared.item], None, owners)
            }
            // The items of a space are below `/api/spaces`.
            Subject::Library(_) => return Err(Error::NotFound),
        };
        let body = |item: &Item| {
            let owner = owners.get(&item.user_id).cloned().unwrap_or_default();
            let body = ItemBody::from_other(item, owner, &media);
            if gives_all { body } else { body.without_file() }
        };
        Ok(AlbumItemsBody {
            items: items.iter().map(body).collect(),
            next_cursor: next.map(|cursor| cursor.encode()),
        })
    });
    json_with_etag(&request, &body.await?)
}

/// Where the bytes of what a grant reaches are.
fn media_of(base: &str, id: GrantId) -> String {
    format!("{base}/api/shared/{id}/media")
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InsideQuery {
    /// An album inside the shared one.
    #[param(format = "uuid")]
    album: Option<String>,
}

/// Add items of the user to a shared album; needs the level `contribute`. The files stay where they are.
#[utoipa::path(post, path = "/api/shared/{grant}/items", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), InsideQuery), request_body = AlbumSelectionBody,
    responses((status = 200, body = AddedBody)))]
pub(super) async fn add_shared_items(
    shared: Shared<ApiUser>,
    Query(query): Query<InsideQuery>,
    Json(body): Json<AlbumSelectionBody>,
) -> HandlerResult {
    let (id, caller) = (shared.grant, shared.caller);
    let (ids, inside) = (parse_ids(&body.ids)?, parse_inside(query.album.as_deref())?);
    let auth_session = caller.auth_session.clone();
    let (_, added) = run_blocking(&caller.services, move |services| {
        let target = Target::Shared(id, inside);
        shared_albums::add(services, &auth_session.authority(), target, &ids)
    })
    .await?;
    ok(&AddedBody {
        added: added.added,
        already_there: added.already_there,
        left_out: added.left_out,
    })
}

/// Remove items from a shared album: the user's own, or with the level `edit` any. They stay in their libraries.
#[utoipa::path(delete, path = "/api/shared/{grant}/items", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), InsideQuery), request_body = AlbumSelectionBody,
    responses((status = 204)))]
pub(super) async fn remove_shared_items(
    shared: Shared<ApiUser>,
    Query(query): Query<InsideQuery>,
    Json(body): Json<AlbumSelectionBody>,
) -> HandlerResult {
    let (id, caller) = (shared.grant, shared.caller);
    let (ids, inside) = (parse_ids(&body.ids)?, parse_inside(query.album.as_deref())?);
    let auth_session = caller.auth_session.clone();
    run_blocking(&caller.services, move |services| {
        shared_albums::remove(services, &auth_session.authority(), id, inside, &ids)
    })
    .await?;
    no_content()
}

/// Move an item of a shared album to another place; needs the level `edit`.
#[utoipa::path(patch, path = "/api/shared/{grant}/items", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), InsideQuery), request_body = ArrangementBody,
    responses((status = 204)))]
pub(super) async fn arrange_shared(
    shared: Shared<ApiUser>,
    Query(query): Query<InsideQuery>,
    Json(body): Json<ArrangementBody>,
) -> HandlerResult {
    let (id, caller) = (shared.grant, shared.caller);
    let (place, inside) = (body.parse()?, parse_inside(query.album.as_deref())?);
    let auth_session = caller.auth_session.clone();
    run_blocking(&caller.services, move |services| {
        shared_albums::arrange(services, &auth_session.authority(), id, inside, place)
    })
    .await?;
    no_content()
}

/// Get an item that another user shares.
#[utoipa::path(get, path = "/api/shared/{grant}/items/{item}", tag = "Sharing",
    params(("grant" = String, Path, format = "uuid"), ("item" = String, Path, format = "uuid")),
    responses((status = 200, body = ItemBody)))]
pub(super) async fn get_shared_item(
    shared: Shared<ApiUser>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let (id, item, caller) = (shared.grant, parse_id(&path.1)?, shared.caller);
    let key = shared.access.key;
    let body = run_blocking(&caller.services, move |services| {
        let shared = shared_content::item(services, key, item, None)?;
        let media = media_of(services.settings.base_path(), id);
        let body = ItemBody::from_other(&shared.item, name_of(&shared.owner), &media);
        Ok(if shared.access.gives == Gives::Originals { body } else { body.without_file() })
    });
    json_with_etag(&request, &body.await?)
}
