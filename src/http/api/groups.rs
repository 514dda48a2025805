//! `/api/groups`: groups of users; and `/api/people`: the people to share with.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::respond::{json, json_with_etag, no_content, ok};
use crate::domain::sharing::groups::{self, GroupView};
use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::people;
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::{Json, Query};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{GroupId, User, UserId};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/groups", || web::route().to(list_groups)),
        Route::post("/api/groups", || web::route().to(create_group)),
        Route::get("/api/groups/{group}", || web::route().to(get_group)),
        Route::patch("/api/groups/{group}", || web::route().to(patch_group)),
        Route::delete("/api/groups/{group}", || web::route().to(delete_group)),
        Route::post("/api/groups/{group}/members", || web::route().to(add_member)),
        Route::patch("/api/groups/{group}/members/{member}", || web::route().to(patch_member)),
        Route::delete("/api/groups/{group}/members/{member}", || web::route().to(remove_member)),
        Route::get("/api/people", || web::route().to(list_people)),
    ]
}

/// A user as others see them.
#[derive(Serialize, ToSchema)]
#[schema(as = Person)]
pub struct PersonBody {
    id: i64,
    username: String,
    name: String,
}

impl PersonBody {
    fn from_user(user: &User) -> Self {
        Self { id: user.id.0, username: user.username.clone(), name: name_of(user) }
    }
}

/// A member of a group.
#[derive(Serialize, ToSchema)]
pub struct MemberBody {
    #[schema(inline)]
    person: PersonBody,
    is_manager: bool,
}

/// A group with its members.
#[derive(Serialize, ToSchema)]
#[schema(as = Group)]
pub struct GroupBody {
    #[schema(format = "uuid")]
    id: String,
    name: String,
    /// Whether the caller manages it.
    is_manager: bool,
    #[schema(inline)]
    members: Vec<MemberBody>,
}

impl GroupBody {
    fn from_view(view: &GroupView) -> Self {
        let member = |(member, user): &(crate::model::GroupMember, User)| MemberBody {
            person: PersonBody::from_user(user),
            is_manager: member.is_manager,
        };
        Self {
            id: view.group.id.to_string(),
            name: view.group.name.clone(),
            is_manager: view.is_manager,
            members: view.members.iter().map(member).collect(),
        }
    }
}

/// A group in a list.
#[derive(Serialize, ToSchema)]
pub struct ListedGroupBody {
    #[schema(format = "uuid")]
    id: String,
    name: String,
    /// How many members it has.
    members: i64,
}

#[derive(Serialize, ToSchema)]
pub struct GroupsBody {
    groups: Vec<ListedGroupBody>,
}

fn parse_group(text: &str) -> Result<GroupId> {
    GroupId::parse(text).ok_or(Error::NotFound)
}

/// List the groups that the user is in.
#[utoipa::path(get, path = "/api/groups", tag = "Sharing", responses((status = 200, body = GroupsBody)))]
pub(super) async fn list_groups(caller: ApiUser, request: HttpRequest) -> HandlerResult {
    let auth_session = caller.auth_session.clone();
    let found =
        run_blocking(&caller.services, move |services| groups::list(services, &auth_session.user))
            .await?;
    let listed = |(group, members): &(crate::model::Group, i64)| ListedGroupBody {
        id: group.id.to_string(),
        name: group.name.clone(),
        members: *members,
    };
    json_with_etag(&request, &GroupsBody { groups: found.iter().map(listed).collect() })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupNameBody {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Create a group, which the user manages.
#[utoipa::path(post, path = "/api/groups", tag = "Sharing", request_body = GroupNameBody,
    responses((status = 201, body = GroupBody)))]
pub(super) async fn create_group(
    caller: ApiUser,
    Json(body): Json<GroupNameBody>,
) -> HandlerResult {
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    let view = run_blocking(&caller.services, move |services| {
        let id = groups::create(services, &auth_session.authority(), &actor, &body.name)?;
        groups::view(services, &auth_session.user, id)
    })
    .await?;
    json(StatusCode::CREATED, &GroupBody::from_view(&view))
}

/// Get a group that the user is in.
#[utoipa::path(get, path = "/api/groups/{group}", tag = "Sharing", params(("group" = String, Path, format = "uuid")),
    responses((status = 200, body = GroupBody)))]
pub(super) async fn get_group(
    caller: ApiUser,
    request: HttpRequest,
    path: web::Path<String>,
) -> HandlerResult {
    let view = view_of(&caller, parse_group(&path)?).await?;
    json_with_etag(&request, &GroupBody::from_view(&view))
}

async fn view_of(caller: &ApiUser, id: GroupId) -> Result<GroupView> {
    let auth_session = caller.auth_session.clone();
    run_blocking(&caller.services, move |services| groups::view(services, &auth_session.user, id))
        .await
}

/// Rename a group; only for its managers.
#[utoipa::path(patch, path = "/api/groups/{group}", tag = "Sharing", params(("group" = String, Path, format = "uuid")),
    request_body = GroupNameBody, responses((status = 200, body = GroupBody)))]
pub(super) async fn patch_group(
    caller: ApiUser,
    path: web::Path<String>,
    Json(body): Json<GroupNameBody>,
) -> HandlerResult {
    let id = parse_group(&path)?;
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        groups::rename(services, &auth_session.authority(), &actor, id, &body.name)
    })
    .await?;
    ok(&GroupBody::from_view(&view_of(&caller, id).await?))
}

/// Delete a group; only for its managers. What was shared with it is not shared with its members any more.
#[utoipa::path(delete, path = "/api/groups/{group}", tag = "Sharing", params(("group" = String, Path, format = "uuid")),
    responses((status = 204)))]
pub(super) async fn delete_group(caller: ApiUser, path: web::Path<String>) -> HandlerResult {
    let id = parse_group(&path)?;
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        groups::delete(services, &auth_session.authority(), &actor, id)
    })
    .await?;
    no_content()
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMemberBody {
    #[schema(min_length = 1, max_length = 64)]
    username: String,
}

/// Add a user to a group; only for its managers.
#[utoipa::path(post, path = "/api/groups/{group}/members", tag = "Sharing",
    params(("group" = String, Path, format = "uuid")), request_body = NewMemberBody,
    responses((status = 200, body = GroupBody)))]
pub(super) async fn add_member(
    caller: ApiUser,
    path: web::Path<String>,
    Json(body): Json<NewMemberBody>,
) -> HandlerResult {
    let id = parse_group(&path)?;
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        groups::add_member(services, &auth_session.authority(), &actor, id, &body.username)
    })
    .await?;
    ok(&GroupBody::from_view(&view_of(&caller, id).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberChangeBody {
    is_manager: bool,
}

fn parse_member(path: &(String, String)) -> Result<(GroupId, UserId)> {
    let member = path.1.parse().map(UserId).map_err(|_| Error::NotFound)?;
    Ok((parse_group(&path.0)?, member))
}

/// Make a member a manager, or a manager an ordinary member; only for managers.
#[utoipa::path(patch, path = "/api/groups/{group}/members/{member}", tag = "Sharing",
    params(("group" = String, Path, format = "uuid"), ("member" = i64, Path)), request_body = MemberChangeBody,
    responses((status = 200, body = GroupBody)))]
pub(super) async fn patch_member(
    caller: ApiUser,
    path: web::Path<(String, String)>,
    Json(body): Json<MemberChangeBody>,
) -> HandlerResult {
    let (id, member) = parse_member(&path)?;
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        let authority = auth_session.authority();
        groups::set_manager(services, &authority, &actor, id, member, body.is_manager)
    })
    .await?;
    ok(&GroupBody::from_view(&view_of(&caller, id).await?))
}

/// Remove a member, or leave a group with one's own id.
#[utoipa::path(delete, path = "/api/groups/{group}/members/{member}", tag = "Sharing",
    params(("group" = String, Path, format = "uuid"), ("member" = i64, Path)), responses((status = 204)))]
pub(super) async fn remove_member(
    caller: ApiUser,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let (id, member) = parse_member(&path)?;
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        groups::remove_member(services, &auth_session.authority(), &actor, id, member)
    })
    .await?;
    no_content()
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    /// Parts of the name or username.
    #[param(max_length = 200)]
    q: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct PersonListBody {
    people: Vec<PersonBody>,
}

/// List the active users whom something can be shared with; none if the server does not list people.
#[utoipa::path(get, path = "/api/people", tag = "Sharing", params(PeopleQuery),
    responses((status = 200, body = PersonListBody)))]
pub(super) async fn list_people(
    caller: ApiUser,
    request: HttpRequest,
    Query(query): Query<PeopleQuery>,
) -> HandlerResult {
    let words = query.q.unwrap_or_default();
    if words.chars().count() > 200 {
        return Err(Error::field("q", "200 characters at most.").into());
    }
    let auth_session = caller.auth_session.clone();
    let people = run_blocking(&caller.services, move |services| {
        people::search(services, &auth_session.user, &words)
    })
    .await?;
    let body = PersonListBody { people: people.iter().map(PersonBody::from_user).collect() };
    json_with_etag(&request, &body)
}
