//! `/admin/findings`: files that the malware scanner quarantined.

use actix_web::{HttpRequest, web};
use askama::Template;

use crate::domain::findings;
use crate::error::Error;
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::AdminUser;
use crate::http::pages::components::{self as v, Size, When};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect_back, render};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::finding::{Finding, FindingState};
use crate::model::{FindingId, TimeZone};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/findings", || web::route().to(show_findings)),
        Route::post("/admin/findings/{id}/delete", || web::route().to(submit_delete)),
        Route::post("/admin/findings/{id}/release", || web::route().to(submit_release)),
    ]
}

/// A finding in the list.
struct FindingRow {
    id: FindingId,
    name: String,
    owner: String,
    signature: String,
    size: Size,
    found: When,
    is_open: bool,
    /// The decision and the admin who made it.
    decided: String,
}

impl FindingRow {
    /// Converts a finding, a file that the malware scanner quarantined, into a row with the decision of an admin, if
    /// there is one.
    fn from_finding(finding: Finding, owner: String, zone: &TimeZone) -> Self {
        let state_label = match finding.state {
            FindingState::Quarantined => "",
            FindingState::Released => msg!("Released"),
            FindingState::Deleted => msg!("Deleted"),
        };
        let actor =
            finding.decided_by.map(|actor| fill!(" by {actor}", actor = actor)).unwrap_or_default();
        Self {
            id: finding.id,
            name: finding.name,
            owner,
            signature: finding.signature,
            size: v::size(finding.size),
            found: v::when(finding.found_at, zone),
            is_open: finding.state == FindingState::Quarantined,
            decided: format!("{state_label}{actor}"),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/admin/findings.html")]
struct FindingsPage {
    layout: Layout,
    rows: Vec<FindingRow>,
}

async fn show_findings(AdminUser(current): AdminUser) -> HandlerResult {
    let list =
        run_blocking(&current.services, |services| findings::list_findings(services)).await?;
    let zone = current.time_zone();
    let layout = Layout::load(&current, "/admin/status").await?;
    render(&FindingsPage {
        rows: list
            .into_iter()
            .map(|(finding, owner)| FindingRow::from_finding(finding, owner, &zone))
            .collect(),
        layout,
    })
}

async fn submit_delete(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let (id, actor) = (parse_id(&path)?, current.actor());
    run_blocking(&current.services, move |services| findings::delete(services, &actor, id)).await?;
    redirect_back(&request, &current.cookie, msg!("The file was permanently deleted."))
}

async fn submit_release(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    path: web::Path<String>,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let (id, actor) = (parse_id(&path)?, current.actor());
    run_blocking(&current.services, move |services| findings::release(services, &actor, id))
        .await?;
    redirect_back(&request, &current.cookie, msg!("The file was released to its owner."))
}

fn parse_id(text: &str) -> Result<FindingId, Error> {
    FindingId::parse(text).ok_or(Error::NotFound)
}
