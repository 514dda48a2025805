//! `/api/albums`: albums and playlists. What is in them is in `album_items`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bodies::rfc3339;
use super::respond::{json, json_with_etag, no_content, ok};
use crate::domain::library::album_contents;
use crate::domain::library::albums::{self, AlbumChange, NewAlbum};
use crate::domain::library::{listings, reader};
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::{Json, Nullable, Query};
use crate::http::media_response::parse_id;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{Album, AlbumId, AlbumKind, AlbumSort, ItemId, Level};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/albums", || web::route().to(list_albums)).in_space(Level::View),
        Route::post("/api/albums", || web::route().to(create_album)).in_space(Level::Edit),
        Route::get("/api/albums/{album}", || web::route().to(get_album)).in_space(Level::View),
        Route::patch("/api/albums/{album}", || web::route().to(patch_album)).in_space(Level::Edit),
        Route::delete("/api/albums/{album}", || web::route().to(delete_album))
            .in_space(Level::Manage),
    ]
}

#[derive(Serialize, Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum AlbumKindWord {
    Album,
    Playlist,
}

#[derive(Serialize, Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum AlbumSortWord {
    Oldest,
    Newest,
    Name,
    Custom,
}

impl AlbumChangeBody {
    /// # Errors
    /// `Invalid` for a cover that is no id.
    pub(super) fn into_change(self) -> Result<AlbumChange> {
        let cover = match self.cover {
            Nullable::Missing => None,
            Nullable::Null => Some(None),
            Nullable::Value(text) => Some(Some(
                ItemId::parse(&text).ok_or_else(|| Error::field("cover", "The id of an item."))?,
            )),
        };
        Ok(AlbumChange {
            name: self.name,
            description: self.description,
            sort: self.sort.map(Into::into),
            cover,
            allows_comments: self.allows_comments,
        })
    }
}

impl From<AlbumKindWord> for AlbumKind {
    fn from(word: AlbumKindWord) -> Self {
        match word {
            AlbumKindWord::Album => Self::Album,
            AlbumKindWord::Playlist => Self::Playlist,
        }
    }
}

impl From<AlbumSortWord> for AlbumSort {
    fn from(word: AlbumSortWord) -> Self {
        match word {
            AlbumSortWord::Oldest => Self::Oldest,
            AlbumSortWord::Newest => Self::Newest,
            AlbumSortWord::Name => Self::Name,
            AlbumSortWord::Custom => Self::Custom,
        }
    }
}

/// An album or playlist.
#[derive(Serialize, ToSchema)]
#[schema(as = Album)]
pub struct AlbumBody {
    #[schema(format = "uuid")]
    id: String,
    #[schema(inline)]
    kind: AlbumKindWord,
    name: String,
    description: String,
    /// The album that contains it.
    #[schema(required = true, format = "uuid")]
    parent: Option<String>,
    /// The item that its owner has chosen for the cover; null for the first one.
    #[schema(required = true, format = "uuid")]
    cover: Option<String>,
    #[schema(inline)]
    sort: AlbumSortWord,
    /// How many items it shows: those in the trash are left out.
    items: i64,
    /// Whether users who see it can comment on it and like items.
    allows_comments: bool,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    updated_at: String,
}

impl AlbumBody {
    pub(super) fn from_album(album: &Album) -> Self {
        Self {
            id: album.id.to_string(),
            kind: match album.kind {
                AlbumKind::Album => AlbumKindWord::Album,
                AlbumKind::Playlist => AlbumKindWord::Playlist,
            },
            name: album.name.clone(),
            description: album.description.clone(),
            parent: album.parent_id.map(|id| id.to_string()),
            cover: album.cover_id.map(|id| id.to_string()),
            sort: match album.sort {
                AlbumSort::Oldest => AlbumSortWord::Oldest,
                AlbumSort::Newest => AlbumSortWord::Newest,
                AlbumSort::Name => AlbumSortWord::Name,
                AlbumSort::Custom => AlbumSortWord::Custom,
            },
            items: album.items,
            allows_comments: album.allows_comments,
            created_at: rfc3339(album.created_at),
            updated_at: rfc3339(album.updated_at),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlbumsQuery {
    /// `album` by default.
    #[param(inline)]
    kind: Option<AlbumKindWord>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// A page of albums.
#[derive(Serialize, ToSchema)]
pub struct AlbumsBody {
    albums: Vec<AlbumBody>,
    /// Where the next page starts; null on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// List albums or playlists, the last changed ones first.
#[utoipa::path(get, path = "/api/albums", tag = "Albums", params(AlbumsQuery),
    responses((status = 200, body = AlbumsBody)))]
pub(super) async fn list_albums(
    caller: ApiUser,
    request: HttpRequest,
    Query(query): Query<AlbumsQuery>,
) -> HandlerResult {
    let kind = query.kind.map_or(AlbumKind::Album, Into::into);
    let after = match &query.cursor {
        Some(text) => Some(albums::decode_position(text).ok_or_else(listings::bad_cursor)?),
        None => None,
    };
    let auth_session = caller.auth_session.clone();
    let (found, next) = run_blocking(&caller.services, move |services| {
        let user = &auth_session.user;
        reader::read(services, user.id, |reader| albums::list(reader, user, kind, after))
    })
    .await?;
    let albums = found.iter().map(|of| AlbumBody::from_album(&of.album)).collect();
    json_with_etag(&request, &AlbumsBody { albums, next_cursor: next.map(albums::encode_position) })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAlbumBody {
    #[schema(min_length = 1, max_length = 190, example = "Lisbon")]
    name: String,
    #[serde(default)]
    #[schema(required = false, max_length = 2000)]
    description: String,
    /// `album` by default.
    #[schema(inline)]
    kind: Option<AlbumKindWord>,
    /// The album that will contain it; none by default.
    #[schema(format = "uuid")]
    parent: Option<String>,
    /// Items to begin with, at most 1000.
    #[serde(default)]
    #[schema(required = false, max_items = 1000)]
    ids: Vec<String>,
}

/// Create an album or playlist.
#[utoipa::path(post, path = "/api/albums", tag = "Albums", request_body = NewAlbumBody,
    responses((status = 201, body = AlbumBody)))]
pub(super) async fn create_album(caller: ApiUser, Json(body): Json<NewAlbumBody>) -> HandlerResult {
    let parent = match body.parent.as_deref() {
        Some(text) => Some(
            AlbumId::parse(text).ok_or_else(|| Error::field("parent", "The id of an album."))?,
        ),
        None => None,
    };
    let ids = parse_ids(&body.ids)?;
    let new = NewAlbum {
        kind: body.kind.map_or(AlbumKind::Album, Into::into),
        name: body.name,
        description: body.description,
        parent,
    };
    let auth_session = caller.auth_session.clone();
    let created = run_blocking(&caller.services, move |services| {
        let authority = auth_session.authority();
        let id = if ids.is_empty() {
            albums::create(services, &authority, &new)?
        } else {
            album_contents::create_with(services, &authority, &new, &ids)?.0
        };
        albums::find(services, &auth_session.user, id)
    });
    json(StatusCode::CREATED, &AlbumBody::from_album(&created.await?))
}

pub(super) fn parse_album(text: &str) -> Result<AlbumId> {
    AlbumId::parse(text).ok_or(Error::NotFound)
}

pub(super) fn parse_ids(ids: &[String]) -> Result<Vec<ItemId>> {
    ids.iter().map(|id| parse_id(id)).collect()
}

/// Get an album.
#[utoipa::path(get, path = "/api/albums/{album}", tag = "Albums", params(("album" = String, Path, format = "uuid")),
    responses((status = 200, body = AlbumBody)))]
pub(super) async fn get_album(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<String>,
) -> HandlerResult {
    let (id, auth_session) = (parse_album(&path)?, caller.auth_session.clone());
    let album = run_blocking(&caller.services, move |services| {
        albums::find(services, &auth_session.user, id)
    });
    json_with_etag(&request, &AlbumBody::from_album(&album.await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlbumChangeBody {
    #[schema(min_length = 1, max_length = 190)]
    name: Option<String>,
    #[schema(max_length = 2000)]
    description: Option<String>,
    #[schema(inline)]
    sort: Option<AlbumSortWord>,
    /// An item of the album; null for the first one.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid", required = false)]
    cover: Nullable<String>,
    /// Whether users who see it can comment on it and like items. Of a shared album, only its owner changes it.
    allows_comments: Option<bool>,
}

/// Change an album; what is not named stays.
#[utoipa::path(patch, path = "/api/albums/{album}", tag = "Albums", params(("album" = String, Path, format = "uuid")),
    request_body = AlbumChangeBody, responses((status = 200, body = AlbumBody)))]
pub(super) async fn patch_album(
    caller: ApiUser,
    path: web::Path<String>,
    Json(body): Json<AlbumChangeBody>,
) -> HandlerResult {
    let (id, auth_session) = (parse_album(&path)?, caller.auth_session.clone());
    let change = body.into_change()?;
    let changed = run_blocking(&caller.services, move |services| {
        albums::change(services, &auth_session.authority(), id, &change)
    });
    ok(&AlbumBody::from_album(&changed.await?))
}

/// Delete an album and the albums in it; the items stay in the library.
#[utoipa::path(delete, path = "/api/albums/{album}", tag = "Albums", params(("album" = String, Path, format = "uuid")),
    responses((status = 204)))]
pub(super) async fn delete_album(caller: ApiUser, path: web::Path<String>) -> HandlerResult {
    let (id, auth_session) = (parse_album(&path)?, caller.auth_session.clone());
    let actor = caller.actor();
    run_blocking(&caller.services, move |services| {
        albums::delete(services, &auth_session.authority(), &actor, id)
    })
    .await?;
    no_content()
}
