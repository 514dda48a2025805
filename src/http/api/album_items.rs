//! `/api/albums/{album}/items`: what is in an album.

use std::collections::HashMap;

use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::albums::{AlbumSortWord, parse_album, parse_ids};
use super::bodies::ItemBody;
use super::respond::{json_with_etag, no_content, ok};
use crate::domain::library::album_contents::{self, Place};
use crate::domain::library::album_page::{self, AlbumQuery};
use crate::domain::library::{listings, reader};
use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::shared_albums::{self, Target};
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::{Json, Query};
use crate::http::media_response::parse_id;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{Item, ItemId, Level};

/// Items per page by default.
const DEFAULT_LIMIT: u8 = 50;
const MAX_LIMIT: u8 = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/albums/{album}/items", || web::route().to(list_album_items))
            .in_space(Level::View),
        Route::post("/api/albums/{album}/items", || web::route().to(add_album_items))
            .in_space(Level::Edit),
        Route::delete("/api/albums/{album}/items", || web::route().to(remove_album_items))
            .in_space(Level::Edit),
        Route::patch("/api/albums/{album}/items", || web::route().to(arrange_album))
            .in_space(Level::Edit),
    ]
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlbumItemsQuery {
    /// Another order than the album's own.
    #[param(inline)]
    sort: Option<AlbumSortWord>,
    /// 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u8>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// A page of the items of an album.
#[derive(Serialize, ToSchema)]
pub struct AlbumItemsBody {
    pub(super) items: Vec<ItemBody>,
    /// Where the next page starts; null on the last.
    #[schema(required = true)]
    pub(super) next_cursor: Option<String>,
}

/// # Errors
/// `Invalid` for a limit that is too high or 0.
pub(super) fn parse_limit(limit: Option<u8>) -> Result<u8> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        Err(Error::field("limit", "1 to 200."))
    }
}

/// List the items of an album in its order.
#[utoipa::path(get, path = "/api/albums/{album}/items", tag = "Albums",
    params(("album" = String, Path, format = "uuid"), AlbumItemsQuery),
    responses((status = 200, body = AlbumItemsBody)))]
pub(super) async fn list_album_items(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<String>,
    Query(query): Query<AlbumItemsQuery>,
) -> HandlerResult {
    let (id, auth_session) = (parse_album(&path)?, caller.auth_session.clone());
    let limit = parse_limit(query.limit)?;
    let wanted =
        AlbumQuery { sort: query.sort.map(Into::into), cursor: query.cursor, before: None, limit };
    let api = caller.api_path();
    let body = run_blocking(&caller.services, move |services| {
        let user = &auth_session.user;
        let page = reader::read(services, user.id, |reader| {
            album_page::page(reader, &auth_session, id, &wanted)
        })?;
        let names = listings::directory_names(services, user, &page.listing.items)?;
        let others: HashMap<_, _> =
            page.others.iter().map(|other| (other.id, name_of(other))).collect();
        let media = format!("{api}/albums/{id}/media");
        let item = |item: &Item| match others.get(&item.user_id) {
            Some(name) => ItemBody::from_other(item, name.clone(), &media),
            None => ItemBody::from_item(item, &names, &api),
        };
        Ok(AlbumItemsBody {
            items: page.listing.items.iter().map(item).collect(),
            next_cursor: page.listing.next.map(|cursor| cursor.encode()),
        })
    });
    json_with_etag(&request, &body.await?)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlbumSelectionBody {
    /// At most 1000.
    #[schema(min_items = 1, max_items = 1000)]
    pub(super) ids: Vec<String>,
}

/// What came of adding items.
#[derive(Serialize, ToSchema)]
pub struct AddedBody {
    pub(super) added: usize,
    /// They stay where they are.
    pub(super) already_there: usize,
    /// Not the user's, in the trash, or not a recording for a playlist.
    pub(super) left_out: usize,
}

/// Add items to an album. The files stay where they are.
#[utoipa::path(post, path = "/api/albums/{album}/items", tag = "Albums",
    params(("album" = String, Path, format = "uuid")), request_body = AlbumSelectionBody,
    responses((status = 200, body = AddedBody)))]
pub(super) async fn add_album_items(
    caller: ApiUser,
    path: web::Path<String>,
    Json(body): Json<AlbumSelectionBody>,
) -> HandlerResult {
    let (id, auth_session) = (parse_album(&path)?, caller.auth_session.clone());
    let ids = parse_ids(&body.ids)?;
    let added = run_blocking(&caller.services, move |services| {
        let (_, added) =
            shared_albums::add(services, &auth_session.authority(), Target::Own(id), &ids)?;
        Ok(added)
    })
    .await?;
    ok(&AddedBody {
        added: added.added,
        already_there: added.already_there,
        left_out: added.left_out,
    })
}

/// Remove items from an album; they stay in the library.
#[utoipa::path(delete, path = "/api/albums/{album}/items", tag = "Albums",
    params(("album" = String, Path, format = "uuid")), request_body = AlbumSelectionBody,
    responses((status = 204)))]
pub(super) async fn remove_album_items(
    caller: ApiUser,
    path: web::Path<String>,
    Json(body): Json<AlbumSelectionBody>,
) -> HandlerResult {
    let (id, auth_session) = (parse_album(&path)?, caller.auth_session.clone());
    let ids = parse_ids(&body.ids)?;
    run_blocking(&caller.services, move |services| {
        album_contents::remove(services, &auth_session.authority(), id, &ids)
    })
    .await?;
    no_content()
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrangementBody {
    /// The item that moves.
    #[schema(format = "uuid")]
    pub(super) item: String,
    /// The item that follows it then; null for the end.
    #[schema(required = true, format = "uuid")]
    pub(super) before: Option<String>,
}

impl ArrangementBody {
    pub(super) fn parse(&self) -> Result<(ItemId, Place)> {
        let place = match &self.before {
            Some(before) => Place::Before(parse_id(before)?),
            None => Place::Last,
        };
        Ok((parse_id(&self.item)?, place))
    }
}

/// Move an item of an album to another place. The album is shown in its custom order from then on.
#[utoipa::path(patch, path = "/api/albums/{album}/items", tag = "Albums",
    params(("album" = String, Path, format = "uuid")), request_body = ArrangementBody,
    responses((status = 204)))]
pub(super) async fn arrange_album(
    caller: ApiUser,
    path: web::Path<String>,
    Json(body): Json<ArrangementBody>,
) -> HandlerResult {
    let (id, auth_session) = (parse_album(&path)?, caller.auth_session.clone());
    let (item, place) = body.parse()?;
    run_blocking(&caller.services, move |services| {
        album_contents::arrange(services, &auth_session.authority(), id, item, place)
    })
    .await?;
    no_content()
}
