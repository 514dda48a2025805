//! `/upload`: the form, the bytes, and the page that says what became of each file.

use actix_multipart::{Field, Multipart};
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpRequest, web};
use askama::Template;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};

use super::answer::{see, show};
use super::shell::Shell;
use super::view as v;
use crate::domain::upload::{self, Outcome};
use crate::error::{Error, bytes_in_words};
use crate::http::error::Failure;
use crate::http::form::{CSRF_FIELD, broken, field_text, in_time, is_csrf_header, next_part, out_of_date};
use crate::http::route::{Answer, Route, act, shared};
use crate::http::visitor::SignedIn;
use crate::model::{DirectoryId, ReportId};

/// Files in one form at most.
const FILES: usize = 2000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/upload", || web::route().to(show_upload)),
        Route::post("/upload", || web::route().to(submit_upload)),
        Route::get("/uploads/results/{id}", || web::route().to(show_result)),
    ]
}

#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    directory: String,
}

#[derive(Template)]
#[template(path = "pages/upload.html")]
struct UploadPage {
    shell: Shell,
    max_upload: String,
    room: Option<String>,
    chosen: String,
}

async fn show_upload(at: SignedIn, query: web::Query<Query>) -> Answer {
    let shell = Shell::load(&at, "/upload").await?;
    show(&UploadPage {
        max_upload: bytes_in_words(at.services.settings.max_upload),
        room: at.user().room().map(bytes_in_words),
        chosen: query.into_inner().directory,
        shell,
    })
}

/// What became of one file.
#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
    outcome: Became,
    /// The item: the stored one, or the one that was there.
    id: Option<String>,
    said: String,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
enum Became {
    Stored,
    Duplicate,
    Refused,
}

async fn submit_upload(at: SignedIn, request: HttpRequest, payload: web::Payload) -> Answer {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    upload::refuse_oversize(&at.services, at.user(), announced)?;
    let mut is_ours = is_csrf_header(&request);
    let mut directory = None;
    let mut rows = Vec::new();
    let mut parts = Multipart::new(request.headers(), payload);
    while let Some(mut field) = in_time(next_part(&mut parts)).await? {
        match field.name() {
            Some(CSRF_FIELD) => {
                let token = in_time(field_text(&mut field, 200)).await?;
                is_ours = is_ours || at.carrier.is_csrf(&token);
            }
            _ if !is_ours => return Err(out_of_date().into()),
            Some("directory") => {
                let text = in_time(field_text(&mut field, 200)).await?;
                if !text.is_empty() {
                    let id = DirectoryId::parse(&text).ok_or_else(|| Error::field("directory", "Choose one of your folders."))?;
                    directory = Some(id);
                }
            }
            Some("file") if rows.len() >= FILES => {
                return Err(Error::BadRequest(format!("At most {FILES} files at once.")).into());
            }
            Some("file") => rows.extend(take_file(&at, field, directory).await?),
            _ => return Err(Error::BadRequest("The form has a field that upload does not know.".into()).into()),
        }
    }
    if !is_ours {
        return Err(out_of_date().into());
    }
    if rows.is_empty() {
        rows.push(Row { name: "Nothing".into(), outcome: Became::Refused, id: None, said: "Choose a file first.".into() });
    }
    let json = serde_json::to_string(&rows).map_err(Error::internal)?;
    let presence = at.presence.clone();
    let id = act(&at.services, move |services| upload::keep_report(services, &presence.user, &json)).await?;
    see(&format!("/uploads/results/{id}"))
}

/// Takes one file in; `None` for a file input that was left empty. What concerns this
/// file alone is its row; what concerns the whole request is an error.
async fn take_file(at: &SignedIn, mut field: Field, directory: Option<DirectoryId>) -> Result<Option<Row>, Failure> {
    let name = field.content_disposition().and_then(|said| said.get_filename()).unwrap_or_default().to_owned();
    let services = shared(&at.services);
    let room = act(&at.services, {
        let presence = at.presence.clone();
        move |services| crate::domain::profile::room(services, &presence.user)
    })
    .await?;
    let received = match upload::receive(&services, room, &mut field).await {
        Ok(received) if received.size == 0 && name.is_empty() => return Ok(None),
        Ok(received) => received,
        Err(error) => {
            // The rest of this file is read past, so that the next one can be taken.
            if matches!(error, Error::TooLarge { .. } | Error::QuotaExceeded) {
                while let Some(chunk) = field.next().await {
                    chunk.map_err(broken)?;
                }
            }
            return refused(name, error).map(Some);
        }
    };
    let (presence, given) = (at.presence.clone(), name.clone());
    let size = received.size;
    let stored = act(&at.services, move |services| upload::store(services, &presence.user, received, &given, directory)).await;
    let row = match stored {
        Ok(Outcome::Stored(item)) => {
            let said = format!("{} · {}", bytes_in_words(size), item.mime);
            Row { name: item.name, outcome: Became::Stored, id: Some(item.id.to_string()), said }
        }
        Ok(Outcome::Duplicate(item)) => {
            let said = format!("The same as “{}”.", item.name);
            Row { name, outcome: Became::Duplicate, id: Some(item.id.to_string()), said }
        }
        Err(error) => return refused(name, error).map(Some),
    };
    Ok(Some(row))
}

fn refused(name: String, error: Error) -> Result<Row, Failure> {
    match error {
        Error::TooLarge { .. } | Error::QuotaExceeded | Error::Conflict(_) => {
            Ok(Row { name, outcome: Became::Refused, id: None, said: error.to_string() })
        }
        error => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "pages/upload_result.html")]
struct ResultPage {
    shell: Shell,
    rows: Vec<Row>,
    summary: String,
}

async fn show_result(at: SignedIn, path: web::Path<String>) -> Answer {
    let id = ReportId::parse(&path).ok_or(Error::NotFound)?;
    let presence = at.presence.clone();
    let json = act(&at.services, move |services| upload::find_report(services, &presence.user, id)).await?;
    let rows: Vec<Row> = serde_json::from_str(&json).map_err(Error::internal)?;
    let shell = Shell::load(&at, "/upload").await?;
    show(&ResultPage { summary: summary(&rows), rows, shell })
}

/// `12 added, 1 already here, 1 refused`.
fn summary(rows: &[Row]) -> String {
    let count = |outcome| rows.iter().filter(|row| row.outcome == outcome).count();
    let parts =
        [(count(Became::Stored), "added"), (count(Became::Duplicate), "already here"), (count(Became::Refused), "refused")];
    parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

impl Row {
    fn icon(&self) -> v::Icon {
        match self.outcome {
            Became::Stored => v::icon("circle-check"),
            Became::Duplicate => v::icon("copy"),
            Became::Refused => v::icon("triangle-alert"),
        }
    }

    const fn state(&self) -> &'static str {
        match self.outcome {
            Became::Stored => "Stored",
            Became::Duplicate => "Already here",
            Became::Refused => "Refused",
        }
    }

    fn is_refused(&self) -> bool {
        self.outcome == Became::Refused
    }

    fn is_stored(&self) -> bool {
        self.outcome == Became::Stored
    }
}
