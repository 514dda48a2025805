//! What people change about their items: date, description, tags and place. The files stay as they are; edits are kept
//! beside what the files say and take precedence over it.

use super::selection::find_owned;
use super::{capture_time, search, xmp_due};
use crate::db::Conn;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::{Error, FieldError, Result};
use crate::media::{Metadata, TakenAt, metadata};
use crate::model::authority::Authority;
use crate::model::item_annotations::{Annotations, EditedPosition};
use crate::model::{Item, ItemId, TakenSource, TimeZone, User, WallClock, now};
use crate::state::Services;
use crate::store;
use crate::store::shelf_counts::CountDeltas;
use crate::{fill, msg};

/// Characters of a description and of a tag, and tags of an item: what the metadata of a file may have as well.
const MAX_DESCRIPTION_CHARS: usize = 2000;
const MAX_TAG_CHARS: usize = 190;
const MAX_TAGS: usize = 40;
/// By how much a camera's clock can be corrected, in seconds: a hundred years.
const MAX_SHIFT_SECONDS: i64 = 100 * 366 * 86_400;
const DAY_MS: i64 = 86_400_000;

/// Changes to items; `None` leaves a value as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DetailsChange {
    pub taken: Option<TakenChange>,
    /// Replaces the description; an empty one removes it.
    pub description: Option<String>,
    /// Replaces all tags.
    pub tags: Option<Vec<String>>,
    /// Tags that are added to those an item has.
    pub added_tags: Vec<String>,
    pub position: Option<EditedPosition>,
}

/// A change of when an item was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TakenChange {
    To(TakenAt),
    /// A time in UTC, which becomes that of the clock there.
    ToUtc(TakenAt),
    /// By seconds, for a camera whose clock was wrong.
    Shift(i64),
    /// What the file says again.
    Reset,
}

impl DetailsChange {
    /// Whether nothing is to be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Parses a date as programs write it: as [`Self::parse_taken`], but one that ends in `Z` is a time in UTC.
    ///
    /// # Errors
    /// `Invalid` names the field.
    pub fn parse_taken_at(field: &'static str, text: &str) -> Result<TakenChange> {
        Ok(match Self::parse_taken(field, text)? {
            TakenChange::To(taken) if text.trim_end().ends_with(['Z', 'z']) => {
                TakenChange::ToUtc(taken)
            }
            other => other,
        })
    }

    /// Parses a date as people write it: `2019-07-04 15:30`, `1962-08` or `1962`; an empty text resets it.
    ///
    /// # Errors
    /// `Invalid` names the field.
    pub fn parse_taken(field: &'static str, text: &str) -> Result<TakenChange> {
        if text.trim().is_empty() {
            return Ok(TakenChange::Reset);
        }
        let taken = TakenAt::parse(text).ok_or_else(|| {
            Error::field(field, msg!("Write the date as 2019-07-04 15:30, 1962-08 or 1962."))
        })?;
        // A day ahead, for people in another zone.
        if taken.local_ms > WallClock::from_utc(now()).0 + DAY_MS {
            return Err(Error::field(field, msg!("That date is in the future.")));
        }
        Ok(TakenChange::To(taken))
    }

    /// Checks the values and cleans the texts.
    ///
    /// # Errors
    /// `Invalid` names all fields that are not valid.
    pub fn validated(mut self) -> Result<Self> {
        let mut errors = Vec::new();
        if let Some(TakenChange::Shift(seconds)) = self.taken
            && seconds.abs() > MAX_SHIFT_SECONDS
        {
            errors
                .push(FieldError::new("shift_seconds", msg!("That is more than a hundred years.")));
        }

        if let Some(description) = &mut self.description {
            if description.chars().count() > MAX_DESCRIPTION_CHARS {
                let message = fill!(
                    "At most {max_description_chars} characters.",
                    max_description_chars = MAX_DESCRIPTION_CHARS
                );
                errors.push(FieldError::new("description", message));
            }
            *description =
                metadata::clean_text(description, MAX_DESCRIPTION_CHARS).unwrap_or_default();
        }

        for tags in self.tags.iter_mut().chain([&mut self.added_tags]) {
            if tags.len() > MAX_TAGS {
                errors.push(FieldError::new(
                    "tags",
                    fill!("At most {max_tags} tags.", max_tags = MAX_TAGS),
                ));
            }
            let mut cleaned = Vec::new();
            for tag in tags.iter().filter_map(|tag| metadata::clean_text(tag, MAX_TAG_CHARS)) {
                if !cleaned.contains(&tag) {
                    cleaned.push(tag);
                }
            }
            *tags = cleaned;
        }

        if let Some(EditedPosition::At(north, east)) = self.position
            && !(north.abs() <= 90.0 && east.abs() <= 180.0)
        {
            let message =
                msg!("Degrees: −90 to 90 for the latitude, −180 to 180 for the longitude.");
            errors.push(FieldError::new("position", message));
        }
        if errors.is_empty() { Ok(self) } else { Err(Error::Invalid(errors)) }
    }
}

/// Changes the details of items: all of them or none. Returns how many.
///
/// # Errors
/// `NotFound` if none of them belongs to the user; `Invalid` for a bad value.
pub fn change(
    services: &Services,
    authority: &Authority<'_>,
    ids: &[ItemId],
    change: DetailsChange,
) -> Result<usize> {
    let user = authority.user;
    let (change, zone) = (change.validated()?, services.time_zone(user));
    services.write_library(user.id, |conn| {
        authorize(conn, authority.key(), Need::Active)?;
        let items = find_owned(conn, user, ids)?;
        apply(conn, user, &zone, &items, &change)?;
        Ok(items.len())
    })
}

/// Applies a valid change in the caller's transaction.
pub(crate) fn apply(
    conn: &mut Conn,
    user: &User,
    zone: &TimeZone,
    items: &[Item],
    change: &DetailsChange,
) -> Result<()> {
    let mut deltas = CountDeltas::default();
    for before in items {
        let mut annotations = store::item_annotations::find(conn, user.id, before.id)?;
        let details = store::item_details::find(conn, user.id, before.id)?.unwrap_or_default();
        edit(&mut annotations, before, zone, &details.metadata.keywords, change)?;
        write_with(conn, zone, before, details.metadata, &annotations, &mut deltas)?;
        xmp_due::mark_edited(conn, before)?;
    }
    Ok(deltas.write(conn, user.id)?)
}

/// Writes the annotations of an item, and everything that follows from them, in the caller's transaction.
pub(crate) fn write(
    conn: &mut Conn,
    zone: &TimeZone,
    before: &Item,
    annotations: &Annotations,
    deltas: &mut CountDeltas,
) -> Result<()> {
    let details = store::item_details::find(conn, before.user_id, before.id)?.unwrap_or_default();
    write_with(conn, zone, before, details.metadata, annotations, deltas)
}

/// As [`write`], with the metadata of the item's file.
fn write_with(
    conn: &mut Conn,
    zone: &TimeZone,
    before: &Item,
    metadata: Metadata,
    annotations: &Annotations,
    deltas: &mut CountDeltas,
) -> Result<()> {
    let after = capture_time::of_item(before, &metadata, annotations, zone).apply(before.clone());
    store::item_annotations::replace(conn, before.user_id, before.id, annotations)?;
    store::items::update_preview(conn, &after)?;
    deltas.subtract(before);
    deltas.add(&after);

    let shown = annotations.apply(metadata);
    search::index(conn, &after, &shown)
}

/// Changes the annotations of an item. `file_tags` are those of its file.
fn edit(
    annotations: &mut Annotations,
    item: &Item,
    zone: &TimeZone,
    file_tags: &[String],
    change: &DetailsChange,
) -> Result<()> {
    let edits = &mut annotations.edits;
    match change.taken {
        Some(TakenChange::To(taken)) => {
            // The offset stays if only the time changes.
            let offset = taken.offset.or(item.taken_offset);
            edits.taken = Some(TakenAt { offset, ..taken });
        }
        Some(TakenChange::ToUtc(taken)) => {
            let utc = WallClock(taken.local_ms);
            // The offset of another moment in the owner's zone says nothing about this one.
            let is_own = !matches!(item.taken_source, TakenSource::Upload | TakenSource::File);
            let offset = item.taken_offset.filter(|_| is_own);
            let offset = offset.unwrap_or_else(|| zone.offset_at(utc));
            edits.taken = Some(taken.at_offset(offset));
        }
        Some(TakenChange::Shift(seconds)) => {
            let local_ms = item.shown_at.0.saturating_add(seconds.saturating_mul(1000));
            let taken = TakenAt {
                local_ms,
                offset: item.taken_offset,
                precision: item.taken_precision.into(),
                ..TakenAt::default()
            };
            if !taken.is_plausible() {
                let message =
                    fill!("“{name}” would be taken at an impossible time.", name = item.name);
                return Err(Error::field("shift_seconds", message));
            }
            edits.taken = Some(taken);
        }
        Some(TakenChange::Reset) => edits.taken = None,
        None => {}
    }

    if let Some(description) = &change.description {
        edits.caption = Some(description.clone());
    }
    if let Some(tags) = &change.tags {
        edits.keywords = Some(tags.clone());
    }
    if !change.added_tags.is_empty() {
        let tags = edits.keywords.get_or_insert_with(|| file_tags.to_vec());
        for tag in &change.added_tags {
            if !tags.contains(tag) && tags.len() < MAX_TAGS {
                tags.push(tag.clone());
            }
        }
    }
    if let Some(position) = change.position {
        edits.position = Some(position);
    }
    Ok(())
}
