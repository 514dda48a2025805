//! What happened in an album, and what users say about it: below `/albums/{album}` in the user's own, and below
//! `/shared/{grant}/albums/{album}` in one that is shared with them.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::sharing::activity_position;
use crate::domain::sharing::album_comments::{self, Entry, What};
use crate::domain::sharing::shared_albums::Target;
use crate::error::{Error, Result};
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::media_response::parse_id;
use crate::http::pages::components::comments::CommentView;
use crate::http::pages::components::tile::Picture;
use crate::http::pages::components::{self as v, When, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::library::album_actions::parse_album;
use crate::http::pages::respond::{redirect_back, redirect_back_with_errors, render};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::model::{AlbumId, CommentId, GrantId, Item, Level, TimeZone, UserId};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/albums/{album}/activity", || web::route().to(show_activity))
            .in_space(Level::View),
        Route::post("/albums/{album}/comments", || web::route().to(submit_comment))
            .in_space(Level::View),
        Route::post("/albums/{album}/comments/{comment}/delete", || {
            web::route().to(submit_removal)
        })
        .in_space(Level::View),
        Route::post("/albums/{album}/hearts", || web::route().to(submit_heart))
            .in_space(Level::View),
        Route::get("/shared/{grant}/albums/{album}/activity", || web::route().to(show_activity)),
        Route::post("/shared/{grant}/albums/{album}/comments", || web::route().to(submit_comment)),
        Route::post("/shared/{grant}/albums/{album}/comments/{comment}/delete", || {
            web::route().to(submit_removal)
        }),
        Route::post("/shared/{grant}/albums/{album}/hearts", || web::route().to(submit_heart)),
    ]
}

/// The album in the address of a request, and its own address.
fn album_of(request: &HttpRequest) -> Result<(Target, String)> {
    let part = |name| request.match_info().get(name).unwrap_or_default();
    let album = parse_album(part("album"))?;
    match part("grant") {
        "" => Ok((Target::Own(album), format!("/albums/{album}"))),
        grant => {
            let grant = GrantId::parse(grant).ok_or(Error::NotFound)?;
            let base = format!("/shared/{grant}/albums/{album}");
            Ok((Target::Shared(grant, Some(album)), base))
        }
    }
}

/// Something that happened.
struct ActivityRow {
    author: String,
    /// `added 3 items`, `likes`.
    did: String,
    /// The item that it is about: its address and name.
    item: Option<(String, String)>,
    picture: Option<Picture>,
    icon: &'static str,
    comment: Option<CommentView>,
    at: When,
}

#[derive(Template)]
#[template(path = "pages/sharing/activity.html")]
struct ActivityPage {
    layout: Layout,
    name: String,
    /// The address of the album.
    base: String,
    allows_comments: bool,
    rows: Vec<ActivityRow>,
    next: Option<String>,
    is_first: bool,
}

#[derive(Deserialize)]
struct ActivityQuery {
    cursor: Option<String>,
}

async fn show_activity(
    current: CurrentUser,
    request: HttpRequest,
    query: web::Query<ActivityQuery>,
) -> HandlerResult {
    let (target, base) = album_of(&request)?;
    let position = |text| activity_position::decode_position(text).ok_or(Error::NotFound);
    let before = query.cursor.as_deref().map(position).transpose()?;
    let auth_session = current.auth_session.clone();
    let found = run_blocking(&current.services, move |services| {
        album_comments::activity(services, &auth_session, target, before)
    })
    .await?;
    let (zone, viewer) = (current.time_zone(), current.auth_session.person().id);
    let nav = if matches!(target, Target::Own(_)) { "/albums" } else { "/shared" };
    let rows = found.entries.into_iter();
    let cursor = activity_position::encode_position;
    render(&ActivityPage {
        layout: Layout::load(&current, nav).await?,
        rows: rows.map(|entry| row_of(entry, target, &base, viewer, &zone)).collect(),
        name: found.album.name,
        allows_comments: found.album.allows_comments,
        next: found.next.map(|at| format!("{base}/activity?cursor={}", cursor(at))),
        is_first: before.is_none(),
        base,
    })
}

fn row_of(
    entry: Entry,
    target: Target,
    base: &str,
    viewer: UserId,
    zone: &TimeZone,
) -> ActivityRow {
    let (did, icon, item, comment) = match entry.what {
        What::Added(count) => {
            (fill!("added {count}", count = count_of(count, "item")), "images", None, None)
        }
        What::Liked(item) => (t(msg!("likes")).into_owned(), "heart", Some(item), None),
        What::Commented(comment, item) => {
            let did = if item.is_some() { msg!("commented on") } else { msg!("commented") };
            let comment = CommentView::from_comment(comment, zone);
            (t(did).into_owned(), "message-circle", item, Some(comment))
        }
    };
    let (href, media) = match target {
        Target::Own(album) => own_addresses(base, album, item.as_ref(), viewer),
        Target::Shared(grant, album) => {
            let query = album.map(|album| format!("?album={album}")).unwrap_or_default();
            let href = |item: &Item| format!("/shared/{grant}/items/{}{query}", item.id);
            (item.as_ref().map(href), format!("/shared/{grant}/media"))
        }
    };
    ActivityRow {
        author: if entry.is_own { t(msg!("You")).into_owned() } else { entry.author },
        did,
        picture: item.as_ref().and_then(|item| Picture::from_item_at(item, &media)),
        item: href.zip(item.map(|item| item.name)),
        icon,
        comment,
        at: v::when(entry.at, zone),
    }
}

/// The page of an item of the user's own album, and below what its bytes are: items of others are below the album.
fn own_addresses(
    base: &str,
    album: AlbumId,
    item: Option<&Item>,
    viewer: UserId,
) -> (Option<String>, String) {
    match item {
        Some(item) if item.user_id == viewer => {
            (Some(format!("/items/{}?album={album}", item.id)), "/media".to_owned())
        }
        Some(item) => (Some(format!("{base}/items/{}", item.id)), format!("{base}/media")),
        None => (None, String::new()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommentForm {
    /// The item that it is about; empty for the album.
    #[serde(default)]
    item: String,
    text: String,
}

async fn submit_comment(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<CommentForm>,
) -> HandlerResult {
    let (target, _) = album_of(&request)?;
    let item = (!form.item.is_empty()).then(|| parse_id(&form.item)).transpose()?;
    let (auth_session, text) = (current.auth_session.clone(), form.text.clone());
    let added = run_blocking(&current.services, move |services| {
        album_comments::add(services, &auth_session.authority(), target, item, &text)
    });
    match added.await {
        Ok(_) => redirect_back(&request, &current.cookie, msg!("Comment added")),
        Err(error @ (Error::Invalid(_) | Error::Conflict(_))) => {
            let kept = Some(("comment", form.text));
            redirect_back_with_errors(&request, &current.cookie, error, kept)
        }
        Err(error) => Err(error.into()),
    }
}

async fn submit_removal(
    current: CurrentUser,
    request: HttpRequest,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let (target, _) = album_of(&request)?;
    let id = request.match_info().get("comment").and_then(CommentId::parse);
    let (id, auth_session) = (id.ok_or(Error::NotFound)?, current.auth_session.clone());
    run_blocking(&current.services, move |services| {
        album_comments::remove(services, &auth_session.authority(), target, id)
    })
    .await?;
    redirect_back(&request, &current.cookie, msg!("Comment removed"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeartForm {
    item: String,
    /// `yes` or `no`.
    liked: String,
}

async fn submit_heart(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<HeartForm>,
) -> HandlerResult {
    let (target, _) = album_of(&request)?;
    let (item, is_liked) = (parse_id(&form.item)?, form.liked == "yes");
    let auth_session = current.auth_session.clone();
    run_blocking(&current.services, move |services| {
        let authority = auth_session.authority();
        album_comments::set_liked(services, &authority, target, item, is_liked)
    })
    .await?;
    let said =
        if is_liked { msg!("You like this.") } else { msg!("You do not like this any more.") };
    redirect_back(&request, &current.cookie, said)
}
