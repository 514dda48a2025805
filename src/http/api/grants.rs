//! `/api/grants`: what the user shares with others. What others share is in `shared`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use utoipa::{IntoParams, ToSchema};

use super::bodies::rfc3339;
use super::respond::{json, json_with_etag, no_content, ok};
use crate::domain::sharing::grantees::{self, NamedGrant};
use crate::domain::sharing::grants::{self, GrantChange, NewGrants};
use crate::domain::sharing::shared_lists;
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::{Json, Nullable, Query};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::time::from_utc;
use crate::model::{AlbumId, DirectoryId, Gives, GrantId, GroupId, ItemId, Level, Subject, Time};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/grants", || web::route().to(list_grants)).in_space(Level::Manage),
        Route::post("/api/grants", || web::route().to(create_grants)).in_space(Level::Manage),
        Route::patch("/api/grants/{grant}", || web::route().to(patch_grant))
            .in_space(Level::Manage),
        Route::delete("/api/grants/{grant}", || web::route().to(end_grant)).in_space(Level::Manage),
    ]
}

/// What others may do.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum LevelWord {
    View,
    Contribute,
    Edit,
    /// In spaces only.
    Manage,
}

/// Which bytes others get.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum GivesWord {
    Previews,
    Stream,
    Originals,
}

impl From<LevelWord> for Level {
    fn from(word: LevelWord) -> Self {
        match word {
            LevelWord::View => Self::View,
            LevelWord::Contribute => Self::Contribute,
            LevelWord::Edit => Self::Edit,
            LevelWord::Manage => Self::Manage,
        }
    }
}

impl From<Level> for LevelWord {
    fn from(level: Level) -> Self {
        match level {
            Level::View => Self::View,
            Level::Contribute => Self::Contribute,
            Level::Edit => Self::Edit,
            Level::Manage => Self::Manage,
        }
    }
}

impl From<GivesWord> for Gives {
    fn from(word: GivesWord) -> Self {
        match word {
            GivesWord::Previews => Self::Previews,
            GivesWord::Stream => Self::Stream,
            GivesWord::Originals => Self::Originals,
        }
    }
}

impl From<Gives> for GivesWord {
    fn from(gives: Gives) -> Self {
        match gives {
            Gives::Previews => Self::Previews,
            Gives::Stream => Self::Stream,
            Gives::Originals => Self::Originals,
        }
    }
}

/// Kind and id of what is shared.
#[derive(Serialize, ToSchema)]
pub struct SubjectBody {
    /// `album`, `directory`, `item`, or `library` for a space.
    kind: String,
    /// A UUID, or the number of a space.
    id: String,
}

impl SubjectBody {
    pub(super) fn from_subject(subject: Subject) -> Self {
        let id = match subject {
            Subject::Album(id) => id.to_string(),
            Subject::Directory(id) => id.to_string(),
            Subject::Item(id) => id.to_string(),
            Subject::Library(id) => id.to_string(),
        };
        Self { kind: subject.kind().to_owned(), id }
    }
}

/// Something that the user shares with one person or group.
#[derive(Serialize, ToSchema)]
#[schema(as = Grant)]
pub struct GrantBody {
    #[schema(format = "uuid")]
    id: String,
    #[schema(inline, required = true)]
    subject: Option<SubjectBody>,
    /// The name of the person or group.
    shared_with: String,
    /// The group; null for a person.
    #[schema(required = true, format = "uuid")]
    group: Option<String>,
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

impl GrantBody {
    fn from_named(named: &NamedGrant) -> Self {
        let NamedGrant { grant, grantee } = named;
        Self {
            id: grant.id.to_string(),
            subject: grant.subject().map(SubjectBody::from_subject),
            shared_with: grantee.clone(),
            group: grant.group_id.map(|id| id.to_string()),
            level: grant.level.into(),
            gives: grant.gives.into(),
            note: grant.note.clone(),
            ends_at: grant.ends_at.map(rfc3339),
            created_at: rfc3339(grant.created_at),
        }
    }
}

/// Which grants or links of the user are listed: those of one subject, or a page of all.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SharesQuery {
    /// Only those of this album.
    #[param(format = "uuid")]
    album: Option<String>,
    /// Only those of this folder.
    #[param(format = "uuid")]
    directory: Option<String>,
    /// Only those of this item.
    #[param(format = "uuid")]
    item: Option<String>,
    /// `next_cursor` of the previous page.
    pub(super) cursor: Option<String>,
}

impl SharesQuery {
    pub(super) fn subject(&self) -> Result<Option<Subject>> {
        parse_subject(self.album.as_deref(), self.directory.as_deref(), self.item.as_deref())
    }
}

/// A page of what the user shares.
#[derive(Serialize, ToSchema)]
pub struct GrantsBody {
    grants: Vec<GrantBody>,
    /// Where the next page starts; null on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// The subject that one of three ids names; `None` if there is none of them.
pub(super) fn parse_subject(
    album: Option<&str>,
    directory: Option<&str>,
    item: Option<&str>,
) -> Result<Option<Subject>> {
    let subject = match (album, directory, item) {
        (None, None, None) => return Ok(None),
        (Some(id), None, None) => AlbumId::parse(id).map(Subject::Album),
        (None, Some(id), None) => DirectoryId::parse(id).map(Subject::Directory),
        (None, None, Some(id)) => ItemId::parse(id).map(Subject::Item),
        _ => return Err(Error::field("album", "One of `album`, `directory` and `item`.")),
    };
    subject.map(Some).ok_or(Error::NotFound)
}

/// List what the user shares with others, the newest first.
#[utoipa::path(get, path = "/api/grants", tag = "Sharing", params(SharesQuery),
    responses((status = 200, body = GrantsBody)))]
pub(super) async fn list_grants(
    caller: ApiUser,
    request: HttpRequest,
    Query(query): Query<SharesQuery>,
) -> HandlerResult {
    let subject = query.subject()?;
    let before = parse_cursor(query.cursor.as_deref())?;
    let auth_session = caller.auth_session.clone();
    let body = run_blocking(&caller.services, move |services| {
        let user = &auth_session.user;
        let (grants, next) = match subject {
            Some(subject) => (grantees::list_of_subject(services, user, subject)?.1, None),
            None => {
                let (shared, next) = shared_lists::by_me(services, user, before)?;
                (shared.into_iter().map(|shared| shared.grant).collect(), next)
            }
        };
        Ok(GrantsBody {
            grants: grants.iter().map(GrantBody::from_named).collect(),
            next_cursor: next.map(|id| id.to_string()),
        })
    });
    json_with_etag(&request, &body.await?)
}

pub(super) fn parse_cursor(text: Option<&str>) -> Result<Option<GrantId>> {
    let bad = || Error::field("cursor", "The `next_cursor` of a page.");
    text.map(|text| GrantId::parse(text).ok_or_else(bad)).transpose()
}

/// What to share, with whom, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrantsBody {
    /// One of `album`, `directory`, `item` and `library`.
    #[schema(format = "uuid")]
    album: Option<String>,
    #[schema(format = "uuid")]
    directory: Option<String>,
    #[schema(format = "uuid")]
    item: Option<String>,
    /// Instead of these: everything that the user has, to be viewed.
    #[serde(default)]
    library: bool,
    /// Usernames.
    #[serde(default)]
    #[schema(max_items = 200)]
    people: Vec<String>,
    /// Ids of groups that the user is in.
    #[serde(default)]
    #[schema(max_items = 200)]
    groups: Vec<String>,
    /// `view` by default. Items can be viewed only; folders cannot be edited.
    #[schema(inline)]
    level: Option<LevelWord>,
    /// `originals` by default.
    #[schema(inline)]
    gives: Option<GivesWord>,
    #[serde(default)]
    #[schema(max_length = 500)]
    note: String,
    /// Until when; without it, until it is ended.
    #[schema(format = "date-time")]
    ends_at: Option<String>,
}

pub(super) fn parse_time(text: &str) -> Result<Time> {
    let bad = || Error::field("ends_at", "A time such as 2026-12-31T00:00:00Z.");
    let at = time::OffsetDateTime::parse(text, &Rfc3339).map_err(|_| bad())?;
    let at = from_utc(at.checked_to_offset(time::UtcOffset::UTC).ok_or_else(bad)?);
    // Times are kept up to this year.
    if at.year() <= 2037 { Ok(at) } else { Err(bad()) }
}

/// Share an album, folder or item with people and groups. Those who have it already get the new level.
#[utoipa::path(post, path = "/api/grants", tag = "Sharing", request_body = NewGrantsBody,
    responses((status = 201, body = GrantsBody)))]
pub(super) async fn create_grants(
    caller: ApiUser,
    Json(body): Json<NewGrantsBody>,
) -> HandlerResult {
    let subject =
        parse_subject(body.album.as_deref(), body.directory.as_deref(), body.item.as_deref())?;
    let is_own = caller.auth_session.membership.is_none();
    let subject = match (subject, body.library && is_own) {
        (Some(subject), false) => subject,
        (None, true) => Subject::Library(caller.user().id),
        _ => {
            let message = "One of `album`, `directory`, `item` and `library`.";
            return Err(Error::field("album", message).into());
        }
    };
    let bad_group = || Error::field("groups", "Ids of your groups.");
    let groups: Result<Vec<GroupId>> =
        body.groups.iter().map(|id| GroupId::parse(id).ok_or_else(bad_group)).collect();
    let new = NewGrants {
        subject,
        usernames: body.people,
        groups: groups?,
        level: body.level.map_or(Level::View, Into::into),
        gives: body.gives.map_or(Gives::Originals, Into::into),
        note: body.note,
        ends_at: body.ends_at.as_deref().map(parse_time).transpose()?,
    };
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    let created = run_blocking(&caller.services, move |services| {
        let ids = grants::create(services, &auth_session.authority(), &actor, &new)?;
        let found: Result<Vec<NamedGrant>> =
            ids.iter().map(|id| grantees::find(services, &auth_session.user, *id)).collect();
        found
    })
    .await?;
    let body = GrantsBody {
        grants: created.iter().map(GrantBody::from_named).collect(),
        next_cursor: None,
    };
    json(StatusCode::CREATED, &body)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantChangeBody {
    #[schema(inline)]
    level: Option<LevelWord>,
    #[schema(inline)]
    gives: Option<GivesWord>,
    #[schema(max_length = 500)]
    note: Option<String>,
    /// Null for no end.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time", required = false)]
    ends_at: Nullable<String>,
}

/// Change what others may do; what is not named stays. It holds from the next request on.
#[utoipa::path(patch, path = "/api/grants/{grant}", tag = "Sharing", params(("grant" = String, Path, format = "uuid")),
    request_body = GrantChangeBody, responses((status = 200, body = GrantBody)))]
pub(super) async fn patch_grant(
    caller: ApiUser,
    path: web::Path<String>,
    Json(body): Json<GrantChangeBody>,
) -> HandlerResult {
    let id = GrantId::parse(&path).ok_or(Error::NotFound)?;
    let ends_at = match body.ends_at {
        Nullable::Missing => None,
        Nullable::Null => Some(None),
        Nullable::Value(text) => Some(Some(parse_time(&text)?)),
    };
    let change = GrantChange {
        level: body.level.map(Into::into),
        gives: body.gives.map(Into::into),
        note: body.note,
        ends_at,
    };
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    let changed = run_blocking(&caller.services, move |services| {
        grants::change(services, &auth_session.authority(), &actor, id, &change)?;
        grantees::find(services, &auth_session.user, id)
    });
    ok(&GrantBody::from_named(&changed.await?))
}

/// End a grant. What its users have added to the album leaves it.
#[utoipa::path(delete, path = "/api/grants/{grant}", tag = "Sharing", params(("grant" = String, Path, format = "uuid")),
    responses((status = 204)))]
pub(super) async fn end_grant(caller: ApiUser, path: web::Path<String>) -> HandlerResult {
    let id = GrantId::parse(&path).ok_or(Error::NotFound)?;
    let (auth_session, actor) = (caller.auth_session.clone(), caller.actor());
    run_blocking(&caller.services, move |services| {
        grants::end(services, &auth_session.authority(), &actor, id)
    })
    .await?;
    no_content()
}
