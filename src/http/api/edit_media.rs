//! `/api/media/edit`: date, description, tags and place of several items.

use actix_web::web;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::respond::ok;
use crate::domain::library::edit_details::{self, DetailsChange, TakenChange};
use crate::error::{Error, Result};
use crate::http::extract::api_user::ApiUser;
use crate::http::extract::json::{Json, Nullable, deserialize_whole_number};
use crate::http::media_response::parse_id;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::Level;
use crate::model::item_annotations::EditedPosition;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/api/media/edit", || web::route().to(edit_media)).in_space(Level::Edit)]
}

/// What a body says about the details of items.
pub(super) struct RequestedDetails {
    pub taken_at: Nullable<String>,
    pub taken_local: Option<String>,
    pub description: Option<String>,
    pub tags: Option<Vec<String>>,
    pub latitude: Nullable<f64>,
    pub longitude: Nullable<f64>,
    pub position: Option<Vec<f64>>,
}

impl RequestedDetails {
    /// Parses the values.
    ///
    /// # Errors
    /// `Invalid` names the field.
    pub fn into_change(self) -> Result<DetailsChange> {
        let taken = match (self.taken_at, self.taken_local) {
            (Nullable::Missing, None) => None,
            (Nullable::Missing, Some(text)) => {
                Some(DetailsChange::parse_taken("taken_local", &text)?)
            }
            (_, Some(_)) => return Err(Error::field("taken_at", "Either this or taken_local.")),
            (Nullable::Null, None) => Some(TakenChange::Reset),
            (Nullable::Value(text), None) => {
                Some(DetailsChange::parse_taken_at("taken_at", &text)?)
            }
        };
        let position = parse_position(self.position.as_deref(), self.latitude, self.longitude)?;
        Ok(DetailsChange {
            taken,
            description: self.description,
            tags: self.tags,
            added_tags: Vec::new(),
            position,
        })
    }
}

fn parse_position(
    both: Option<&[f64]>,
    latitude: Nullable<f64>,
    longitude: Nullable<f64>,
) -> Result<Option<EditedPosition>> {
    use Nullable::{Missing, Null, Value};

    let position = match (both, latitude, longitude) {
        (None, Missing, Missing) => return Ok(None),
        (Some([]), Missing, Missing) | (None, Null, Null) => EditedPosition::Cleared,
        (Some([north, east]), Missing, Missing) => EditedPosition::At(*north, *east),
        (None, Value(north), Value(east)) => EditedPosition::At(north, east),
        (Some(_), ..) => {
            return Err(Error::field("position", "Latitude and longitude, or nothing."));
        }
        (None, Value(_), _) => {
            return Err(Error::field("longitude", "Latitude and longitude go together."));
        }
        (None, ..) => return Err(Error::field("latitude", "Latitude and longitude go together.")),
    };
    Ok(Some(position))
}

/// Items and what to change about all of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditBody {
    /// At most 1000.
    #[schema(min_items = 1, max_items = 1000)]
    ids: Vec<String>,
    /// This and the others as in the change of one item.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false, max_length = 40)]
    taken_at: Nullable<String>,
    #[schema(max_length = 40)]
    taken_local: Option<String>,
    /// Moves the time of each item, for a camera with a wrong clock. Not together with a new time.
    #[serde(default, deserialize_with = "deserialize_whole_number")]
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
    #[serde(default)]
    #[schema(value_type = Option<f64>, required = false, minimum = -90, maximum = 90)]
    latitude: Nullable<f64>,
    #[serde(default)]
    #[schema(value_type = Option<f64>, required = false, minimum = -180, maximum = 180)]
    longitude: Nullable<f64>,
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
    let details = RequestedDetails {
        taken_at: body.taken_at,
        taken_local: body.taken_local,
        description: body.description,
        tags: body.tags,
        latitude: body.latitude,
        longitude: body.longitude,
        position: body.position,
    };
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
