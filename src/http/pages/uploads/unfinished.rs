//! Lists unfinished uploads and discards them.

use actix_web::web;

use crate::domain::library::reader::LibraryReader;
use crate::domain::uploads::resumable;
use crate::domain::uploads::target::UploadTarget;
use crate::error::{Error, format_bytes};
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components as v;
use crate::http::pages::respond::{redirect, set_flash};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::services_arc;
use crate::http::safe_redirect::back_path;
use crate::language::t;
use crate::model::{Level, Upload, UploadId, now};
use crate::state::session_cache::AuthSession;
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/uploads/unfinished/{id}/discard", || web::route().to(submit_discard))
            .in_space(Level::Contribute),
    ]
}

/// An upload that has not received all of its bytes.
pub struct UnfinishedUpload {
    pub id: UploadId,
    pub name: String,
    pub size: i64,
    pub received: i64,
    pub words: String,
}

impl UnfinishedUpload {
    /// Builds the row of an unfinished upload, with texts that say how much has arrived and how long the upload is
    /// kept.
    fn from_upload(upload: Upload) -> Self {
        // A day that has begun counts as a whole day.
        let days = (upload.expires_at - now()).whole_days();
        let until = if days > 0 {
            fill!("kept for {count}", count = v::count_of(days + 1, "more day"))
        } else {
            t(msg!("given up today")).into_owned()
        };

        let words = fill!(
            "{received} of {size} have arrived · {until}",
            until = until,
            received = format_bytes(upload.offset()),
            size = format_bytes(upload.length())
        );

        Self {
            id: upload.id,
            name: upload.name,
            size: upload.size,
            received: upload.received,
            words,
        }
    }
}

/// The user's unfinished uploads, newest first.
pub fn list_unfinished(
    reader: &mut LibraryReader<'_>,
    auth_session: &AuthSession,
) -> Result<Vec<UnfinishedUpload>, Error> {
    Ok(resumable::list(reader, auth_session)?
        .into_iter()
        .map(UnfinishedUpload::from_upload)
        .collect())
}

async fn submit_discard(
    current: CurrentUser,
    request: actix_web::HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let id = UploadId::parse(&path).ok_or(Error::NotFound)?;
    let target = UploadTarget::Own(current.auth_session.clone());
    resumable::delete(&services_arc(&current.services), &target, id).await?;
    set_flash(&current.cookie, msg!("Upload discarded."))?;
    redirect(&back_path(&request).unwrap_or_else(|| "/dashboard".into()))
}
