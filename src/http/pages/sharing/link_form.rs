//! The form of a share link, and links in lists.

use serde::Deserialize;

use crate::domain::sharing::share_link_lists::{LinkState, NamedLink};
use crate::domain::sharing::share_links::LinkOptions;
use crate::error::{Error, FieldError, Result};
use crate::fill;
use crate::http::pages::components::count_of;
use crate::http::pages::components::end_date::{end_date, end_field, parse_end};
use crate::language::t;
use crate::model::{Gives, LinkUploads, ShareLink, ShareLinkId, TimeZone, now};
use crate::msg;

/// What the owner chooses for a link; the subject only for a new one.
#[derive(Deserialize, Clone, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkForm {
    #[serde(default)]
    pub album: String,
    #[serde(default)]
    pub directory: String,
    #[serde(default)]
    pub item: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    pub gives: String,
    /// Not empty if files are given with the place where they were taken.
    #[serde(default)]
    pub location: String,
    /// Not empty if visitors see when and how photos were taken.
    #[serde(default)]
    pub details: String,
    /// A date, such as `2026-12-31`; the link ends with that day.
    #[serde(default)]
    pub ends: String,
    #[serde(default)]
    pub max_visits: String,
    /// Words for the address.
    #[serde(default)]
    pub slug: String,
    #[serde(default)]
    pub uploads: String,
    /// Not empty if what visitors send is put into the library at once.
    #[serde(default)]
    pub no_review: String,
    #[serde(default)]
    pub max_files: String,
    /// In gigabytes.
    #[serde(default)]
    pub max_size: String,
    #[serde(default)]
    pub password: String,
    /// Not empty to remove the password.
    #[serde(default)]
    pub no_password: String,
}

impl LinkForm {
    /// The form of a new link: it ends in a week.
    pub fn new(zone: &TimeZone) -> Self {
        let week = now() + time::Duration::days(7);
        Self { ends: end_field(week, zone), ..Self::default() }
    }

    /// The form with the options of a link.
    pub fn of_link(link: &ShareLink, zone: &TimeZone) -> Self {
        Self {
            title: link.title.clone(),
            message: link.message.clone(),
            gives: link.gives.as_str().to_owned(),
            location: if link.keeps_location { "yes".into() } else { String::new() },
            details: if link.shows_details { "yes".into() } else { String::new() },
            ends: link.ends_at.map(|at| end_field(at, zone)).unwrap_or_default(),
            max_visits: link.max_visits.map(|most| most.to_string()).unwrap_or_default(),
            slug: link.slug.clone().unwrap_or_default(),
            uploads: link.uploads.as_str().to_owned(),
            no_review: if link.needs_review { String::new() } else { "yes".into() },
            max_files: number_field(link.max_files),
            max_size: size_field(link.max_bytes),
            ..Self::default()
        }
    }

    pub fn is_gives(&self, gives: Gives) -> bool {
        self.gives == gives.as_str() || (self.gives.is_empty() && gives == Gives::Originals)
    }

    pub fn is_uploads(&self, uploads: LinkUploads) -> bool {
        self.uploads == uploads.as_str()
            || (self.uploads.is_empty() && uploads == LinkUploads::None)
    }

    pub fn options(&self, zone: &TimeZone) -> Result<LinkOptions> {
        Ok(LinkOptions {
            title: self.title.clone(),
            message: self.message.clone(),
            gives: Gives::parse(&self.gives).unwrap_or(Gives::Originals),
            keeps_location: !self.location.is_empty(),
            shows_details: !self.details.is_empty(),
            ends_at: parse_end(&self.ends, zone)?,
            max_visits: parse_number("max_visits", &self.max_visits)?,
            slug: self.slug.clone(),
            uploads: LinkUploads::parse(&self.uploads).unwrap_or(LinkUploads::None),
            needs_review: self.no_review.is_empty(),
            max_files: parse_number("max_files", &self.max_files)?,
            max_bytes: parse_size(&self.max_size)?,
        })
    }
}

fn bad_number(field: &'static str) -> Error {
    Error::field(field, msg!("Enter a number, or leave it empty."))
}

fn parse_number(field: &'static str, text: &str) -> Result<Option<i64>> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.parse()).transpose().map_err(|_| bad_number(field))
}

const GIGABYTE: f64 = 1e9;

/// A size in gigabytes, such as `2.5`, in bytes.
fn parse_size(text: &str) -> Result<Option<i64>> {
    let text = text.trim().replace(',', ".");
    if text.is_empty() {
        return Ok(None);
    }
    let size: f64 = text.parse().map_err(|_| bad_number("max_bytes"))?;
    if !(0.001..1e6).contains(&size) {
        return Err(bad_number("max_bytes"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    Ok(Some((size * GIGABYTE).round() as i64))
}

fn number_field(number: i64) -> String {
    if number == 0 { String::new() } else { number.to_string() }
}

/// Bytes in gigabytes, to three decimals.
pub(crate) fn size_field(bytes: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "it is rounded")]
    let size = bytes as f64 / GIGABYTE;
    if bytes == 0 { String::new() } else { ((size * 1000.0).round() / 1000.0).to_string() }
}

/// A link of the user as a row of a list.
pub(crate) struct LinkRow {
    pub id: ShareLinkId,
    pub name: String,
    /// `until 6 December · 12 visits`, or why it cannot be opened.
    pub state: String,
    pub is_open: bool,
    pub has_password: bool,
}

impl LinkRow {
    pub fn from_named(named: &NamedLink, zone: &TimeZone) -> Self {
        let link = &named.link;
        let state = match named.state {
            LinkState::Open => usage(link, zone),
            LinkState::UsedUp => closed(link, msg!("All visits are used up")),
            LinkState::Deleted => closed(link, msg!("What it showed was deleted")),
            LinkState::Ended => closed(link, msg!("Ended")),
        };
        Self {
            id: link.id,
            name: if named.name.is_empty() {
                t(msg!("Deleted")).into_owned()
            } else {
                named.name.clone()
            },
            state,
            is_open: named.state.has_visits(),
            has_password: link.password.is_some(),
        }
    }
}

/// `until 6 December · 12 visits`, or the visits alone of a link without an end.
pub(crate) fn usage(link: &ShareLink, zone: &TimeZone) -> String {
    let mut visits = count_of(link.visits, "visit");
    if link.takes_files() {
        let count = count_of(link.received_files, "file");
        visits = format!("{visits} · {}", fill!("{count} received", count = count));
    }
    match link.ends_at {
        Some(at) => fill!("until {date} · {visits}", date = end_date(at, zone), visits = visits),
        None => visits,
    }
}

/// Why a link cannot be opened, and its visits.
pub(crate) fn closed(link: &ShareLink, reason: &'static str) -> String {
    format!("{} · {}", t(reason), count_of(link.visits, "visit"))
}

pub(crate) fn error_of<'a>(errors: &'a [FieldError], field: &str) -> Option<&'a str> {
    errors.iter().find(|error| error.field == field).map(|error| error.message.as_str())
}
