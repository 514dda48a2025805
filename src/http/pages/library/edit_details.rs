//! Forms for the date, description, tags and place of one item or of a selection.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::item_actions::SelectedItems;
use crate::domain::library::edit_details::{self, DetailsChange, TakenChange};
use crate::domain::library::items;
use crate::domain::previews;
use crate::error::{Error, FieldError};
use crate::http::extract::form::Form;
use crate::http::extract::user::CurrentUser;
use crate::http::media_response::parse_id as parse;
use crate::http::pages::components as v;
use crate::http::pages::components::field::{Field, with_errors};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{
    redirect, redirect_back, redirect_back_with_errors, render, render_with_status, set_flash,
};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::safe_redirect::{back_path, own_path};
use crate::media::Metadata;
use crate::model::item_annotations::EditedPosition;
use crate::model::{Item, ItemId, Level, TakenPrecision, TakenSource};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/items/{id}/details", || web::route().to(submit_details))
            .in_space(Level::Edit),
        Route::post("/items/edit", || web::route().to(show_edit)).in_space(Level::Edit),
        Route::post("/items/details", || web::route().to(submit_details_many))
            .in_space(Level::Edit),
    ]
}

/// The details of an item as a form shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DetailsFields {
    pub taken: String,
    pub description: String,
    pub tags: String,
    pub position: String,
}

impl DetailsFields {
    pub fn from_item(item: &Item, metadata: &Metadata) -> Self {
        let position = metadata.latitude.zip(metadata.longitude);
        Self {
            taken: taken_text(item),
            description: metadata.caption.clone().unwrap_or_default(),
            tags: metadata.keywords.join(", "),
            position: position
                .map(|(north, east)| format!("{north:.5}, {east:.5}"))
                .unwrap_or_default(),
        }
    }

    /// What differs from the fields that were shown.
    fn changes(&self, shown: &Self) -> Result<DetailsChange, Error> {
        let differs = |new: &String, old: &String| new.trim() != old.trim();
        let taken = differs(&self.taken, &shown.taken)
            .then(|| DetailsChange::parse_taken("taken", &self.taken))
            .transpose()?;
        let position = differs(&self.position, &shown.position)
            .then(|| parse_position(&self.position))
            .transpose()?;
        Ok(DetailsChange {
            taken,
            description: differs(&self.description, &shown.description)
                .then(|| self.description.clone()),
            tags: differs(&self.tags, &shown.tags).then(|| split_tags(&self.tags)),
            added_tags: Vec::new(),
            position,
        })
    }
}

/// When an item was taken, as exactly as it is known; empty if it is only known when it was uploaded.
fn taken_text(item: &Item) -> String {
    if item.taken_source == TakenSource::Upload {
        return String::new();
    }
    let at = item.shown_at.time();
    match item.taken_precision {
        TakenPrecision::Second => {
            format!("{} {:02}:{:02}:{:02}", at.date(), at.hour(), at.minute(), at.second())
        }
        TakenPrecision::Day => at.date().to_string(),
        TakenPrecision::Month => item.shown_at.month().iso(),
        TakenPrecision::Year => at.year().to_string(),
    }
}

fn split_tags(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// Parses `48.2083, 16.3700`; an empty text removes the place.
fn parse_position(text: &str) -> Result<EditedPosition, Error> {
    if text.trim().is_empty() {
        return Ok(EditedPosition::Cleared);
    }
    let numbers: Vec<f64> = text
        .split([',', ' ', ';'])
        .filter(|part| !part.is_empty())
        .filter_map(|part| part.parse().ok())
        .collect();
    match numbers.as_slice() {
        [north, east] => Ok(EditedPosition::At(*north, *east)),
        _ => Err(Error::field("position", msg!("Write the place as 48.20830, 16.37000."))),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DetailsForm {
    taken: String,
    description: String,
    tags: String,
    position: String,
}

/// Changes what differs from what the form of an item showed, and returns to its page.
async fn submit_details(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    Form(form): Form<DetailsForm>,
) -> HandlerResult {
    let id = parse(&path)?;
    let DetailsForm { taken, description, tags, position } = form;
    let typed = DetailsFields { taken, description, tags, position };
    let (auth_session, fields) = (current.auth_session.clone(), typed.clone());

    let changed = run_blocking(&current.services, move |services| {
        let item = items::find(services, &auth_session.user, id)?;
        let details = previews::details(services, &auth_session.user, id)?;
        let shown = DetailsFields::from_item(&item, &details.metadata);
        let change = fields.changes(&shown)?;
        if change.is_empty() {
            return Ok(false);
        }
        edit_details::change(services, &auth_session.authority(), &[id], change)?;
        Ok(true)
    })
    .await;

    match changed {
        Ok(true) => redirect_back(&request, &current.cookie, msg!("Changes saved")),
        Ok(false) => redirect_back(&request, &current.cookie, msg!("Nothing was changed.")),
        Err(error) => {
            let kept = match &error {
                Error::Invalid(fields) => fields.first().and_then(|error| match &*error.field {
                    "taken" => Some(("taken", typed.taken)),
                    "description" => Some(("description", typed.description)),
                    "tags" => Some(("tags", typed.tags)),
                    "position" => Some(("position", typed.position)),
                    _ => None,
                }),
                _ => None,
            };
            redirect_back_with_errors(&request, &current.cookie, error, kept)
        }
    }
}

#[derive(Template)]
#[template(path = "pages/library/edit_details.html")]
struct EditPage {
    layout: Layout,
    ids: Vec<ItemId>,
    count: String,
    fields: Vec<Field>,
    removes_place: bool,
    has_errors: bool,
    back: String,
}

/// What is to be changed about a selection; empty fields leave values as they are.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct EditForm {
    ids: Vec<String>,
    #[serde(default)]
    taken: String,
    #[serde(default)]
    shift_hours: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: String,
    #[serde(default)]
    position: String,
    #[serde(default)]
    remove_position: String,
    /// The list that the items were selected on.
    #[serde(default)]
    back: String,
}

impl EditForm {
    fn change(&self) -> Result<DetailsChange, Error> {
        let is_given = |text: &str| !text.trim().is_empty();
        let mut errors = Vec::new();
        let mut taken = None;
        if is_given(&self.taken) {
            match DetailsChange::parse_taken("taken", &self.taken) {
                Ok(change) => taken = Some(change),
                Err(Error::Invalid(invalid)) => errors.extend(invalid),
                Err(error) => return Err(error),
            }
        }
        if is_given(&self.shift_hours) {
            match (taken, parse_hours(&self.shift_hours)) {
                (None, Some(seconds)) => taken = Some(TakenChange::Shift(seconds)),
                (Some(_), _) => {
                    let message = msg!("Give either a date or hours, not both.");
                    errors.push(FieldError::new("shift_hours", message));
                }
                (None, None) => {
                    errors.push(FieldError::new(
                        "shift_hours",
                        msg!("A number of hours, such as -1 or 2.5."),
                    ));
                }
            }
        }

        let mut position = None;
        if !self.remove_position.is_empty() {
            position = Some(EditedPosition::Cleared);
        } else if is_given(&self.position) {
            match parse_position(&self.position) {
                Ok(change) => position = Some(change),
                Err(Error::Invalid(invalid)) => errors.extend(invalid),
                Err(error) => return Err(error),
            }
        }

        if !errors.is_empty() {
            return Err(Error::Invalid(errors));
        }
        let change = DetailsChange {
            taken,
            description: is_given(&self.description).then(|| self.description.clone()),
            tags: None,
            added_tags: split_tags(&self.tags),
            position,
        };
        if change.is_empty() {
            return Err(Error::field("taken", msg!("Enter at least one change.")));
        }
        change.validated()
    }

    fn fields(&self) -> Vec<Field> {
        vec![
            Field::new("taken", msg!("Date"), "text")
                .value(&self.taken)
                .hint(msg!("Such as 2019-07-04 15:30, 1962-08 or 1962."))
                .optional(),
            Field::new("shift_hours", msg!("Move the time by hours"), "text")
                .value(&self.shift_hours)
                .hint(msg!(
                    "For a camera whose clock was wrong: -1 for an hour earlier, 2.5 for later."
                ))
                .optional(),
            Field::new("description", msg!("Description"), "text")
                .value(&self.description)
                .optional(),
            Field::new("tags", msg!("Add tags"), "text")
                .value(&self.tags)
                .hint(msg!("Separated by commas."))
                .optional(),
            Field::new("position", msg!("Place"), "text")
                .value(&self.position)
                .hint(msg!("Latitude and longitude, such as 48.20830, 16.37000."))
                .optional(),
        ]
    }
}

/// Parses a number of hours into seconds.
#[expect(clippy::cast_possible_truncation, reason = "a few hours; a cast saturates")]
fn parse_hours(text: &str) -> Option<i64> {
    let text = text.trim().replace('−', "-").replace(',', ".");
    let hours = text.parse::<f64>().ok().filter(|hours| hours.is_finite() && *hours != 0.0)?;
    Some((hours * 3600.0).round() as i64)
}

/// Shows the form for a selection.
async fn show_edit(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<SelectedItems>,
) -> HandlerResult {
    let ids = form.ids()?;
    let back = back_path(&request).unwrap_or_else(|| "/photos".into());
    let page = edit_page(&current, ids, &EditForm { back, ..EditForm::default() }, &[]).await?;
    render(&page)
}

async fn edit_page(
    current: &CurrentUser,
    ids: Vec<ItemId>,
    form: &EditForm,
    errors: &[FieldError],
) -> Result<EditPage, Error> {
    let auth_session = current.auth_session.clone();
    // Only the user's own items, so that the page says how many will change.
    let own = run_blocking(&current.services, move |services| {
        items::list_of(services, &auth_session.user, &ids)
    })
    .await?;
    let ids: Vec<ItemId> = own.iter().map(|item| item.id).collect();

    Ok(EditPage {
        layout: Layout::load(current, "/photos").await?,
        count: v::count_of(i64::try_from(ids.len()).unwrap_or(i64::MAX), "item"),
        ids,
        fields: with_errors(form.fields(), errors),
        removes_place: !form.remove_position.is_empty(),
        has_errors: !errors.is_empty(),
        back: own_path(&form.back).unwrap_or_else(|| "/photos".into()),
    })
}

/// Changes a selection and returns to the list, or shows the form again with what is wrong.
async fn submit_details_many(current: CurrentUser, Form(form): Form<EditForm>) -> HandlerResult {
    let selected = SelectedItems { ids: form.ids.clone() };
    let ids = selected.ids()?;
    let (auth_session, chosen) = (current.auth_session.clone(), ids.clone());

    let changed = match form.change() {
        Ok(change) => {
            run_blocking(&current.services, move |services| {
                edit_details::change(services, &auth_session.authority(), &chosen, change)
            })
            .await
        }
        Err(error) => Err(error),
    };
    match changed {
        Ok(count) => {
            let count = v::count_of(i64::try_from(count).unwrap_or(i64::MAX), "item");
            set_flash(&current.cookie, fill!("{count} changed.", count = count))?;
            redirect(&own_path(&form.back).unwrap_or_else(|| "/photos".into()))
        }
        Err(Error::Invalid(errors)) => {
            let errors: Vec<FieldError> = errors
                .into_iter()
                .map(|error| match &*error.field {
                    "shift_seconds" => FieldError { field: "shift_hours".into(), ..error },
                    _ => error,
                })
                .collect();
            let page = edit_page(&current, ids, &form, &errors).await?;
            render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_places_are_read_as_people_write_them() {
        assert_eq!(parse_hours("-1"), Some(-3600));
        assert_eq!(parse_hours("2,5"), Some(9000));
        assert_eq!(parse_hours("−1"), Some(-3600));
        for text in ["", "0", "one", "inf"] {
            assert_eq!(parse_hours(text), None, "{text}");
        }
        let place = EditedPosition::At(48.2083, -16.37);
        for text in ["48.2083, -16.37", "48.2083 -16.37", "48.2083;-16.37"] {
            assert_eq!(parse_position(text).unwrap(), place);
        }
        assert_eq!(parse_position(" ").unwrap(), EditedPosition::Cleared);
        assert!(parse_position("Vienna").is_err());
    }
}
