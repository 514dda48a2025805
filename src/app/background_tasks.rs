//! Background tasks: malware scans, previews, backups, folder watch, housekeeping, systemd notifications.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::JoinHandle;

use crate::domain::library::{reindex, xmp_files};
use crate::domain::ops::housekeeping;
use crate::domain::{backup, malware, previews, reconcile};
use crate::error::{Error, Result};
use crate::state::Services;
use crate::storage::watcher::{FolderWatcher, QuietPaths};
use crate::sync::run_on_blocking_pool;

/// How often waiting files are tried while the scanner is unreachable.
const SCAN_INTERVAL: Duration = Duration::from_secs(5);
/// How often to check for previews that are due again.
const PREVIEW_INTERVAL: Duration = Duration::from_secs(5);
/// Files decoded at the same time at most.
const MAX_PREVIEW_WORKERS: usize = 16;
/// How often to check for changed files that are quiet.
const FOLDER_WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// After how many of these checks the users are looked up whose folders are watched.
const ROUNDS_PER_USER_CHECK: u32 = 10;
/// How often to check for edits that are not in their XMP file yet.
const XMP_INTERVAL: Duration = Duration::from_secs(5);
/// How often to check whether a backup is due.
const BACKUP_CHECK_INTERVAL: Duration = Duration::from_mins(1);
const LAST_SEEN_INTERVAL: Duration = Duration::from_secs(15);
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_mins(10);

/// Scans new files, and those that waited while the scanner was unreachable. If no scanner is configured, marks waiting
/// files as skipped, so that their owners can open them.
pub(crate) async fn run_malware_scan(services: Arc<Services>) {
    loop {
        let scanning_services = services.clone();
        let scanned = run_on_blocking_pool(move || {
            // Without a scanner, files that wait for one are released.
            if scanning_services.malware_scanner.is_on() {
                malware::scan_waiting(&scanning_services).map(drop)
            } else {
                malware::reset_waiting(&scanning_services)
            }
        });

        if let Err(error) = scanned.await {
            tracing::warn!(?error, "malware scan failed; retrying");
        }

        // Wake early when a file arrives.
        tokio::select! {
            () = services.malware_scanner.wakeup.notified() => {}
            () = tokio::time::sleep(SCAN_INTERVAL) => {}
        }
    }
}

/// Notifies systemd that the server is ready and, as often as configured, that its threads still make progress
/// (`sd_notify(3)`). Does nothing when it was not started by systemd.
pub(crate) async fn run_systemd_notify() {
    if let Err(cause) = sd_notify::notify(&[NotifyState::Ready]) {
        tracing::warn!(error = %cause, "cannot notify systemd");
    }
    let Some(timeout) = sd_notify::watchdog_enabled() else { return };
    loop {
        // systemd expects a notification within the timeout; a third of it leaves room for delays.
        tokio::time::sleep(timeout / 3).await;
        // Only notifies while the blocking pool still runs work.
        if run_on_blocking_pool(|| Ok(())).await.is_ok() {
            drop(sd_notify::notify(&[NotifyState::Watchdog]));
        }
    }
}

/// Checks every minute whether a backup is due and creates it. A backup that is running when the server stops is
/// discarded.
pub(crate) async fn run_scheduled_backups(services: Arc<Services>) {
    loop {
        let backup_services = services.clone();
        let (sender, result) = tokio::sync::oneshot::channel();

        // On a thread of its own, because its priority is lowered for good and shutdown must not wait for it.
        std::thread::spawn(move || sender.send(backup::run_if_due(&backup_services)));

        match result.await.unwrap_or_else(|_| Err(Error::internal("the backup thread panicked"))) {
            Ok(Some(backup)) => tracing::info!(
                files = backup.files,
                bytes = backup.bytes,
                new_files = backup.new_files,
                new_bytes = backup.new_bytes,
                // Files that the backup omits.
                left = backup.left.len(),
                "created backup {}",
                backup.name
            ),
            Ok(None) => {}
            Err(error) => tracing::error!(?error, "backup failed; retrying"),
        }
        tokio::time::sleep(BACKUP_CHECK_INTERVAL).await;
    }
}

/// Watches user folders and applies changes by other programs once a path has been quiet for `quiet_period`. Ends if
/// the folders cannot be watched.
pub(crate) async fn run_folder_watch(services: Arc<Services>, quiet_period: Duration) {
    // Setting up the watch walks through all folders, which blocks.
    let watching = services.clone();
    let started = run_on_blocking_pool(move || {
        let watcher = Arc::new(FolderWatcher::start(watching.media_dir.path())?);
        watch_active_users(&watching, &watcher)?;
        Ok(watcher)
    });

    let watcher = match started.await {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::warn!(?error, "cannot watch user folders");
            // Kept for the status report of the server.
            drop(services.watch_error.set(error.to_string()));
            return;
        }
    };

    for round in 1_u32.. {
        tokio::time::sleep(FOLDER_WATCH_INTERVAL).await;
        let quiet_paths = watcher.take_quiet(quiet_period);
        // A path with one component is a new folder. Users may also have been suspended or reactivated, by any process.
        let has_new_folder = quiet_paths.paths.iter().any(|path| path.components().count() == 1);
        if has_new_folder || round % ROUNDS_PER_USER_CHECK == 0 {
            let (services, watcher) = (services.clone(), watcher.clone());
            let updated = run_on_blocking_pool(move || watch_active_users(&services, &watcher));
            if let Err(error) = updated.await {
                tracing::warn!(?error, "cannot watch the folders of all active users");
            }
        }

        if quiet_paths.paths.is_empty() && !quiet_paths.needs_full_scan {
            continue;
        }
        let scan_services = services.clone();

        // The kernel may have lost events; then everything is scanned.
        let scan = run_on_blocking_pool(move || {
            let scanned = if quiet_paths.needs_full_scan {
                reconcile::scan(&scan_services, None, quiet_period)
                    .map(|report| (report, Vec::new()))
            } else {
                reconcile::scan_paths(&scan_services, &quiet_paths.paths, quiet_period)
            };

            Ok(match scanned {
                // A full scan skips files that still change; another full scan must follow then.
                Ok((report, paths)) => {
                    let needs_full_scan = quiet_paths.needs_full_scan && report.waiting > 0;
                    (Ok(report), QuietPaths { paths, needs_full_scan })
                }
                // After an error, the same paths are tried again.
                Err(error) => (Err(error), quiet_paths),
            })
        });

        // Paths that still change are queued again. After a panic they are not, because they would cause another.
        match scan.await {
            Ok((report, unsettled_paths)) => {
                watcher.put_back(unsettled_paths);
                log_scan_report(report);
            }
            Err(error) => tracing::error!(?error, "folder scan panicked"),
        }
    }
}

fn watch_active_users(services: &Services, watcher: &FolderWatcher) -> Result<()> {
    Ok(watcher.watch_only(&reconcile::watched_folders(services)?)?)
}

/// Logs the result of a folder scan, unless it found no changes.
fn log_scan_report(report: Result<reconcile::FolderScanReport>) {
    match report {
        Ok(report) if report.has_changes() => tracing::info!(
            // `back` counts missing files that have returned unchanged, `left` what was not stored.
            taken_in = report.taken_in,
            moved = report.moved,
            changed = report.changed,
            vanished = report.vanished,
            back = report.back,
            left = report.left.len(),
            "user folders changed"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(?error, "folder scan failed; retrying"),
    }
}

/// Starts the preview workers. A decoder that is running when the server stops ends with it.
pub(crate) fn spawn_preview_workers(services: &Arc<Services>) -> Vec<JoinHandle<()>> {
    // By default one worker per processor, or 2 if their number is unknown.
    let worker_count = match services.settings.previews_at_once {
        None => std::thread::available_parallelism()
            .map_or(2, std::num::NonZero::get)
            .min(MAX_PREVIEW_WORKERS),
        Some(configured) => configured.min(MAX_PREVIEW_WORKERS),
    };

    let preview = |services: Arc<Services>| async move {
        loop {
            // Registered before the queue is read, so that no wake-up is lost.
            let wakeup = services.preview_queue.wakeup.notified();
            let worker_services = services.clone();
            match run_on_blocking_pool(move || previews::process_next(&worker_services)).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(?error, "preview failed; retrying"),
            }
            // The interval also finds files that are due again after a failure, which wake nobody.
            tokio::select! {
                () = wakeup => {}
                () = tokio::time::sleep(PREVIEW_INTERVAL) => {}
            }
        }
    };
    (0..worker_count).map(|_| tokio::spawn(preview(services.clone()))).collect()
}

/// Brings rows that an older version derived from names up to date, once after an upgrade.
pub(crate) async fn run_reindex(services: Arc<Services>) {
    match run_on_blocking_pool(move || reindex::bring_up_to_date(&services)).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "updated sort keys and search words"),
        Err(error) => tracing::warn!(?error, "cannot update sort keys; retrying at the next start"),
    }
}

/// Writes XMP files for what owners have edited.
pub(crate) async fn run_xmp_files(services: Arc<Services>) {
    loop {
        let writing = services.clone();
        match run_on_blocking_pool(move || xmp_files::write_next(&writing)).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(?error, "cannot write XMP files; retrying"),
        }
        tokio::time::sleep(XMP_INTERVAL).await;
    }
}

/// Writes "last seen" times and runs housekeeping until the server stops.
pub(crate) async fn run_housekeeping(services: Arc<Services>) {
    let mut last_seen_interval = tokio::time::interval(LAST_SEEN_INTERVAL);

    let mut housekeeping_interval = tokio::time::interval(HOUSEKEEPING_INTERVAL);
    loop {
        let is_housekeeping_due = tokio::select! {
            _ = last_seen_interval.tick() => false,
            _ = housekeeping_interval.tick() => true,
        };

        let services = services.clone();
        let result = run_on_blocking_pool(move || {
            if is_housekeeping_due {
                // A round also writes the "last seen" times.
                housekeeping::run_round(&services)
            } else {
                housekeeping::write_last_seen(&services)
            }
        })
        .await;

        if let Err(error) = result {
            tracing::warn!(?error, "housekeeping failed; retrying");
        }
    }
}
