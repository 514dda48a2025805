//! `/dashboard`: the home page.

use actix_web::{HttpRequest, web};
use askama::Template;

use crate::domain::library::dashboard;
use crate::domain::{backup, findings, previews};
use crate::error::format_bytes;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::tile::{Tile, find_track};
use crate::http::pages::components::track_row::TrackRow;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::library::malware_notice;
use crate::http::pages::library::malware_notice::MalwareNotice;
use crate::http::pages::respond::render_cached;
use crate::http::pages::uploads::unfinished::{self, UnfinishedUpload};
use crate::http::route::{HandlerResult, Route};
use crate::language::nt;
use crate::model::Item;
use crate::state::Services;
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/dashboard", || web::route().to(show_dashboard))]
}

/// Something that an admin should look at.
struct Task {
    href: &'static str,
    icon: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "pages/library/dashboard.html")]
struct DashboardPage {
    layout: Layout,
    tasks: Vec<Task>,
    on_this_day: Vec<Tile>,
    recent: Vec<Tile>,
    favorites: Vec<Tile>,
    played: Vec<TrackRow>,
    files: Vec<Tile>,
    max_upload: String,
    is_full: bool,
    unfinished: Vec<UnfinishedUpload>,
    notices: Vec<MalwareNotice>,
}

/// Shows the home page.
async fn show_dashboard(current: CurrentUser, request: HttpRequest) -> HandlerResult {
    render_cached(&current, &request, "/dashboard", |reader, input| {
        let services = reader.services;
        let auth_session = input.auth_session.clone();
        let user = &auth_session.user;
        let data = dashboard::load_dashboard(reader, user)?;
        // The last call takes precedence, so the recent items come before the favorites.
        previews::prioritize(services, &data.favorites);
        previews::prioritize(services, &data.recent);

        let zone = services.time_zone(user);
        let tiles = |items: &[Item]| Tile::from_items(items, &data.tracks, services, &zone);
        let mut favorites = tiles(&data.favorites);
        let mut on_this_day = tiles(&data.on_this_day);
        // An item can be in several sections; its element id must be unique on the page.
        favorites.iter_mut().chain(&mut on_this_day).for_each(|tile| tile.is_repeated = true);
        let played = data.played.iter().zip(tiles(&data.played)).map(|(item, mut tile)| {
            tile.is_repeated = true;
            TrackRow::from_item(item, find_track(item, &data.tracks), tile)
        });

        let layout = Layout::read(reader, input)?;
        let findings = if user.is_admin() { findings::count_open(reader)? } else { 0 };
        Ok(DashboardPage {
            tasks: if user.is_admin() {
                tasks(services, layout.pending, findings)
            } else {
                Vec::new()
            },
            unfinished: unfinished::list_unfinished(reader, &auth_session)?,
            notices: malware_notice::notices(reader, user)?,
            on_this_day,
            recent: tiles(&data.recent),
            favorites,
            played: played.collect(),
            files: tiles(&data.files),
            is_full: user.free_quota() == Some(0),
            max_upload: format_bytes(
                services.settings.max_upload_bytes.min(user.free_quota().unwrap_or(u64::MAX)),
            ),
            layout,
        })
    })
    .await
}

/// What needs the admin: requests, findings, backups.
fn tasks(services: &Services, pending: i64, findings: i64) -> Vec<Task> {
    let mut tasks = Vec::new();
    if pending > 0 {
        let text = nt(
            pending,
            "{n} person is waiting for approval",
            "{n} people are waiting for approval",
        );
        tasks.push(Task { href: "/admin/users?status=pending", icon: "users", text });
    }
    if findings > 0 {
        let text = fill!("{count} in quarantine to review", count = count_of(findings, "file"));
        tasks.push(Task { href: "/admin/findings", icon: "shield-alert", text });
    }
    let text = match backup::backup_status(services) {
        None => Some(msg!("Backups are off")),
        Some(status) if status.trouble.is_some() => Some(msg!("The last backup failed")),
        Some(status) if status.is_late => Some(msg!("The last backup is too old")),
        Some(_) => None,
    };
    tasks.extend(text.map(|text| Task {
        href: "/admin/status",
        icon: "archive",
        text: text.to_owned(),
    }));
    tasks
}
