//! `/notifications`: what others did that concerns the user.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::domain::sharing::notifications;
use crate::error::Error;
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::{self as v, When, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, render};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::model::{
    Cursor, ItemId, Notification, NotificationId, NotificationKind, Sort, TimeZone,
};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/notifications", || web::route().to(show_notifications)),
        Route::post("/notifications/seen", || web::route().to(submit_seen)),
    ]
}

/// One notification.
struct NotificationRow {
    text: String,
    href: String,
    icon: &'static str,
    at: When,
    is_new: bool,
}

impl NotificationRow {
    fn from_notification(row: &Notification, zone: &TimeZone) -> Self {
        Self {
            text: text_of(row),
            href: row.href.clone(),
            icon: match row.kind {
                NotificationKind::Shared => "share-2",
                NotificationKind::LinkEnds => "link",
                NotificationKind::FilesReceived => "inbox",
                NotificationKind::Commented => "message-circle",
                NotificationKind::Liked => "heart",
                NotificationKind::ItemsAdded => "images",
                NotificationKind::AddedToGroup | NotificationKind::RemovedFromGroup => "users",
                NotificationKind::AccessEnded | NotificationKind::Unknown => "info",
            },
            at: v::when(row.updated_at, zone),
            is_new: !row.is_seen,
        }
    }
}

/// What a notification says.
pub(crate) fn text_of(row: &Notification) -> String {
    let (name, title) = (&row.actor, &row.title);
    match row.kind {
        NotificationKind::Shared => {
            fill!("{name} shares “{title}” with you", name = name, title = title)
        }
        NotificationKind::AccessEnded => {
            fill!("{name} does not share “{title}” with you any more", name = name, title = title)
        }
        NotificationKind::ItemsAdded => fill!(
            "{name} added {count} to “{title}”",
            name = name,
            count = count_of(row.times, "item"),
            title = title
        ),
        NotificationKind::AddedToGroup => {
            fill!("{name} added you to the group “{title}”", name = name, title = title)
        }
        NotificationKind::RemovedFromGroup => {
            fill!("{name} removed you from the group “{title}”", name = name, title = title)
        }
        NotificationKind::LinkEnds => fill!("Your link to “{title}” ends soon", title = title),
        NotificationKind::FilesReceived => fill!(
            "{count} received through “{title}”",
            count = count_of(row.times, "file"),
            title = title
        ),
        NotificationKind::Commented => {
            fill!("{name} commented on “{title}”", name = name, title = title)
        }
        NotificationKind::Liked => {
            fill!("{name} likes your items in “{title}”", name = name, title = title)
        }
        NotificationKind::Unknown => t(msg!("Something new")).into_owned(),
    }
}

#[derive(Template)]
#[template(path = "pages/sharing/notifications.html")]
struct NotificationsPage {
    layout: Layout,
    rows: Vec<NotificationRow>,
    has_new: bool,
    next: Option<String>,
    is_first: bool,
}

#[derive(Deserialize)]
struct NotificationsQuery {
    cursor: Option<String>,
}

async fn show_notifications(
    current: CurrentUser,
    query: web::Query<NotificationsQuery>,
) -> HandlerResult {
    let before = match &query.cursor {
        Some(text) => match Cursor::decode(text, Sort::Recent) {
            Some(Cursor::Time(at, id)) => Some((at, NotificationId(id.0))),
            _ => return Err(Error::NotFound.into()),
        },
        None => None,
    };
    let auth_session = current.auth_session.clone();
    let (found, next) = run_blocking(&current.services, move |services| {
        notifications::list(services, &auth_session.user, before)
    })
    .await?;
    let zone = current.time_zone();
    let cursor = |(at, id): (_, NotificationId)| Cursor::Time(at, ItemId(id.0)).encode();
    render(&NotificationsPage {
        layout: Layout::load(&current, "/notifications").await?,
        rows: found.iter().map(|row| NotificationRow::from_notification(row, &zone)).collect(),
        has_new: found.iter().any(|row| !row.is_seen),
        next: next.map(|next| format!("/notifications?cursor={}", cursor(next))),
        is_first: before.is_none(),
    })
}

async fn submit_seen(current: CurrentUser, _: Form<EmptyForm>) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    run_blocking(&current.services, move |services| {
        notifications::mark_seen(services, &auth_session.authority())
    })
    .await?;
    redirect("/notifications")
}
