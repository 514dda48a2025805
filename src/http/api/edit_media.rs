//! `/api/media/edit`: date, description, tags and place of several items.

use actix_web::web;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::respond::ok;
use crate::domain::library::edit_details::{self, DetailsChange, TakenChange};
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::Json;
use crate::http::media_response::parse_id;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::item_annotations::EditedPosition;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/api/media/edit", || web::route().to(edit_media))]
}

/// What a body says about the details of items.
pub(super) struct RequestedDetails {
    pub taken_local: Option<String>,
    pub description: Option<String>,
    pub tags: Option<Vec<String>>,
    pub position: Option<Vec<f64>>,
}

impl RequestedDetails {
    /// Parses the values.
    ///
    /// # Errors
    /// `Invalid` names the field.
    pub fn into_change(self) -> Result<DetailsChange> {
        let taken = self.taken_local.map(|text| DetailsChange::parse_taken("taken_local", &text));
        let position = match self.position.as_deref() {
            None => None,
            Some([]) => Some(EditedPosition::Cleared),
            Some([north, east]) => Some(EditedPosition::At(*north, *east)),
            Some(_) => return Err(Error::field("position", "Latitude and longitude, or nothing.")),
        };
        Ok(DetailsChange {
            taken: taken.transpose()?,
            description: self.description,
            tags: self.tags,
            added_tags: Vec::new(),
            position,
        })
    }
}

/// Items and what to change about all of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditBody {
    /// At most 1000.
    #[schema(min_items = 1, max_items = 1000)]
    ids: Vec<String>,
    #[schema(max_length = 40)]
    /// As in the change of one item.
    taken_local: Option<String>,
    /// Moves the time of each item, for a camera with a wrong clock. Not together with `taken_local`.
    shift_seconds: Option<i64>,
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// Replaces all tags.
    #[schema(max_items = 40)]
    tags: Option<Vec<String>>,
    /// Adds to the tags that each item has.
    #[serde(default)]
    #[schema(max_items = 40, required = false)]
    add_tags: Vec<String>,
    /// Latitude and longitude in degrees. An empty list removes the place.
    #[schema(max_items = 2)]
    position: Option<Vec<f64>>,
}

/// How many items were changed.
#[derive(Serialize, ToSchema)]
pub struct EditedBody {
    changed: usize,
}

/// Change date, description, tags or place of several items. Either all of it happens or nothing.
#[utoipa::path(post, path = "/api/media/edit", tag = "Media", request_body = EditBody,
    responses((status = 200, body = EditedBody)))]
pub(super) async fn edit_media(caller: ApiUser, Json(body): Json<EditBody>) -> HandlerResult {
    let ids = body.ids.iter().map(|id| parse_id(id)).collect::<Result<Vec<_>>>()?;
    let (taken_local, description) = (body.taken_local, body.description);
    let details =
        RequestedDetails { taken_local, description, tags: body.tags, position: body.position };
    let mut change = DetailsChange { added_tags: body.add_tags, ..details.into_change()? };
    if let Some(seconds) = body.shift_seconds {
        if change.taken.is_some() {
            let message = "Either a new time or a shift.";
            return Err(Error::field("shift_seconds", message).into());
        }
        change.taken = Some(TakenChange::Shift(seconds));
    }

    let auth_session = caller.auth_session.clone();
    let changed = run_blocking(&caller.services, move |services| {
        edit_details::change(services, &auth_session.authority(), &ids, change)
    })
    .await?;
    ok(&EditedBody { changed })
}
