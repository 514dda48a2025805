//! `/api/media/…`: listing, reading and changing items.

use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bodies::{ItemBody, KindWord};
use super::edit_media::RequestedDetails;
use super::respond::{cached, etag, json_with_etag, no_content, ok};
use crate::domain::library::items::{self, ItemChange};
use crate::domain::library::listings::{self, ListingQuery};
use crate::domain::library::{search, trash};
use crate::domain::previews;
use crate::domain::sharing::received_files;
use crate::domain::sharing::space_members;
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::{Json, Nullable, Query};
use crate::http::media_response::parse_id;
use crate::http::response::cache::{CacheKey, cached_response};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::item::ItemKind;
use crate::model::item_filter::ItemFilter;
use crate::model::{Area, DirectoryId, Item, Level, Shelf, Sort};
use crate::state::Services;
use crate::state::session_cache::AuthSession;

/// Items per page by default.
const DEFAULT_LIMIT: u8 = 50;
const MAX_LIMIT: u8 = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/media/list", || web::route().to(list_media)).in_space(Level::View),
        Route::get("/api/media/{id}", || web::route().to(get_media)).in_space(Level::View),
        Route::patch("/api/media/{id}", || web::route().to(patch_media)).in_space(Level::Edit),
        Route::delete("/api/media/{id}", || web::route().to(delete_media))
            .in_space(Level::Contribute),
        Route::post("/api/media/{id}/restore", || web::route().to(restore_media))
            .in_space(Level::Contribute),
        Route::post("/api/media/{id}/accept", || web::route().to(accept_media))
            .in_space(Level::Manage),
    ]
}

#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum ShelfWord {
    All,
    Photos,
    Videos,
    Audios,
    Uploads,
    Favorites,
    Recents,
    Trash,
    Received,
}

#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum SortWord {
    Newest,
    Oldest,
    Name,
    Largest,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// `all` by default.
    #[param(inline)]
    shelf: Option<ShelfWord>,
    /// Only items directly in this folder.
    #[param(format = "uuid")]
    directory: Option<String>,
    #[param(inline)]
    kind: Option<KindWord>,
    /// Prefixes of words in the name, title, artist, album, camera, lens, place, keywords or date.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Only what was taken in this year.
    #[param(minimum = 1, maximum = 9998)]
    year: Option<i32>,
    /// Only what was taken between these parallels and meridians: south, west, north and east in degrees, such as
    /// `38.6,-9.3,38.8,-9.1`. Not together with `q`.
    area: Option<String>,
    /// SHA-256 in hexadecimal: finds an identical file.
    #[param(pattern = "^[0-9a-f]{64}$")]
    sha256: Option<String>,
    /// `newest` by default and always with `q`; the shelves `recents`, `trash` and `received` have their own order.
    #[param(inline)]
    sort: Option<SortWord>,
    /// 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u8>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

impl ListQuery {
    /// Validates the parameters and converts them into a query of the domain. An error names the invalid parameter.
    fn into_listing_query(self) -> Result<ListingQuery> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Error::field("limit", "1 to 200."));
        }

        let directory = self.directory.as_deref().map(|text| {
            DirectoryId::parse(text).ok_or_else(|| Error::field("directory", "The id of a folder."))
        });

        let words = self.q.filter(|text| !text.trim().is_empty());
        if words.as_ref().is_some_and(|text| text.chars().count() > 200) {
            return Err(Error::field("q", "200 characters at most."));
        }

        if self.year.is_some_and(|year| !(1..=9998).contains(&year)) {
            return Err(Error::field("year", "1 to 9998."));
        }

        if self.area.is_some() && words.is_some() {
            return Err(Error::field("area", "Not together with `q`."));
        }

        // Only the form in which the API returns digests; another form would find nothing, so it is an error.
        let is_digest = |text: &str| {
            text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };

        if self.sha256.as_deref().is_some_and(|text| !is_digest(text)) {
            return Err(Error::field("sha256", "64 digits of lower-case hexadecimal."));
        }

        // The names in the API do not depend on those of the domain types.
        let filter = ItemFilter {
            is_dated: false,
            sha256: self.sha256,
            shelf: match self.shelf.unwrap_or(ShelfWord::All) {
                ShelfWord::All => Shelf::All,
                ShelfWord::Photos => Shelf::Photos,
                ShelfWord::Videos => Shelf::Videos,
                ShelfWord::Audios => Shelf::Audios,
                ShelfWord::Uploads => Shelf::Uploads,
                ShelfWord::Favorites => Shelf::Favorites,
                ShelfWord::Recents => Shelf::Recents,
                ShelfWord::Trash => Shelf::Trash,
                ShelfWord::Received => Shelf::Received,
            },
            directory: directory.transpose()?,
            kind: self.kind.map(|kind| match kind {
                KindWord::Photo => ItemKind::Photo,
                KindWord::Video => ItemKind::Video,
                KindWord::Audio => ItemKind::Audio,
                KindWord::Document => ItemKind::Document,
                KindWord::Other => ItemKind::Other,
            }),
            words: words.map(|text| search::query_words(&text)),
            year: self.year,
            area: self.area.as_deref().map(parse_area).transpose()?,
            // `floor` is used only within a search, which looks for results in steps.
            floor: None,
            others: Vec::new(),
        };

        let sort = match self.sort.unwrap_or(SortWord::Newest) {
            SortWord::Newest => Sort::Newest,
            SortWord::Oldest => Sort::Oldest,
            SortWord::Name => Sort::Name,
            SortWord::Largest => Sort::Largest,
        };
        Ok(ListingQuery { filter, sort, cursor: self.cursor, before: None, limit })
    }
}

fn parse_area(text: &str) -> Result<Area> {
    Area::parse(text).ok_or_else(|| {
        Error::field("area", "South, west, north and east in degrees: 38.6,-9.3,38.8,-9.1.")
    })
}

/// A page of items.
#[derive(Serialize, ToSchema)]
pub struct ListBody {
    items: Vec<ItemBody>,
    /// Where the next page starts; null on the last. A search may return a short or empty page before that.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// List items page by page. Items added in the meantime do not shift pages.
#[utoipa::path(get, path = "/api/media/list", tag = "Media", params(ListQuery), responses((status = 200, body = ListBody)))]
pub(super) async fn list_media(
    caller: ApiUser,
    request: HttpRequest,
    Query(query): Query<ListQuery>,
) -> HandlerResult {
    let (page, auth_session) = (query.into_listing_query()?, caller.auth_session.clone());
    space_members::ensure_shelf(&auth_session, page.filter.shelf)?;

    // The response depends only on the query and the library, so all sessions of the user share it in the cache.
    let key = CacheKey::ApiList { query: request.query_string().to_owned() };
    let api = caller.api_path();
    let list = cached_response(&caller.services, caller.user().id, Some(key), move |reader| {
        let page = listings::list_named(reader, &auth_session.user, &page)?;
        let items = page
            .items
            .iter()
            .map(|item| ItemBody::from_item(item, &page.directory_names, &api))
            .collect();
        etag(&ListBody { items, next_cursor: page.next.map(|cursor| cursor.encode()) })
    });
    cached(&request, list.await?)
}

/// Calls `work` on the blocking pool and converts the item that it returns into a JSON body with the name of its
/// folder.
async fn item_response(
    caller: &ApiUser,
    work: impl FnOnce(&Services, &AuthSession) -> Result<Item> + Send + 'static,
) -> Result<ItemBody> {
    let (auth_session, api) = (caller.auth_session.clone(), caller.api_path());
    run_blocking(&caller.services, move |services| {
        let item = work(services, &auth_session)?;
        let items = std::slice::from_ref(&item);
        let user = &auth_session.user;
        let names = listings::directory_names(services, user, items)?;
        let details = previews::details(services, user, item.id)?;
        Ok(ItemBody::from_item(&item, &names, &api).with_metadata(details))
    })
    .await
}

/// Get an item.
#[utoipa::path(get, path = "/api/media/{id}", tag = "Media", params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = ItemBody)))]
pub(super) async fn get_media(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<String>,
) -> HandlerResult {
    let id = parse_id(&path)?;
    json_with_etag(
        &request,
        &item_response(&caller, move |services, auth_session| {
            items::find(services, &auth_session.user, id)
        })
        .await?,
    )
}

/// Fields to change; missing ones stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ItemChange)]
pub struct ChangeBody {
    /// A name that is taken gets a number.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    favorite: Option<bool>,
    /// The folder to move to: the user's own, or the standard one for the kind of the item.
    #[schema(format = "uuid")]
    directory: Option<String>,
    /// When it was taken, in RFC 3339. A time in UTC is converted to the clock there. Null returns to what the file says.
    /// The file itself is not changed.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false, max_length = 40)]
    taken_at: Nullable<String>,
    /// In place of `taken_at`, by the local clock: `2019-07-04T15:30:12`, `2019-07-04`, `1962-08` or `1962`, optionally with
    /// an offset. An empty text returns to what the file says.
    #[schema(max_length = 40)]
    taken_local: Option<String>,
    /// An empty text removes it.
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// Replaces all tags.
    #[schema(max_items = 40)]
    tags: Option<Vec<String>>,
    /// Degrees, together with `longitude`. Null for both removes the place.
    #[serde(default)]
    #[schema(value_type = Option<f64>, required = false, minimum = -90, maximum = 90)]
    latitude: Nullable<f64>,
    /// Degrees, together with `latitude`.
    #[serde(default)]
    #[schema(value_type = Option<f64>, required = false, minimum = -180, maximum = 180)]
    longitude: Nullable<f64>,
    /// In place of both, latitude and longitude. An empty list removes the place.
    #[schema(max_items = 2)]
    position: Option<Vec<f64>>,
}

/// Rename, move or star an item, or change its details. Either all of it happens or nothing.
#[utoipa::path(patch, path = "/api/media/{id}", tag = "Media", params(("id" = String, Path, format = "uuid")),
    request_body = ChangeBody, responses((status = 200, body = ItemBody)))]
pub(super) async fn patch_media(
    caller: ApiUser,
    path: web::Path<String>,
    Json(body): Json<ChangeBody>,
) -> HandlerResult {
    let id = parse_id(&path)?;
    let directory = match body.directory.as_deref() {
        Some(text) => Some(
            DirectoryId::parse(text)
                .ok_or_else(|| Error::field("directory", "The id of a folder."))?,
        ),
        None => None,
    };
    let details = RequestedDetails {
        taken_at: body.taken_at,
        taken_local: body.taken_local,
        description: body.description,
        tags: body.tags,
        latitude: body.latitude,
        longitude: body.longitude,
        position: body.position,
    };
    let (name, favorite, details) = (body.name, body.favorite, details.into_change()?);
    let change = ItemChange { name, favorite, directory, details };
    ok(&item_response(&caller, move |services, auth_session| {
        items::change(services, &auth_session.authority(), id, &change)
    })
    .await?)
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeleteQuery {
    /// Delete permanently; only items in the trash.
    #[serde(default)]
    #[param(required = false)]
    permanent: bool,
}

/// Move an item to the trash, or delete it permanently.
#[utoipa::path(delete, path = "/api/media/{id}", tag = "Media",
    params(("id" = String, Path, format = "uuid"), DeleteQuery), responses((status = 204)))]
pub(super) async fn delete_media(
    caller: ApiUser,
    path: web::Path<String>,
    Query(query): Query<DeleteQuery>,
) -> HandlerResult {
    let id = parse_id(&path)?;
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        if query.permanent {
            trash::delete(services, &actor, &auth_session.authority(), &[id])
        } else {
            trash::trash(services, &auth_session.authority(), &[id])
        }
    })
    .await?;
    no_content()
}

/// Restore an item to where it was.
#[utoipa::path(post, path = "/api/media/{id}/restore", tag = "Media", params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = ItemBody)))]
pub(super) async fn restore_media(caller: ApiUser, path: web::Path<String>) -> HandlerResult {
    let id = parse_id(&path)?;
    let restored = item_response(&caller, move |services, auth_session| {
        trash::restore(services, &auth_session.authority(), &[id])?;
        items::find(services, &auth_session.user, id)
    });
    ok(&restored.await?)
}

/// Put an item into the library that a visitor of a share link has sent.
#[utoipa::path(post, path = "/api/media/{id}/accept", tag = "Media", params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = ItemBody)))]
pub(super) async fn accept_media(caller: ApiUser, path: web::Path<String>) -> HandlerResult {
    let (id, actor) = (parse_id(&path)?, caller.actor());
    let accepted = item_response(&caller, move |services, auth_session| {
        received_files::accept(services, &auth_session.authority(), &actor, &[id])?;
        items::find(services, &auth_session.user, id)
    });
    ok(&accepted.await?)
}
