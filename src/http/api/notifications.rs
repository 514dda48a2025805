//! `/api/notifications`: what others did that concerns the user.

use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bodies::rfc3339;
use super::respond::{json_with_etag, no_content};
use crate::domain::library::listings::bad_cursor;
use crate::domain::sharing::notifications;
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::Query;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::{Cursor, ItemId, Notification, NotificationId, Sort};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/notifications", || web::route().to(list_notifications)),
        Route::post("/api/notifications/seen", || web::route().to(mark_seen)),
    ]
}

/// What somebody did that concerns the user.
#[derive(Serialize, ToSchema)]
#[schema(as = Notification)]
pub struct NotificationBody {
    #[schema(format = "uuid")]
    id: String,
    /// `shared`, `access_ended`, `items_added`, `added_to_group` or `removed_from_group`.
    kind: String,
    /// The name of the user who did it.
    actor: String,
    /// The name of the album, folder, item or group.
    title: String,
    /// The path of its page; empty if there is none.
    path: String,
    /// How many items were added.
    count: i64,
    is_seen: bool,
    #[schema(format = "date-time")]
    at: String,
}

impl NotificationBody {
    fn from_notification(row: &Notification) -> Self {
        Self {
            id: row.id.to_string(),
            kind: row.kind.as_str().to_owned(),
            actor: row.actor.clone(),
            title: row.title.clone(),
            path: row.href.clone(),
            count: row.times,
            is_seen: row.is_seen,
            at: rfc3339(row.updated_at),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationsQuery {
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// A page of notifications.
#[derive(Serialize, ToSchema)]
pub struct NotificationsBody {
    notifications: Vec<NotificationBody>,
    /// Where the next page starts; null on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// List the user's notifications, the newest first.
#[utoipa::path(get, path = "/api/notifications", tag = "Sharing", params(NotificationsQuery),
    responses((status = 200, body = NotificationsBody)))]
pub(super) async fn list_notifications(
    caller: ApiUser,
    request: HttpRequest,
    Query(query): Query<NotificationsQuery>,
) -> HandlerResult {
    let before = match query.cursor.as_deref() {
        Some(text) => match Cursor::decode(text, Sort::Recent) {
            Some(Cursor::Time(at, id)) => Some((at, NotificationId(id.0))),
            _ => return Err(bad_cursor().into()),
        },
        None => None,
    };
    let auth_session = caller.auth_session.clone();
    let (found, next) = run_blocking(&caller.services, move |services| {
        notifications::list(services, &auth_session.user, before)
    })
    .await?;
    let body = NotificationsBody {
        notifications: found.iter().map(NotificationBody::from_notification).collect(),
        next_cursor: next.map(|(at, id)| Cursor::Time(at, ItemId(id.0)).encode()),
    };
    json_with_etag(&request, &body)
}

/// Mark all notifications as seen.
#[utoipa::path(post, path = "/api/notifications/seen", tag = "Sharing", responses((status = 204)))]
pub(super) async fn mark_seen(caller: ApiUser) -> HandlerResult {
    let auth_session = caller.auth_session.clone();
    run_blocking(&caller.services, move |services| {
        notifications::mark_seen(services, &auth_session.authority())
    })
    .await?;
    no_content()
}
