//! `/groups`: groups of users, and the page of one.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::sharing::groups::{self, GroupView};
use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::people;
use crate::error::{Error, Result};
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{
    redirect, redirect_back, redirect_back_with_errors, render, render_with_status, set_flash,
};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{GroupId, User, UserId};
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/groups", || web::route().to(show_groups)),
        Route::post("/groups", || web::route().to(submit_create)),
        Route::get("/groups/{group}", || web::route().to(show_group)),
        Route::post("/groups/{group}/rename", || web::route().to(submit_rename)),
        Route::post("/groups/{group}/members", || web::route().to(submit_add_member)),
        Route::post("/groups/{group}/members/{member}/remove", || {
            web::route().to(submit_remove_member)
        }),
        Route::post("/groups/{group}/members/{member}/manager", || web::route().to(submit_manager)),
        Route::post("/groups/{group}/leave", || web::route().to(submit_leave)),
        Route::get("/groups/{group}/delete", || web::route().to(show_delete)),
        Route::post("/groups/{group}/delete", || web::route().to(submit_delete)),
    ]
}

fn parse_group(text: &str) -> Result<GroupId> {
    GroupId::parse(text).ok_or(Error::NotFound)
}

#[derive(Template)]
#[template(path = "pages/sharing/groups.html")]
struct GroupsPage {
    layout: Layout,
    /// Id, name, and number of members.
    rows: Vec<(GroupId, String, String)>,
}

async fn show_groups(current: CurrentUser) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let found =
        run_blocking(&current.services, move |services| groups::list(services, &auth_session.user))
            .await?;
    let row = |(group, count): (crate::model::Group, i64)| {
        (group.id, group.name, count_of(count, "member"))
    };
    render(&GroupsPage {
        layout: Layout::load(&current, "/groups").await?,
        rows: found.into_iter().map(row).collect(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameForm {
    name: String,
}

async fn submit_create(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<NameForm>,
) -> HandlerResult {
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let name = form.name.clone();
    let created = run_blocking(&current.services, move |services| {
        groups::create(services, &auth_session.authority(), &actor, &name)
    });
    match created.await {
        Ok(id) => redirect(&format!("/groups/{id}")),
        Err(error) => {
            let kept = Some(("new-group", form.name));
            redirect_back_with_errors(&request, &current.cookie, error, kept)
        }
    }
}

/// A member of a group.
struct MemberRow {
    id: UserId,
    name: String,
    username: String,
    is_manager: bool,
    is_self: bool,
}

#[derive(Template)]
#[template(path = "pages/sharing/group.html")]
struct GroupPage {
    layout: Layout,
    id: GroupId,
    name: String,
    members: Vec<MemberRow>,
    is_manager: bool,
    /// Who can be added.
    people: Vec<User>,
    person: String,
    problem: Option<String>,
}

async fn show_group(current: CurrentUser, path: web::Path<String>) -> HandlerResult {
    let page = group_page(&current, parse_group(&path)?, String::new(), None).await?;
    render(&page)
}

async fn group_page(
    current: &CurrentUser,
    id: GroupId,
    person: String,
    problem: Option<String>,
) -> Result<GroupPage> {
    let auth_session = current.auth_session.clone();
    let (view, people) = run_blocking(&current.services, move |services| {
        let view = groups::view(services, &auth_session.user, id)?;
        let mut people = people::list(services, &auth_session.user)?;
        people.retain(|person| view.members.iter().all(|(member, _)| member.user_id != person.id));
        Ok((view, people))
    })
    .await?;
    let GroupView { group, members, is_manager } = view;
    let user = current.user().id;
    let row = |(member, of): (crate::model::GroupMember, User)| MemberRow {
        id: of.id,
        name: name_of(&of),
        is_manager: member.is_manager,
        is_self: of.id == user,
        username: of.username,
    };
    Ok(GroupPage {
        layout: Layout::load(current, "/groups").await?,
        id,
        name: group.name,
        members: members.into_iter().map(row).collect(),
        is_manager,
        people,
        person,
        problem,
    })
}

async fn submit_rename(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<NameForm>,
) -> HandlerResult {
    let id = parse_group(&path)?;
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let name = form.name.clone();
    let renamed = run_blocking(&current.services, move |services| {
        groups::rename(services, &auth_session.authority(), &actor, id, &name)
    });
    match renamed.await {
        Ok(()) => redirect_back(&request, &current.cookie, msg!("Group renamed")),
        Err(error) => {
            let kept = Some(("group-name", form.name));
            redirect_back_with_errors(&request, &current.cookie, error, kept)
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberForm {
    /// A username.
    person: String,
}

async fn submit_add_member(
    current: CurrentUser,
    path: web::Path<String>,
    Form(form): Form<MemberForm>,
) -> HandlerResult {
    let id = parse_group(&path)?;
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let person = form.person.clone();
    let added = run_blocking(&current.services, move |services| {
        groups::add_member(services, &auth_session.authority(), &actor, id, &person)
    });
    match added.await {
        Ok(()) => {
            set_flash(&current.cookie, msg!("Member added"))?;
            redirect(&format!("/groups/{id}"))
        }
        Err(Error::Invalid(errors)) => {
            let problem = errors.into_iter().next().map(|error| error.message);
            let page = group_page(&current, id, form.person, problem).await?;
            render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

fn parse_member(path: &(String, String)) -> Result<(GroupId, UserId)> {
    let member = path.1.parse().map(UserId).map_err(|_| Error::NotFound)?;
    Ok((parse_group(&path.0)?, member))
}

async fn submit_remove_member(
    current: CurrentUser,
    path: web::Path<(String, String)>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let (id, member) = parse_member(&path)?;
    remove_member(&current, id, member).await?;
    set_flash(&current.cookie, msg!("Member removed"))?;
    redirect(&format!("/groups/{id}"))
}

async fn remove_member(current: &CurrentUser, id: GroupId, member: UserId) -> Result<()> {
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    run_blocking(&current.services, move |services| {
        groups::remove_member(services, &auth_session.authority(), &actor, id, member)
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManagerForm {
    /// `yes` or `no`.
    manager: String,
}

async fn submit_manager(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    Form(form): Form<ManagerForm>,
) -> HandlerResult {
    let (id, member) = parse_member(&path)?;
    let is_manager = form.manager == "yes";
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    run_blocking(&current.services, move |services| {
        groups::set_manager(services, &auth_session.authority(), &actor, id, member, is_manager)
    })
    .await?;
    let text = if is_manager { msg!("They manage it now") } else { msg!("They are a member now") };
    redirect_back(&request, &current.cookie, text)
}

async fn submit_leave(
    current: CurrentUser,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse_group(&path)?;
    remove_member(&current, id, current.user().id).await?;
    set_flash(&current.cookie, msg!("You have left the group"))?;
    redirect("/groups")
}

#[derive(Template)]
#[template(path = "pages/sharing/group_delete.html")]
struct DeletePage {
    layout: Layout,
    id: GroupId,
    name: String,
}

async fn show_delete(current: CurrentUser, path: web::Path<String>) -> HandlerResult {
    let id = parse_group(&path)?;
    let auth_session = current.auth_session.clone();
    let view = run_blocking(&current.services, move |services| {
        groups::view(services, &auth_session.user, id)
    })
    .await?;
    if !view.is_manager {
        return Err(Error::Forbidden(msg!("Only managers of a group can change it.")).into());
    }
    let layout = Layout::load(&current, "/groups").await?;
    render(&DeletePage { layout, id, name: view.group.name })
}

async fn submit_delete(
    current: CurrentUser,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse_group(&path)?;
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    run_blocking(&current.services, move |services| {
        groups::delete(services, &auth_session.authority(), &actor, id)
    })
    .await?;
    set_flash(&current.cookie, msg!("Group deleted"))?;
    redirect("/groups")
}
