//! `/spaces`: the spaces of the user, and the members of one. What a space contains is shown by the pages of libraries, below
//! `/spaces/{space}`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::accounts::spaces;
use crate::domain::sharing::grantees::NamedGrant;
use crate::domain::sharing::grants::GrantChange;
use crate::domain::sharing::space_members::{self, JoinedSpace};
use crate::domain::sharing::{groups, people};
use crate::error::{Error, FieldError, Result};
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{
    redirect, redirect_back_with_errors, render, render_with_status, set_flash,
};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::space_paths::space_path;
use crate::model::{GrantId, Group, GroupId, Level, User, UserId};
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/spaces", || web::route().to(show_spaces)),
        Route::post("/spaces", || web::route().to(submit_create)),
        Route::get("/spaces/{space}", || web::route().to(show_space)).in_space(Level::View),
        Route::get("/spaces/{space}/members", || web::route().to(show_members))
            .in_space(Level::View),
        Route::post("/spaces/{space}/members", || web::route().to(submit_add))
            .in_space(Level::Manage),
        Route::post("/spaces/{space}/members/{grant}/change", || web::route().to(submit_level))
            .in_space(Level::Manage),
        Route::post("/spaces/{space}/members/{grant}/remove", || web::route().to(submit_remove))
            .in_space(Level::Manage),
        Route::post("/spaces/{space}/leave", || web::route().to(submit_leave))
            .in_space(Level::View),
        Route::post("/spaces/{space}/rename", || web::route().to(submit_rename))
            .in_space(Level::Manage),
        Route::get("/spaces/{space}/delete", || web::route().to(show_delete))
            .in_space(Level::Manage),
        Route::post("/spaces/{space}/delete", || web::route().to(submit_delete))
            .in_space(Level::Manage),
    ]
}

/// A space in the list.
struct SpaceRow {
    id: UserId,
    name: String,
    level: Level,
    people: String,
    size: String,
}

#[derive(Template)]
#[template(path = "pages/sharing/spaces.html")]
struct SpacesPage {
    layout: Layout,
    rows: Vec<SpaceRow>,
    may_create: bool,
}

async fn show_spaces(current: CurrentUser) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let joined = run_blocking(&current.services, move |services| {
        space_members::list_joined(services, &auth_session.user)
    })
    .await?;
    let row = |joined: JoinedSpace| SpaceRow {
        id: joined.space.id,
        level: joined.level,
        people: count_of(i64::try_from(joined.people).unwrap_or(i64::MAX), "member"),
        size: v::size(joined.space.used_bytes).words,
        name: joined.space.firstname,
    };
    render(&SpacesPage {
        layout: Layout::load(&current, "/spaces").await?,
        rows: joined.into_iter().map(row).collect(),
        may_create: spaces::may_create(&current.services, current.user()),
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
        spaces::create(services, &auth_session.authority(), &actor, &name)
    });
    match created.await {
        Ok(id) => {
            set_flash(&current.cookie, msg!("Space created. Add its members here."))?;
            redirect(&format!("{}/members", space_path(id)))
        }
        Err(error) => {
            let kept = Some(("new-space", form.name));
            redirect_back_with_errors(&request, &current.cookie, error, kept)
        }
    }
}

async fn show_space(current: CurrentUser) -> HandlerResult {
    redirect(&format!("{}/photos", space_path(current.user().id)))
}

/// A member, or a group whose members all are.
struct MemberRow {
    grant: GrantId,
    name: String,
    is_group: bool,
    is_self: bool,
    level: Level,
}

#[derive(Template)]
#[template(path = "pages/sharing/space_members.html")]
struct MembersPage {
    layout: Layout,
    id: UserId,
    name: String,
    rows: Vec<MemberRow>,
    /// Who can be added.
    people: Vec<User>,
    groups: Vec<(Group, i64)>,
    /// Whether usernames are typed, because users do not see each other.
    is_typed: bool,
    form: MemberForm,
    errors: Vec<FieldError>,
}

impl MembersPage {
    /// The levels with what they mean.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn levels(&self) -> [(&'static str, &'static str, &'static str); 4] {
        Level::OF_SPACES.map(|level| (level.as_str(), level.title(), meaning(level)))
    }

    fn error(&self, field: &str) -> Option<&str> {
        let found = self.errors.iter().find(|error| error.field == field);
        found.map(|error| error.message.as_ref())
    }

    fn is_level(&self, level: &str) -> bool {
        let chosen =
            if self.form.level.is_empty() { Level::Edit.as_str() } else { &self.form.level };
        chosen == level
    }

    fn has_group(&self, group: &Group) -> bool {
        self.form.groups.contains(&group.id.to_string())
    }
}

const fn meaning(level: Level) -> &'static str {
    match level {
        Level::View => msg!("See and download everything, and comment on it."),
        Level::Contribute => msg!("Also add files."),
        Level::Edit => {
            msg!("Also organize: folders, albums, dates and tags; move items to the trash.")
        }
        Level::Manage => msg!("Also choose members, share with others, and delete for good."),
    }
}

async fn show_members(current: CurrentUser) -> HandlerResult {
    render(&members_page(&current, MemberForm::default(), Vec::new()).await?)
}

async fn members_page(
    current: &CurrentUser,
    form: MemberForm,
    errors: Vec<FieldError>,
) -> Result<MembersPage> {
    let auth_session = current.auth_session.clone();
    let (members, people, groups) = run_blocking(&current.services, move |services| {
        let person = auth_session.person();
        let members = space_members::list(services, &auth_session.user)?;
        if !auth_session.may(Level::Manage) {
            return Ok((members, Vec::new(), Vec::new()));
        }
        let is_new = |id| members.iter().all(|member| member.grant.user_id != Some(id));
        let mut people = people::list(services, person)?;
        people.retain(|person| is_new(person.id));
        let mut groups = groups::list(services, person)?;
        groups.retain(|(group, _)| {
            members.iter().all(|member| member.grant.group_id != Some(group.id))
        });
        Ok((members, people, groups))
    })
    .await?;
    let person = current.auth_session.person().id;
    let row = |member: NamedGrant| MemberRow {
        grant: member.grant.id,
        is_group: member.grant.group_id.is_some(),
        is_self: member.grant.user_id == Some(person),
        level: member.grant.level,
        name: member.grantee,
    };
    let space = current.user();
    let path = format!("{}/members", space_path(space.id));
    Ok(MembersPage {
        id: space.id,
        name: space.firstname.clone(),
        layout: Layout::load(current, &path).await?,
        rows: members.into_iter().map(row).collect(),
        people,
        groups,
        is_typed: !current.services.settings.lists_people,
        form,
        errors,
    })
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct MemberForm {
    /// Usernames; where they are typed, separated by spaces or commas.
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    level: String,
}

async fn submit_add(current: CurrentUser, Form(form): Form<MemberForm>) -> HandlerResult {
    let level = Level::parse(&form.level).ok_or(Error::BadRequest("Unknown level.".into()))?;
    let is_separator = |sign: char| sign == ',' || sign.is_whitespace();
    let usernames: Vec<String> = form
        .people
        .iter()
        .flat_map(|text| text.split(is_separator))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let groups: Option<Vec<GroupId>> = form.groups.iter().map(|id| GroupId::parse(id)).collect();
    let groups = groups.ok_or(Error::NotFound)?;
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let added = run_blocking(&current.services, move |services| {
        space_members::add(services, &auth_session.authority(), &actor, usernames, groups, level)
    });
    match added.await {
        Ok(_) => {
            set_flash(&current.cookie, msg!("Members added"))?;
            back_to_members(&current)
        }
        Err(Error::Invalid(errors)) => {
            let page = members_page(&current, form, errors).await?;
            render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

fn back_to_members(current: &CurrentUser) -> HandlerResult {
    redirect(&format!("{}/members", space_path(current.user().id)))
}

fn parse_grant(path: &(String, String)) -> Result<GrantId> {
    GrantId::parse(&path.1).ok_or(Error::NotFound)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelForm {
    level: String,
}

async fn submit_level(
    current: CurrentUser,
    path: web::Path<(String, String)>,
    Form(form): Form<LevelForm>,
) -> HandlerResult {
    let id = parse_grant(&path)?;
    let level = Level::parse(&form.level).ok_or(Error::BadRequest("Unknown level.".into()))?;
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let changed = run_blocking(&current.services, move |services| {
        let change = GrantChange { level: Some(level), ..GrantChange::default() };
        space_members::change(services, &auth_session.authority(), &actor, id, &change)
    });
    finish(&current, changed.await.map(drop), msg!("Saved"))
}

async fn submit_remove(
    current: CurrentUser,
    path: web::Path<(String, String)>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = parse_grant(&path)?;
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let removed = run_blocking(&current.services, move |services| {
        space_members::remove(services, &auth_session.authority(), &actor, id)
    });
    finish(&current, removed.await.map(drop), msg!("Member removed"))
}

/// Goes back to the list of members with a message: that it was done, or why not.
fn finish(current: &CurrentUser, done: Result<()>, text: &'static str) -> HandlerResult {
    match done {
        Ok(()) => set_flash(&current.cookie, text)?,
        Err(Error::Conflict(why)) => set_flash(&current.cookie, why)?,
        Err(error) => return Err(error.into()),
    }
    back_to_members(current)
}

async fn submit_leave(current: CurrentUser, _: Form<EmptyForm>) -> HandlerResult {
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let left = run_blocking(&current.services, move |services| {
        space_members::leave(services, &auth_session.authority(), &actor)
    });
    match left.await {
        Ok(()) => {
            set_flash(&current.cookie, msg!("You have left the space"))?;
            redirect("/spaces")
        }
        Err(Error::Conflict(why)) => {
            set_flash(&current.cookie, why)?;
            back_to_members(&current)
        }
        Err(error) => Err(error.into()),
    }
}

async fn submit_rename(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<NameForm>,
) -> HandlerResult {
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let name = form.name.clone();
    let renamed = run_blocking(&current.services, move |services| {
        spaces::rename(services, &auth_session.authority(), &actor, &name)
    });
    match renamed.await {
        Ok(()) => finish(&current, Ok(()), msg!("Space renamed")),
        Err(error) => {
            let kept = Some(("space-name", form.name));
            redirect_back_with_errors(&request, &current.cookie, error, kept)
        }
    }
}

#[derive(Template)]
#[template(path = "pages/sharing/space_delete.html")]
struct DeletePage {
    layout: Layout,
    id: UserId,
    name: String,
    items: String,
}

async fn show_delete(current: CurrentUser) -> HandlerResult {
    let space = current.user();
    let path = format!("{}/members", space_path(space.id));
    let layout = Layout::load(&current, &path).await?;
    let items = count_of(layout.summary.count(crate::model::Shelf::All).0, "item");
    render(&DeletePage { layout, id: space.id, name: space.firstname.clone(), items })
}

async fn submit_delete(current: CurrentUser, _: Form<EmptyForm>) -> HandlerResult {
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    run_blocking(&current.services, move |services| {
        spaces::delete(services, &auth_session.authority(), &actor)
    })
    .await?;
    set_flash(&current.cookie, msg!("Space deleted"))?;
    redirect("/spaces")
}
