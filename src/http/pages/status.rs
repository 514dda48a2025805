//! `/admin/status`: how the server is.

use actix_web::web;
use askama::Template;

use super::answer::show;
use super::shell::Shell;
use super::view as v;
use crate::domain::Health;
use crate::domain::status::{self, Status};
use crate::error::bytes_in_words;
use crate::http::route::{Answer, Route, act};
use crate::http::visitor::Admin;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/admin/status", || web::route().to(show_status))]
}

#[derive(Template)]
#[template(path = "pages/status.html")]
struct StatusPage {
    shell: Shell,
    status: Status,
    version: &'static str,
    uptime: String,
    space: String,
    stored: String,
    scanner: ScannerCard,
}

/// The malware scanner in words.
struct ScannerCard {
    words: String,
    is_bad: bool,
    findings: i64,
}

impl ScannerCard {
    fn of(status: &Status) -> Self {
        let waiting = match status.waiting {
            0 => String::new(),
            count => format!(" {} waiting for it.", v::counted(count, "file")),
        };
        let (words, is_bad) = match &status.scanner {
            Health::Off => ("Off: files are kept as they come. Set NEXUS_CLAMD to turn it on.".to_owned(), false),
            Health::Unknown => (format!("Not asked yet.{waiting}"), false),
            Health::Works(version) => (format!("{version}.{waiting}"), false),
            Health::Away(why) => (
                format!(
                    "Does not answer: {why}. New files stay closed until it does.{waiting} Start clamd, or look at NEXUS_CLAMD."
                ),
                true,
            ),
        };
        Self { words, is_bad, findings: status.findings }
    }
}

async fn show_status(Admin(at): Admin) -> Answer {
    let status = act(&at.services, |services| status::status(services)).await?;
    let shell = Shell::load(&at, "/admin/status").await?;
    let unknown = || "The system does not say.".to_owned();
    show(&StatusPage {
        version: env!("CARGO_PKG_VERSION"),
        uptime: uptime(status.uptime),
        space: status
            .space
            .map_or_else(unknown, |(free, all)| format!("{} of {} free", bytes_in_words(free), bytes_in_words(all))),
        stored: status
            .stored
            .map_or_else(unknown, |(people, bytes)| format!("{}, {}", v::counted(people, "account"), v::size(bytes).words)),
        scanner: ScannerCard::of(&status),
        status,
        shell,
    })
}

fn uptime(time: std::time::Duration) -> String {
    let minutes = time.as_secs() / 60;
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
