//! `/admin/status`: how the server is.

use actix_web::web;
use askama::Template;

use super::answer::show;
use super::shell::Shell;
use super::view::{self as v, thousands};
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
        stored: status.stored.map_or_else(unknown, |(people, bytes)| {
            let people = thousands(u64::try_from(people).unwrap_or(0));
            format!("{people} accounts, {}", v::size(bytes).words)
        }),
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
