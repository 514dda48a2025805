//! `/admin/audit`: shows and exports the audit log.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use futures_util::stream;
use serde::Deserialize;
use time::macros::format_description;

use crate::domain::audit::{self, csv_head, csv_line};
use crate::error::Error;
use crate::http::extract::user::AdminUser;
use crate::http::pages::components::{self as v, When};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::render;
use crate::http::response::file::content_disposition;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::audit::AuditFilter;
use crate::model::{AuditRow, Event, Time, TimeZone};

/// Rows per page.
const PAGE_ROWS: i64 = 50;
/// Rows that an export reads at once.
const EXPORT_BATCH: i64 = 1000;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/audit", || web::route().to(show_audit)),
        Route::get("/admin/audit/export", || web::route().to(show_export)),
    ]
}

/// The filter in the query string.
#[derive(Debug, Clone, Default, Deserialize)]
struct AuditQuery {
    #[serde(default)]
    event: String,
    #[serde(default)]
    who: String,
    /// Days such as `2026-11-22`, both inclusive.
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    before: Option<i64>,
}

impl AuditQuery {
    fn filter(&self) -> AuditFilter {
        AuditFilter {
            event: Event::parse(&self.event),
            actor: Some(self.who.trim().to_owned()).filter(|who| !who.is_empty()),
            from: parse_day(&self.from),
            until: parse_day(&self.until).map(|day| day + time::Duration::DAY),
        }
    }

    /// The filter as a query string, without the position.
    fn query(&self) -> String {
        let fields = [
            ("event", &self.event),
            ("who", &self.who),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
        form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
    }
}

fn parse_day(text: &str) -> Option<Time> {
    let day = time::Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    Some(day.midnight())
}

struct AuditTableRow {
    id: i64,
    when: When,
    event: &'static str,
    is_bad: bool,
    actor: String,
    subject: String,
    detail: String,
    address: String,
}

impl AuditTableRow {
    /// Converts an entry of the audit log into a row of the table; `is_bad` highlights events that may be an attack or
    /// a malware finding.
    fn from_row(row: AuditRow, zone: &TimeZone) -> Self {
        Self {
            id: row.id,
            when: v::when(row.happened_at, zone),
            event: row.event().description(),
            is_bad: matches!(
                row.event(),
                Event::LogInRefused | Event::ShareLinkRefused | Event::TokenReused | Event::Found
            ),
            // A user acting on themselves is named once.
            subject: if row.subject == row.actor { String::new() } else { row.subject },
            actor: row.actor,
            detail: row.detail,
            address: row.address,
        }
    }
}

#[derive(Template)]
#[template(path = "pages/admin/audit.html")]
struct AuditPage {
    layout: Layout,
    rows: Vec<AuditTableRow>,
    requested: AuditQuery,
    is_filtered: bool,
    /// Event, label, and whether it is selected.
    events: Vec<(&'static str, &'static str, bool)>,
    next: Option<String>,
    export: String,
}

/// Shows a page of the audit log, newest first, with the filter of the query string.
async fn show_audit(AdminUser(current): AdminUser, query: web::Query<AuditQuery>) -> HandlerResult {
    let requested = query.into_inner();
    let (filter, before) = (requested.filter(), requested.before);

    let mut rows = run_blocking(&current.services, move |services| {
        audit::list(services, &filter, before, PAGE_ROWS + 1)
    })
    .await?;

    // One row more than a page shows whether there is another.
    let has_more = i64::try_from(rows.len()).is_ok_and(|count| count > PAGE_ROWS);
    rows.truncate(usize::try_from(PAGE_ROWS).unwrap_or_default());
    let query = requested.query();

    // Filters stay when paging.
    let with_filter =
        |more: String| if query.is_empty() { more } else { format!("{query}&{more}") };
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|row| format!("/admin/audit?{}", with_filter(format!("before={}", row.id))));

    let zone = current.time_zone();
    let layout = Layout::load(&current, "/admin/audit").await?;

    render(&AuditPage {
        rows: rows.into_iter().map(|row| AuditTableRow::from_row(row, &zone)).collect(),
        is_filtered: !query.is_empty(),
        events: Event::NAMED
            .iter()
            .map(|(event, words)| (event.as_str(), *words, event.as_str() == requested.event))
            .collect(),
        export: if query.is_empty() {
            "/admin/audit/export".into()
        } else {
            format!("/admin/audit/export?{query}")
        },
        next,
        requested,
        layout,
    })
}

/// Exports all matching rows, newest first, as CSV (RFC 4180).
async fn show_export(
    AdminUser(current): AdminUser,
    query: web::Query<AuditQuery>,
) -> HandlerResult {
    let (filter, services) = (query.filter(), current.services.clone());
    // The state: after which row to continue, and text that precedes the next rows; `None` at the end.
    let body = stream::try_unfold(Some((None, csv_head())), move |state| {
        let (filter, services) = (filter.clone(), services.clone());
        async move {
            let Some((before, mut text)) = state else { return Ok(None) };
            let rows = run_blocking(&services, move |services| {
                audit::list(services, &filter, before, EXPORT_BATCH)
            })
            .await?;
            text.extend(rows.iter().map(csv_line));
            let next = rows.last().map(|row| (Some(row.id), String::new()));
            // An empty chunk would end the response.
            Ok::<_, Error>((!text.is_empty()).then(|| (web::Bytes::from(text), next)))
        }
    });

    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        // `false`: the browser saves the file instead of showing it.
        .insert_header(content_disposition("nexus-audit.csv", false))
        .streaming(Box::pin(futures_util::TryStreamExt::map_err(body, std::io::Error::other))))
}
