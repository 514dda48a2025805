//! `/api/spaces`: spaces of the user and their members. What a space contains is below `/api/spaces/{space}`, at the paths of
//! the user's own library.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::grants::LevelWord;
use super::respond::{json, json_with_etag, no_content};
use crate::domain::accounts::spaces;
use crate::domain::sharing::grantees::NamedGrant;
use crate::domain::sharing::grants::GrantChange;
use crate::domain::sharing::space_members::{self, JoinedSpace};
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::Json;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{GrantId, GroupId, Level, User};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/spaces", || web::route().to(list_spaces)),
        Route::post("/api/spaces", || web::route().to(create_space)),
        Route::get("/api/spaces/{space}", || web::route().to(get_space)).in_space(Level::View),
        Route::patch("/api/spaces/{space}", || web::route().to(patch_space))
            .in_space(Level::Manage),
        Route::delete("/api/spaces/{space}", || web::route().to(delete_space))
            .in_space(Level::Manage),
        Route::post("/api/spaces/{space}/leave", || web::route().to(leave_space))
            .in_space(Level::View),
        Route::get("/api/spaces/{space}/members", || web::route().to(list_members))
            .in_space(Level::View),
        Route::post("/api/spaces/{space}/members", || web::route().to(add_members))
            .in_space(Level::Manage),
        Route::patch("/api/spaces/{space}/members/{grant}", || web::route().to(patch_member))
            .in_space(Level::Manage),
        Route::delete("/api/spaces/{space}/members/{grant}", || web::route().to(remove_member))
            .in_space(Level::Manage),
    ]
}

/// A library that several people share.
#[derive(Serialize, ToSchema)]
#[schema(as = Space)]
pub struct SpaceBody {
    id: i64,
    name: String,
    #[schema(inline)]
    level: LevelWord,
    used_bytes: i64,
    /// 0 means no limit.
    quota_bytes: i64,
}

impl SpaceBody {
    fn new(space: &User, level: Level) -> Self {
        Self {
            id: space.id.0,
            name: space.firstname.clone(),
            level: level.into(),
            used_bytes: space.used_bytes,
            quota_bytes: space.quota_bytes,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Spaces)]
pub struct SpacesBody {
    spaces: Vec<SpaceBody>,
}

/// List the spaces that the user is a member of.
#[utoipa::path(get, path = "/api/spaces", tag = "Spaces", responses((status = 200, body = SpacesBody)))]
pub(super) async fn list_spaces(caller: ApiUser, request: HttpRequest) -> HandlerResult {
    let auth_session = caller.auth_session.clone();
    let joined = run_blocking(&caller.services, move |services| {
        space_members::list_joined(services, &auth_session.user)
    })
    .await?;
    let body = |joined: &JoinedSpace| SpaceBody::new(&joined.space, joined.level);
    json_with_etag(&request, &SpacesBody { spaces: joined.iter().map(body).collect() })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpaceNameBody {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Create a space, which the user manages. Where only admins may, others get 403.
#[utoipa::path(post, path = "/api/spaces", tag = "Spaces", request_body = SpaceNameBody,
    responses((status = 201, body = SpaceBody)))]
pub(super) async fn create_space(
    caller: ApiUser,
    Json(body): Json<SpaceNameBody>,
) -> HandlerResult {
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    let space = run_blocking(&caller.services, move |services| {
        let id = spaces::create(services, &auth_session.authority(), &actor, &body.name)?;
        spaces::find(services, id)
    })
    .await?;
    json(StatusCode::CREATED, &SpaceBody::new(&space, Level::Manage))
}

/// Get a space. Its library is below this address: `/api/spaces/{space}/media/list`, and so on.
#[utoipa::path(get, path = "/api/spaces/{space}", tag = "Spaces", params(("space" = i64, Path, minimum = 1)),
    responses((status = 200, body = SpaceBody)))]
pub(super) async fn get_space(caller: ApiUser, request: HttpRequest) -> HandlerResult {
    json_with_etag(&request, &space_of(&caller, caller.user())?)
}

fn space_of(caller: &ApiUser, space: &User) -> Result<SpaceBody> {
    let membership = caller.auth_session.membership.as_ref().ok_or(Error::NotFound)?;
    Ok(SpaceBody::new(space, membership.level))
}

/// Rename a space; only for its managers.
#[utoipa::path(patch, path = "/api/spaces/{space}", tag = "Spaces", params(("space" = i64, Path, minimum = 1)),
    request_body = SpaceNameBody, responses((status = 200, body = SpaceBody)))]
pub(super) async fn patch_space(caller: ApiUser, Json(body): Json<SpaceNameBody>) -> HandlerResult {
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    let space = run_blocking(&caller.services, move |services| {
        spaces::rename(services, &auth_session.authority(), &actor, &body.name)?;
        spaces::find(services, auth_session.user.id)
    })
    .await?;
    json(StatusCode::OK, &space_of(&caller, &space)?)
}

/// Delete a space; only for its managers. Its folder stays on the server's disk.
#[utoipa::path(delete, path = "/api/spaces/{space}", tag = "Spaces", params(("space" = i64, Path, minimum = 1)),
    responses((status = 204)))]
pub(super) async fn delete_space(caller: ApiUser) -> HandlerResult {
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        spaces::delete(services, &auth_session.authority(), &actor)
    })
    .await?;
    no_content()
}

/// Leave a space. The user can come back within 30 days.
#[utoipa::path(post, path = "/api/spaces/{space}/leave", tag = "Spaces", params(("space" = i64, Path, minimum = 1)),
    responses((status = 204)))]
pub(super) async fn leave_space(caller: ApiUser) -> HandlerResult {
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        space_members::leave(services, &auth_session.authority(), &actor)
    })
    .await?;
    no_content()
}

/// A member of a space, or a group whose members all are.
#[derive(Serialize, ToSchema)]
#[schema(as = SpaceMember)]
pub struct SpaceMemberBody {
    #[schema(format = "uuid")]
    id: String,
    name: String,
    is_group: bool,
    #[schema(inline)]
    level: LevelWord,
}

impl SpaceMemberBody {
    fn from_member(member: &NamedGrant) -> Self {
        Self {
            id: member.grant.id.to_string(),
            name: member.grantee.clone(),
            is_group: member.grant.group_id.is_some(),
            level: member.grant.level.into(),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = SpaceMembers)]
pub struct SpaceMembersBody {
    members: Vec<SpaceMemberBody>,
}

async fn members_of(caller: &ApiUser) -> Result<SpaceMembersBody> {
    let auth_session = caller.auth_session.clone();
    let members = run_blocking(&caller.services, move |services| {
        space_members::list(services, &auth_session.user)
    })
    .await?;
    Ok(SpaceMembersBody { members: members.iter().map(SpaceMemberBody::from_member).collect() })
}

/// List the members of a space.
#[utoipa::path(get, path = "/api/spaces/{space}/members", tag = "Spaces",
    params(("space" = i64, Path, minimum = 1)), responses((status = 200, body = SpaceMembersBody)))]
pub(super) async fn list_members(caller: ApiUser, request: HttpRequest) -> HandlerResult {
    json_with_etag(&request, &members_of(&caller).await?)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMembersBody {
    /// Usernames.
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    #[schema(max_items = 200)]
    groups: Vec<String>,
    #[schema(inline)]
    level: LevelWord,
}

/// Add people and groups to a space, or give members another level; only for its managers.
#[utoipa::path(post, path = "/api/spaces/{space}/members", tag = "Spaces",
    params(("space" = i64, Path, minimum = 1)), request_body = NewMembersBody,
    responses((status = 201, body = SpaceMembersBody)))]
pub(super) async fn add_members(
    caller: ApiUser,
    Json(body): Json<NewMembersBody>,
) -> HandlerResult {
    let groups: Option<Vec<GroupId>> = body.groups.iter().map(|id| GroupId::parse(id)).collect();
    let groups = groups.ok_or_else(|| Error::field("groups", "UUIDs of groups."))?;
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        let authority = auth_session.authority();
        space_members::add(services, &authority, &actor, body.people, groups, body.level.into())
    })
    .await?;
    json(StatusCode::CREATED, &members_of(&caller).await?)
}

fn parse_member(path: &(String, String)) -> Result<GrantId> {
    GrantId::parse(&path.1).ok_or(Error::NotFound)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberLevelBody {
    #[schema(inline)]
    level: LevelWord,
}

/// Give a member of a space another level; only for its managers. The last manager stays one.
#[utoipa::path(patch, path = "/api/spaces/{space}/members/{grant}", tag = "Spaces",
    params(("space" = i64, Path, minimum = 1), ("grant" = String, Path, format = "uuid")),
    request_body = MemberLevelBody, responses((status = 200, body = SpaceMembersBody)))]
pub(super) async fn patch_member(
    caller: ApiUser,
    path: web::Path<(String, String)>,
    Json(body): Json<MemberLevelBody>,
) -> HandlerResult {
    let id = parse_member(&path)?;
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        let change = GrantChange { level: Some(body.level.into()), ..GrantChange::default() };
        space_members::change(services, &auth_session.authority(), &actor, id, &change)
    })
    .await?;
    json(StatusCode::OK, &members_of(&caller).await?)
}

/// Remove a member from a space; only for its managers. What they have added stays.
#[utoipa::path(delete, path = "/api/spaces/{space}/members/{grant}", tag = "Spaces",
    params(("space" = i64, Path, minimum = 1), ("grant" = String, Path, format = "uuid")), responses((status = 204)))]
pub(super) async fn remove_member(
    caller: ApiUser,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let id = parse_member(&path)?;
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        space_members::remove(services, &auth_session.authority(), &actor, id)
    })
    .await?;
    no_content()
}
