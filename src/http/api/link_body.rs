//! The body of a share link.

use actix_web::HttpRequest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bodies::rfc3339;
use super::grants::{GivesWord, SubjectBody};
use crate::config::Settings;
use crate::domain::sharing::share_link_lists::NamedLink;
use crate::http::link_address::link_address;
use crate::model::LinkUploads;

/// A link through which people without an account see something of the user.
#[derive(Serialize, ToSchema)]
#[schema(as = ShareLink)]
pub struct LinkBody {
    #[schema(format = "uuid")]
    id: String,
    /// Null if it was deleted.
    #[schema(inline, required = true)]
    subject: Option<SubjectBody>,
    /// Its title, or the name of what it shows.
    name: String,
    message: String,
    /// Null if it was created with another key of this server.
    #[schema(required = true, format = "uri")]
    url: Option<String>,
    /// `open`, `used_up`, `deleted` or `ended`.
    state: String,
    #[schema(inline)]
    gives: GivesWord,
    /// Whether files are given with the place where they were taken.
    keeps_location: bool,
    /// Whether visitors see when and how photos were taken.
    shows_details: bool,
    has_password: bool,
    #[schema(required = true, format = "date-time")]
    ends_at: Option<String>,
    #[schema(required = true)]
    max_visits: Option<i64>,
    visits: i64,
    downloads: i64,
    #[schema(inline)]
    uploads: UploadsWord,
    /// Whether what visitors send waits until it is accepted.
    needs_review: bool,
    /// Files and bytes that visitors can send in all, and those that they have sent; 0 if they cannot send any.
    max_files: i64,
    max_bytes: i64,
    received_files: i64,
    received_bytes: i64,
    #[schema(required = true, format = "date-time")]
    last_visit_at: Option<String>,
    #[schema(format = "date-time")]
    created_at: String,
}

/// What visitors can send: nothing, files beside looking at what is shared, or only files.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum UploadsWord {
    None,
    Add,
    Request,
}

impl From<LinkUploads> for UploadsWord {
    fn from(uploads: LinkUploads) -> Self {
        match uploads {
            LinkUploads::None => Self::None,
            LinkUploads::Add => Self::Add,
            LinkUploads::Request => Self::Request,
        }
    }
}

impl From<UploadsWord> for LinkUploads {
    fn from(word: UploadsWord) -> Self {
        match word {
            UploadsWord::None => Self::None,
            UploadsWord::Add => Self::Add,
            UploadsWord::Request => Self::Request,
        }
    }
}

impl LinkBody {
    pub fn from_named(named: &NamedLink, request: &HttpRequest, settings: &Settings) -> Self {
        let link = &named.link;
        Self {
            id: link.id.to_string(),
            subject: link.subject().map(SubjectBody::from_subject),
            name: named.name.clone(),
            message: link.message.clone(),
            url: named.token.as_ref().map(|token| link_address(request, settings, token)),
            state: named.state.as_str().to_owned(),
            gives: link.gives.into(),
            keeps_location: link.keeps_location,
            shows_details: link.shows_details,
            has_password: link.password.is_some(),
            ends_at: link.ends_at.map(rfc3339),
            max_visits: link.max_visits,
            visits: link.visits,
            downloads: link.downloads,
            uploads: link.uploads.into(),
            needs_review: link.needs_review,
            max_files: link.max_files,
            max_bytes: link.max_bytes,
            received_files: link.received_files,
            received_bytes: link.received_bytes,
            last_visit_at: link.last_visit_at.map(rfc3339),
            created_at: rfc3339(link.created_at),
        }
    }
}
