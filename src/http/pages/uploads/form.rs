//! `/upload`: the upload form without JavaScript, and the page with the result for each file.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::unfinished::{self, UnfinishedUpload};
use crate::domain::uploads::multipart::UploadedFile;
use crate::domain::uploads::reports;
use crate::domain::uploads::target::UploadTarget;
use crate::error::{Error, format_bytes};
use crate::http::extract::user::CurrentUser;
use crate::http::multipart_upload::receive_files;
use crate::http::pages::components as v;
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect, render, render_cached};
use crate::http::rate_limit;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::model::{Level, ReportId};
use crate::state::ingest_queue::Ingested;
use crate::state::rate_limiter::{Bucket, RateLimitKey};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/upload", || web::route().to(show_upload)).in_space(Level::Contribute),
        Route::post("/upload", || web::route().to(submit_upload)).in_space(Level::Contribute),
        Route::get("/uploads/results/{id}", || web::route().to(show_result))
            .in_space(Level::Contribute),
    ]
}

#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    directory: String,
}

#[derive(Template)]
#[template(path = "pages/uploads/form.html")]
struct UploadPage {
    layout: Layout,
    max_upload: String,
    is_full: bool,
    unfinished: Vec<UnfinishedUpload>,
    room: Option<String>,
    /// For the list of unfinished uploads.
    held: Option<String>,
    chosen: String,
}

/// Shows the upload form with the unfinished uploads, the largest permitted file, and the quota that is left or held
/// for unfinished uploads. Without a quota, the last two are left out.
async fn show_upload(
    current: CurrentUser,
    request: HttpRequest,
    query: web::Query<Query>,
) -> HandlerResult {
    render_cached(&current, &request, "/upload", move |reader, input| {
        let services = reader.services;
        let auth_session = input.auth_session.clone();
        let user = &auth_session.user;

        Ok(UploadPage {
            unfinished: unfinished::list_unfinished(reader, &auth_session)?,
            is_full: user.free_quota() == Some(0),
            max_upload: format_bytes(
                services.settings.max_upload_bytes.min(user.free_quota().unwrap_or(u64::MAX)),
            ),
            room: user.free_quota().map(format_bytes),
            held: u64::try_from(user.reserved_bytes)
                .ok()
                .filter(|held| *held > 0 && user.quota_bytes > 0)
                .map(format_bytes),
            chosen: query.into_inner().directory,
            layout: Layout::read(reader, input)?,
        })
    })
    .await
}

/// The result of one file.
#[derive(Serialize, Deserialize)]
struct ResultRow {
    name: String,
    outcome: UploadOutcome,
    /// The stored item, or the existing one with the same content.
    id: Option<String>,
    description: String,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
enum UploadOutcome {
    Stored,
    Duplicate,
    Refused,
}

/// Receives files from the form and redirects to a page with the result of each.
async fn submit_upload(
    current: CurrentUser,
    request: HttpRequest,
    payload: web::Payload,
) -> HandlerResult {
    // The middleware has counted the address; this counts the account.
    rate_limit::count(
        &request,
        &current.services,
        Bucket::Upload,
        RateLimitKey::Account(current.auth_session.person().id.0),
    )?;

    // With the cookie, the form must contain the CSRF token before its first file.
    let uploaded_files = receive_files(
        &current.services,
        UploadTarget::Own(current.auth_session.clone()),
        Some(&current.cookie),
        &request,
        payload,
    )
    .await?;

    let mut rows: Vec<ResultRow> =
        uploaded_files.into_iter().map(ResultRow::from_uploaded).collect();
    if rows.is_empty() {
        rows.push(ResultRow {
            name: t(msg!("Nothing")).into_owned(),
            outcome: UploadOutcome::Refused,
            id: None,
            description: t(msg!("Choose a file first.")).into_owned(),
        });
    }

    // Stored, so that the page with the results can be reloaded without sending the files again.
    let json = serde_json::to_string(&rows).map_err(Error::internal)?;
    let auth_session = current.auth_session.clone();

    let id = run_blocking(&current.services, move |services| {
        reports::save_report(services, &auth_session.authority(), &json)
    })
    .await?;
    redirect(&format!("/uploads/results/{id}"))
}

#[derive(Template)]
#[template(path = "pages/uploads/result.html")]
struct ResultPage {
    layout: Layout,
    rows: Vec<ResultRow>,
    summary: String,
}

async fn show_result(current: CurrentUser, path: web::Path<String>) -> HandlerResult {
    let id = ReportId::parse(&path).ok_or(Error::NotFound)?;
    let auth_session = current.auth_session.clone();
    let json = run_blocking(&current.services, move |services| {
        reports::find_report(services, &auth_session.user, id)
    })
    .await?;
    let rows: Vec<ResultRow> = serde_json::from_str(&json).map_err(Error::internal)?;
    let layout = Layout::load(&current, "/upload").await?;
    render(&ResultPage { summary: summary(&rows), rows, layout })
}

/// Counts the results of an upload by outcome, without outcomes that do not occur: `12 added, 1 already here, 1
/// refused`.
fn summary(rows: &[ResultRow]) -> String {
    let count = |outcome| rows.iter().filter(|row| row.outcome == outcome).count();
    let parts = [
        (count(UploadOutcome::Stored), "added"),
        (count(UploadOutcome::Duplicate), msg!("already uploaded")),
        (count(UploadOutcome::Refused), "failed"),
    ];
    parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl ResultRow {
    /// Builds the row of the result page for one uploaded file. A duplicate refers to the item that already has the
    /// same content.
    fn from_uploaded(file: UploadedFile) -> Self {
        match file.outcome {
            Ok(Ingested::Stored(item)) => {
                let description = format!("{} · {}", format_bytes(item.bytes()), item.mime);
                Self {
                    name: item.name,
                    outcome: UploadOutcome::Stored,
                    id: Some(item.id.to_string()),
                    description,
                }
            }
            Ok(Ingested::Duplicate(item)) => {
                let description = fill!("The same as “{name}”.", name = item.name);
                Self {
                    name: file.name,
                    outcome: UploadOutcome::Duplicate,
                    id: Some(item.id.to_string()),
                    description,
                }
            }
            Err(error) => Self {
                name: file.name,
                outcome: UploadOutcome::Refused,
                id: None,
                description: error.to_string(),
            },
        }
    }

    fn icon(&self) -> v::Icon {
        match self.outcome {
            UploadOutcome::Stored => v::icon("circle-check"),
            UploadOutcome::Duplicate => v::icon("copy"),
            UploadOutcome::Refused => v::icon("triangle-alert"),
        }
    }

    const fn state(&self) -> &'static str {
        match self.outcome {
            UploadOutcome::Stored => msg!("Uploaded"),
            UploadOutcome::Duplicate => msg!("Already uploaded"),
            UploadOutcome::Refused => msg!("Failed"),
        }
    }

    fn is_refused(&self) -> bool {
        self.outcome == UploadOutcome::Refused
    }

    fn is_stored(&self) -> bool {
        self.outcome == UploadOutcome::Stored
    }
}
