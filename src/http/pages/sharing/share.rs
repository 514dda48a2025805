//! `/share`: shares an album, folder or item of the user with people and groups, and shows who sees it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::link_form::{LinkForm, LinkRow, error_of};
use super::share_subject::{library_of, subject_href, subject_of, subject_query};
use crate::config::LinkPolicy;
use crate::domain::sharing::grantees::{self, NamedGrant};
use crate::domain::sharing::grants::{self, GrantChange, NewGrants};
use crate::domain::sharing::share_link_lists::{self, LinkState};
use crate::domain::sharing::{file_requests, groups, people};
use crate::error::{Error, FieldError, Result};
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components as v;
use crate::http::pages::components::end_date::{end_date, parse_end};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{
    redirect, redirect_back_with_errors, render_with_status, set_flash,
};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{
    Gives, Grant, GrantId, Group, GroupId, Level, LinkUploads, Subject, TimeZone, User,
};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/share", || web::route().to(show_share)).in_space(Level::Manage),
        Route::post("/share", || web::route().to(submit_share)).in_space(Level::Manage),
        Route::post("/share/{grant}/change", || web::route().to(submit_change))
            .in_space(Level::Manage),
        Route::post("/share/{grant}/end", || web::route().to(submit_end)).in_space(Level::Manage),
    ]
}

/// What is shared; one of the four is set.
#[derive(Deserialize, Default)]
struct ShareQuery {
    #[serde(default)]
    album: String,
    #[serde(default)]
    directory: String,
    #[serde(default)]
    item: String,
    /// Set for the user's whole library.
    #[serde(default)]
    library: String,
    /// What is chosen in the form of a new link.
    #[serde(default)]
    uploads: String,
}

/// Somebody who sees it.
struct GrantRow {
    id: GrantId,
    name: String,
    is_group: bool,
    level: Level,
    gives: Gives,
    ends: Option<String>,
}

impl GrantRow {
    fn from_named(named: NamedGrant, zone: &TimeZone) -> Self {
        let NamedGrant { grant, grantee } = named;
        Self {
            id: grant.id,
            name: grantee,
            is_group: grant.group_id.is_some(),
            ends: grant.ends_at.map(|at| end_date(at, zone)),
            level: grant.level,
            gives: grant.gives,
        }
    }

    fn is_level(&self, level: Level) -> bool {
        self.level == level
    }

    fn is_gives(&self, gives: Gives) -> bool {
        self.gives == gives
    }
}

#[derive(Template)]
#[template(path = "pages/sharing/share.html")]
pub(crate) struct SharePage {
    layout: Layout,
    subject: Subject,
    title: String,
    rows: Vec<GrantRow>,
    people: Vec<User>,
    groups: Vec<(Group, i64)>,
    levels: Vec<Level>,
    share: ShareForm,
    share_errors: Vec<FieldError>,
    /// Links to it, and the form of a new one; `None` where the server has no links.
    links: Vec<LinkRow>,
    has_links: bool,
    /// Whether it is the whole library, of which everything is given.
    is_library: bool,
    /// Whether files can be sent to it.
    can_take_files: bool,
    needs_password: bool,
    form: LinkForm,
    errors: Vec<FieldError>,
}

impl SharePage {
    fn back(&self) -> String {
        subject_href(self.subject)
    }

    /// Name and value of the field that names the subject.
    fn subject_field(&self) -> (&'static str, String) {
        match self.subject {
            Subject::Album(id) => ("album", id.to_string()),
            Subject::Directory(id) => ("directory", id.to_string()),
            Subject::Item(id) => ("item", id.to_string()),
            Subject::Library(_) => ("library", "mine".to_owned()),
        }
    }

    /// This page with the form of a file request.
    fn request_href(&self) -> String {
        format!("/share?{}&uploads=request#by-link", subject_query(self.subject))
    }

    /// What is wrong with a field of the form of a new link.
    fn error(&self, field: &str) -> Option<&str> {
        error_of(&self.errors, field)
    }

    fn share_error(&self, field: &str) -> Option<&str> {
        error_of(&self.share_errors, field)
    }

    fn is_level(&self, level: Level) -> bool {
        self.share.level == level.as_str() || (self.share.level.is_empty() && level == Level::View)
    }

    fn is_gives(&self, gives: Gives) -> bool {
        self.share.gives == gives.as_str()
            || (self.share.gives.is_empty() && gives == Gives::Originals)
    }

    fn is_person(&self, person: &User) -> bool {
        self.share.people.contains(&person.username)
    }

    fn typed_people(&self) -> String {
        self.share.people.join(", ")
    }

    fn is_group(&self, group: &Group) -> bool {
        self.share.groups.contains(&group.id.to_string())
    }

    /// What a level lets others do with this subject.
    fn level_hint(&self, level: Level) -> &'static str {
        match (level, self.subject) {
            (Level::View, Subject::Library(_)) => {
                msg!("Look at everything in it, and download it. Nothing can be changed.")
            }
            (Level::View, _) => msg!("Look at it, and download if you allow it below."),
            (Level::Contribute, Subject::Directory(_)) => {
                msg!("Also upload files to it. They belong to you and count towards your storage.")
            }
            (Level::Contribute, _) => {
                msg!("Also add photos of their own, and remove these again.")
            }
            (Level::Edit | Level::Manage, _) => {
                msg!("Also rename and arrange it, and remove any item.")
            }
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShareForm {
    #[serde(default)]
    album: String,
    #[serde(default)]
    directory: String,
    #[serde(default)]
    item: String,
    #[serde(default)]
    library: String,
    /// Usernames; where they are typed, separated by spaces or commas.
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    level: String,
    #[serde(default)]
    gives: String,
    /// A date, such as `2026-12-31`; it ends with that day.
    #[serde(default)]
    ends: String,
    #[serde(default)]
    note: String,
}

async fn show_share(current: CurrentUser, query: web::Query<ShareQuery>) -> HandlerResult {
    let subject = match query.library.as_str() {
        "" => subject_of(&query.album, &query.directory, &query.item)?,
        _ => library_of(&current)?,
    };
    let mut page = share_page(&current, subject, None, None).await?;
    page.form.uploads = query.into_inner().uploads;
    render_with_status(StatusCode::OK, &page)
}

/// The form, with what was rejected of it or of the form of a new link.
pub(crate) async fn share_page(
    current: &CurrentUser,
    subject: Subject,
    rejected: Option<(ShareForm, Vec<FieldError>)>,
    rejected_link: Option<(LinkForm, Vec<FieldError>)>,
) -> Result<SharePage> {
    let auth_session = current.auth_session.clone();
    let zone = current.time_zone();
    let (title, rows, people, groups, links, can_take_files) =
        run_blocking(&current.services, move |services| {
            let user = &auth_session.user;
            let (title, named) = grantees::list_of_subject(services, user, subject)?;
            let rows = named.into_iter().map(|named| GrantRow::from_named(named, &zone)).collect();
            let links = share_link_lists::list_of_subject(services, user, subject)?;
            let links = links.iter().filter(|named| named.state != LinkState::Ended);
            let links: Vec<_> = links.map(|named| LinkRow::from_named(named, &zone)).collect();
            let can_take_files = file_requests::can_take_files(services, user, subject)?;
            let (people, groups) = {
                let person = auth_session.person();
                (people::list(services, person)?, groups::list(services, person)?)
            };
            Ok((title, rows, people, groups, links, can_take_files))
        })
        .await?;
    let policy = current.services.settings.links;
    let (share, share_errors) = rejected.unwrap_or_default();
    let new_link = || (LinkForm::new(&current.time_zone()), Vec::new());
    let (form, errors) = rejected_link.unwrap_or_else(new_link);
    let is_library = matches!(subject, Subject::Library(_));
    let highest = if is_library { Level::View } else { subject.highest_level() };
    let levels = Level::ALL.into_iter().filter(|level| *level <= highest);
    Ok(SharePage {
        layout: Layout::load(current, "/shared").await?,
        subject,
        title,
        rows,
        people,
        groups,
        levels: levels.collect(),
        share,
        share_errors,
        links,
        has_links: policy != LinkPolicy::Off && !is_library,
        is_library,
        can_take_files,
        needs_password: policy == LinkPolicy::Passwords,
        form,
        errors,
    })
}

async fn submit_share(current: CurrentUser, Form(form): Form<ShareForm>) -> HandlerResult {
    let subject = match form.library.as_str() {
        "" => subject_of(&form.album, &form.directory, &form.item)?,
        _ => library_of(&current)?,
    };
    match share(&current, subject, &form).await {
        Ok(()) => redirect(&format!("/share?{}", subject_query(subject))),
        Err(Error::Invalid(errors)) => {
            let page = share_page(&current, subject, Some((form, errors)), None).await?;
            render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

async fn share(current: &CurrentUser, subject: Subject, form: &ShareForm) -> Result<()> {
    let groups: Result<Vec<GroupId>> = form
        .groups
        .iter()
        .map(|id| {
            GroupId::parse(id)
                .ok_or_else(|| Error::field("groups", msg!("Choose one of your groups.")))
        })
        .collect();
    let new = NewGrants {
        subject,
        usernames: usernames(&form.people),
        groups: groups?,
        level: Level::parse(&form.level).unwrap_or(Level::View),
        gives: Gives::parse(&form.gives).unwrap_or(Gives::Originals),
        note: form.note.clone(),
        ends_at: parse_end(&form.ends, &current.time_zone())?,
    };
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let created = run_blocking(&current.services, move |services| {
        grants::create(services, &auth_session.authority(), &actor, &new)
    })
    .await?;
    let text = fill!("Shared with {count}", count = created.len());
    set_flash(&current.cookie, text)
}

fn usernames(people: &[String]) -> Vec<String> {
    people.iter().flat_map(|names| names.split([',', ' '])).map(str::to_owned).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeForm {
    level: Option<String>,
    gives: Option<String>,
}

async fn submit_change(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<ChangeForm>,
) -> HandlerResult {
    let id = GrantId::parse(&path).ok_or(Error::NotFound)?;
    let change = GrantChange {
        level: form.level.as_deref().and_then(Level::parse),
        gives: form.gives.as_deref().and_then(Gives::parse),
        ..GrantChange::default()
    };
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let changed = run_blocking(&current.services, move |services| {
        grants::change(services, &auth_session.authority(), &actor, id, &change)
    });
    match changed.await {
        Ok(grant) => {
            set_flash(&current.cookie, msg!("Sharing changed"))?;
            redirect(&share_page_of(&grant))
        }
        Err(error) => redirect_back_with_errors(&request, &current.cookie, error, None),
    }
}

async fn submit_end(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = GrantId::parse(&path).ok_or(Error::NotFound)?;
    let (auth_session, actor) = (current.auth_session.clone(), current.actor());
    let grant = run_blocking(&current.services, move |services| {
        grants::end(services, &auth_session.authority(), &actor, id)
    })
    .await?;
    set_flash(&current.cookie, msg!("Sharing ended"))?;
    // From the list of everything that is shared, or from the form.
    let back = crate::http::safe_redirect::back_path(&request);
    redirect(&back.unwrap_or_else(|| share_page_of(&grant)))
}

fn share_page_of(grant: &Grant) -> String {
    grant.subject().map_or_else(
        || "/shared?view=by-me".to_owned(),
        |subject| format!("/share?{}", subject_query(subject)),
    )
}
