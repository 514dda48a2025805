//! `/admin/status`: the state of the server.

use actix_web::{HttpRequest, web};
use askama::Template;

use crate::domain::backup::BackupStatus;
use crate::domain::ops::status::{self, PreviewStatus, ServerStatus};
use crate::domain::previews;
use crate::error::format_bytes;
use crate::http::extract::form::{EmptyForm, Form};
use crate::http::extract::user::AdminUser;
use crate::http::pages::components as v;
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{redirect_back, render};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::media;
use crate::state::malware_scanner::ScannerHealth;
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/status", || web::route().to(show_status)),
        Route::post("/admin/previews/retry", || web::route().to(submit_retry)),
    ]
}

#[derive(Template)]
#[template(path = "pages/admin/status.html")]
struct StatusPage {
    layout: Layout,
    status: ServerStatus,
    version: &'static str,
    uptime: String,
    space: String,
    stored: String,
    scanner: ScannerCard,
    previews: PreviewsCard,
    backups: BackupsCard,
}

impl StatusPage {
    /// Whether nothing needs the admin.
    fn is_all_well(&self) -> bool {
        self.status.warnings.is_empty()
            && self.status.checks.iter().all(|check| check.problem.is_none())
            && !(self.backups.is_bad || self.backups.is_off)
            && !(self.scanner.is_bad || self.scanner.findings > 0)
            && !(self.previews.is_bad || self.previews.given_up > 0)
    }
}

/// The state of backups as text.
struct BackupsCard {
    words: String,
    is_bad: bool,
    is_off: bool,
}

impl BackupsCard {
    /// Describes the newest backup and why the last attempt failed; `None` means that no backup directory is
    /// configured.
    fn from_status(status: Option<&BackupStatus>) -> Self {
        let Some(BackupStatus { newest, is_late, trouble }) = status else {
            let words = t(msg!("Backups are off. Set NEXUS_BACKUP_DIR.")).into_owned();
            return Self { words, is_bad: false, is_off: true };
        };
        let newest = newest.map_or_else(
            || t(msg!("No backup yet.")).into_owned(),
            |at| {
                fill!("Last backup {when}.", when = v::when(at, &crate::model::TimeZone::utc()).ago)
            },
        );
        match trouble {
            Some(why) => Self {
                words: fill!("{newest} The last attempt failed: {why}", newest = newest, why = why),
                is_bad: true,
                is_off: false,
            },
            None => Self { words: newest, is_bad: *is_late, is_off: false },
        }
    }
}

/// The state of the malware scanner as text.
struct ScannerCard {
    words: String,
    is_bad: bool,
    is_off: bool,
    findings: i64,
}

impl ScannerCard {
    /// Describes whether the malware scanner responds, and how many files wait for it.
    fn from_status(status: &ServerStatus) -> Self {
        let waiting = match status.waiting {
            0 => String::new(),
            count => fill!(" {count} waiting.", count = v::count_of(count, "file")),
        };

        let (words, is_bad) = match &status.scanner {
            ScannerHealth::Off => (
                t(msg!("Off. Uploads aren't scanned. Set NEXUS_CLAMD to turn it on.")).into_owned(),
                false,
            ),
            ScannerHealth::Unknown => {
                (fill!("Not checked yet.{waiting}", waiting = waiting), false)
            }
            ScannerHealth::Works(version) => (format!("{version}.{waiting}"), false),
            ScannerHealth::Away(why) => (
                fill!(
                    "Not responding: {why}. New files stay locked until it does.{waiting} Start clamd, or check NEXUS_CLAMD.",
                    why = why,
                    waiting = waiting
                ),
                true,
            ),
        };
        let is_off = matches!(status.scanner, ScannerHealth::Off);
        Self { words, is_bad, is_off, findings: status.findings }
    }
}

/// The state of previews as text.
struct PreviewsCard {
    words: String,
    is_bad: bool,
    /// Tools that are missing, and for which files.
    missing: Vec<String>,
    given_up: i64,
    crashes: String,
    troubles: Vec<(String, String)>,
}

impl PreviewsCard {
    /// Describes whether previews can be made, how many are pending if so, and which tools are missing.
    fn from_status(previews: &PreviewStatus) -> Self {
        let waiting = match previews.waiting {
            0 => String::new(),
            count => fill!(" {count} waiting.", count = v::count_of(count, "preview")),
        };

        let (words, is_bad) = match &previews.health {
            media::RendererHealth::Unknown => {
                (fill!("Not used yet.{waiting}", waiting = waiting), false)
            }
            media::RendererHealth::Works => {
                (fill!("Sandbox active.{waiting}", waiting = waiting), false)
            }
            // No count of waiting previews: none are made while this is off.
            media::RendererHealth::Off(why) => (
                fill!(
                    "Off: {why}. They need Landlock and seccomp of Linux 5.13 or newer.",
                    why = why
                ),
                true,
            ),
        };

        // ffprobe and ffmpeg come in one package and are reported as one tool; the set removes the duplicate if both are
        // missing for the same reason.
        let opens = |tool: &str| match tool {
            "vipsthumbnail" => msg!("HEIC and AVIF photos"),
            "pdftocairo" => msg!("PDF files"),
            _ => "videos",
        };
        let missing = previews.missing.iter().map(|(tool, why)| {
            let tool = tool.replace("ffprobe", "ffmpeg").replace("pdfinfo", "pdftocairo");
            fill!(
                "No previews of {kinds}: {tool} is {why}.",
                tool = tool,
                why = why,
                kinds = opens(&tool)
            )
        });

        let crashes = i64::try_from(previews.crashes).unwrap_or(i64::MAX);
        Self {
            words,
            is_bad,
            missing: missing.collect::<std::collections::BTreeSet<_>>().into_iter().collect(),
            given_up: previews.given_up,
            crashes: if crashes > 0 {
                fill!("{count} since the start", count = v::count_of(crashes, "crash"))
            } else {
                String::new()
            },
            troubles: previews.troubles.clone(),
        }
    }
}

async fn submit_retry(
    AdminUser(current): AdminUser,
    request: HttpRequest,
    _: Form<EmptyForm>,
) -> HandlerResult {
    let actor = current.actor();
    let again =
        run_blocking(&current.services, move |services| previews::retry(services, &actor)).await?;
    let count = v::count_of(i64::try_from(again).unwrap_or(i64::MAX), "file");
    redirect_back(&request, &current.cookie, fill!("{count} will be tried again.", count = count))
}

/// Shows the state of the server: space, malware scanner, backups and previews.
async fn show_status(AdminUser(current): AdminUser) -> HandlerResult {
    let status = run_blocking(&current.services, |services| status::status(services)).await?;
    let layout = Layout::load(&current, "/admin/status").await?;
    let unknown = || t(msg!("The system does not say.")).into_owned();

    render(&StatusPage {
        version: env!("CARGO_PKG_VERSION"),
        uptime: uptime(status.uptime),
        space: status.space.map_or_else(unknown, |(free, all)| {
            fill!("{free} of {all} free", free = format_bytes(free), all = format_bytes(all))
        }),
        stored: status.stored.map_or_else(unknown, |(people, bytes)| {
            format!("{}, {}", v::count_of(people, "account"), v::size(bytes).words)
        }),
        scanner: ScannerCard::from_status(&status),
        backups: BackupsCard::from_status(status.backups.as_ref()),
        previews: PreviewsCard::from_status(&status.previews),
        status,
        layout,
    })
}

fn uptime(time: std::time::Duration) -> String {
    let minutes = time.as_secs() / 60;
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => fill!("{minutes} min", minutes = minutes),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
