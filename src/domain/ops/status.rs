//! The server's health, for its admin and for load balancers.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::domain::{backup, malware, previews};
use crate::error::{Result, format_bytes};
use crate::media;
use crate::state::Services;
use crate::state::malware_scanner::ScannerHealth;
use crate::state::readiness_cache::{Check, CheckProblem};
use crate::storage::IncomingFile;
use crate::store;
use crate::{fill, msg};

/// Less free space than this causes a warning.
const LOW_SPACE_BYTES: u64 = 5_000_000_000;

/// Checks what the server needs: the database responds, the media folder is writable.
#[must_use]
pub fn checks(services: &Services) -> Vec<Check> {
    let database =
        services.db.read(|conn| Ok(store::site::find_has_admin(conn)?)).err().map(|error| {
            CheckProblem {
                in_short: "does not answer",
                remedy: fill!(
                    "{error} Look at the database server, its address and password.",
                    error = error
                ),
            }
        });
    // Creating a temporary file shows whether the folder can be written to.
    let media = IncomingFile::create(services.media_dir.clone()).err().map(|cause| CheckProblem {
        in_short: "cannot be written",
        remedy: fill!(
            "{cause}. Make {path} writable for the server's user and see that it is not full.",
            cause = cause,
            path = services.media_dir.path().display()
        ),
    });
    vec![Check { name: "database", problem: database }, Check { name: "media", problem: media }]
}

/// The data of the admin's status page.
pub struct ServerStatus {
    pub checks: Vec<Check>,
    /// Free and total bytes of the media disk; `None` if unknown.
    pub space: Option<(u64, u64)>,
    /// Number of users and the bytes they store; `None` if the database does not respond.
    pub stored: Option<(i64, i64)>,
    pub uptime: Duration,
    pub warnings: Vec<String>,
    pub scanner: ScannerHealth,
    /// `None` if no backup folder is configured.
    pub backups: Option<backup::BackupStatus>,
    pub previews: PreviewStatus,
    /// Files that wait for the scanner.
    pub waiting: i64,
    /// Findings that wait for a decision.
    pub findings: i64,
}

/// The status of previews.
pub struct PreviewStatus {
    pub health: media::RendererHealth,
    /// External tools that are not used, and why.
    pub missing: Vec<(&'static str, String)>,
    /// Files that wait for their preview.
    pub waiting: i64,
    /// Files that cannot have a preview.
    pub given_up: i64,
    /// Decoders that died since the start.
    pub crashes: u64,
    /// The newest files given up: media type and reason, but neither owner nor name.
    pub troubles: Vec<(String, String)>,
}

/// Collects the status; a part that fails does not affect the others.
///
/// # Errors
/// None at present.
pub fn status(services: &Services) -> Result<ServerStatus> {
    let space = services.media_dir.space().ok();

    // Warnings that an admin can act on.
    let mut warnings = Vec::new();
    if let Some((free, _)) = space.filter(|(free, _)| *free < LOW_SPACE_BYTES) {
        warnings.push(fill!(
            "Only {size} are free for files. Make room or move the media folder.",
            size = format_bytes(free)
        ));
    }

    if !services.settings.rate_limit {
        warnings.push(
            msg!("Rate limiting is off: passwords can be guessed. Set NEXUS_RATE_LIMIT=on.").into(),
        );
    }

    if let Some(why) = services.watch_error.get() {
        warnings.push(fill!("Changes made outside Nexus aren't detected: {why}. Run nexus-media scan from time to time.", why = why));
    }

    if let Some(address) = services.untrusted_proxy.get() {
        warnings.push(fill!("Requests from {address} name another client (X-Forwarded-For), but {address} is not a trusted proxy, so limits count all of its clients as one. If it is your proxy, set NEXUS_TRUSTED_PROXIES={address}.", address = address));
    }

    // At most five problems of the users file are listed.
    for (line, why) in
        services.users_file.current().iter().flat_map(|listed| listed.problems.iter().take(5))
    {
        warnings.push(fill!(
            "Users file, line {line}: {why}. The other lines work.",
            line = line,
            why = why
        ));
    }

    if services.settings.public_url.is_none() && !services.settings.listen.ip().is_loopback() {
        warnings.push(
            msg!("The server listens on the network without TLS in front. Put a proxy with TLS before it and set NEXUS_PUBLIC_URL.")
                .into(),
        );
    }

    // A failing database must not hide the rest of the page.
    let (waiting, findings) = malware::counts(services).unwrap_or_default();
    let (previews_waiting, given_up) = previews::counts(services).unwrap_or_default();

    // Each part is read independently.
    Ok(ServerStatus {
        previews: PreviewStatus {
            health: services.renderer.health(),
            missing: services
                .renderer
                .tools()
                .into_iter()
                .filter_map(|(tool, why)| Some((tool, why?)))
                .collect(),
            waiting: previews_waiting,
            given_up,
            crashes: services.renderer.crashes.load(Ordering::Relaxed),
            troubles: previews::list_given_up(services).unwrap_or_default(),
        },
        scanner: services.malware_scanner.health(),
        backups: backup::backup_status(services),
        waiting,
        findings,
        checks: checks(services),
        space,
        stored: services.db.read(|conn| Ok(store::users::count_all(conn)?)).ok(),
        uptime: services.started_at.elapsed(),
        warnings,
    })
}
