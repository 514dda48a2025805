//! What a running server does beside answering: scanning, previews, backups, folders that others change, clearing up.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::JoinHandle;

use crate::db::run_on_blocking_pool;
use crate::domain::ops::housekeeping;
use crate::domain::{backup, malware, previews, reconcile};
use crate::error::{Error, Result};
use crate::state::Services;
use crate::storage::watcher::{FolderWatcher, QuietPaths};

/// How often a scanner that was away is asked again.
const SCAN_INTERVAL: Duration = Duration::from_secs(5);
/// How often it is looked whether a preview is due again.
const PREVIEW_INTERVAL: Duration = Duration::from_secs(5);
/// Files decoded at the same time, whatever the machine has.
const MAX_PREVIEW_WORKERS: usize = 16;
/// How often it is looked whether something in people's folders stands still.
const FOLDER_WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// How often it is looked whether a backup is due.
const BACKUP_CHECK_INTERVAL: Duration = Duration::from_mins(1);
const LAST_SEEN_INTERVAL: Duration = Duration::from_secs(15);
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_mins(10);

/// Scans what arrives, and what waited while the scanner was away.
pub(crate) async fn run_malware_scan(services: Arc<Services>) {
    loop {
        let scanning_services = services.clone();
        let scanned = run_on_blocking_pool(move || {
            if scanning_services.malware_scanner.is_on() {
                malware::scan_waiting(&scanning_services).map(drop)
            } else {
                malware::reset_waiting(&scanning_services)
            }
        });
        if let Err(error) = scanned.await {
            tracing::warn!("scanning will be tried again: {error:?}");
        }
        tokio::select! {
            () = services.malware_scanner.wakeup.notified() => {}
            () = tokio::time::sleep(SCAN_INTERVAL) => {}
        }
    }
}

/// Tells systemd that the server is ready, and as often as it wants to hear it that threads still do their work
/// (`sd_notify(3)`). Where no systemd has started us it does nothing.
pub(crate) async fn run_systemd_notify() {
    if let Err(cause) = sd_notify::notify(&[NotifyState::Ready]) {
        tracing::warn!("systemd could not be told that the server is ready: {cause}");
    }
    let Some(within) = sd_notify::watchdog_enabled() else { return };
    loop {
        tokio::time::sleep(within / 3).await;
        if run_on_blocking_pool(|| Ok(())).await.is_ok() {
            drop(sd_notify::notify(&[NotifyState::Watchdog]));
        }
    }
}

/// Makes backups when they are due. One that is under way when the server stops is none.
pub(crate) async fn run_scheduled_backups(services: Arc<Services>) {
    loop {
        let backing = services.clone();
        let (tell, told) = tokio::sync::oneshot::channel();
        // On a thread of its own, because its priority is lowered for good, and nobody waits for it at the end.
        std::thread::spawn(move || tell.send(backup::run_if_due(&backing)));
        match told.await.unwrap_or_else(|_| Err(Error::internal("the backup's thread is gone"))) {
            Ok(Some(made)) => tracing::info!(
                files = made.files,
                bytes = made.bytes,
                new_files = made.new_files,
                new_bytes = made.new_bytes,
                left = made.left.len(),
                "backup {} made",
                made.name
            ),
            Ok(None) => {}
            Err(error) => tracing::error!("the backup will be tried again: {error:?}"),
        }
        tokio::time::sleep(BACKUP_CHECK_INTERVAL).await;
    }
}

/// Takes what others do in people's folders.
pub(crate) async fn run_folder_watch(services: Arc<Services>, settled: Duration) {
    let watching = services.clone();
    let watch = match run_on_blocking_pool(move || Ok(FolderWatcher::start(watching.media_dir.path())?)).await {
        Ok(watch) => watch,
        Err(error) => {
            tracing::warn!("people's folders are not watched: {error:?}");
            drop(services.watch_error.set(error.to_string()));
            return;
        }
    };
    loop {
        tokio::time::sleep(FOLDER_WATCH_INTERVAL).await;
        let quiet = watch.take_quiet(settled);
        if quiet.paths.is_empty() && !quiet.is_lost {
            continue;
        }
        let following = services.clone();
        let followed = run_on_blocking_pool(move || {
            let looked = if quiet.is_lost {
                reconcile::scan(&following, None, settled).map(|noticed| (noticed, Vec::new()))
            } else {
                reconcile::scan_paths(&following, &quiet.paths, settled)
            };
            Ok(match looked {
                // What everything was looked through for may still stand there, unsettled.
                Ok((noticed, paths)) => {
                    let is_lost = quiet.is_lost && noticed.waiting > 0;
                    (Ok(noticed), QuietPaths { paths, is_lost })
                }
                Err(error) => (Err(error), quiet),
            })
        });
        match followed.await {
            Ok((noticed, again)) => {
                watch.put_back(again);
                log_scan_report(noticed);
            }
            Err(error) => tracing::error!("looking at people's folders: {error:?}"),
        }
    }
}

fn log_scan_report(noticed: Result<reconcile::FolderScanReport>) {
    match noticed {
        Ok(noticed) if noticed.has_changes() => tracing::info!(
            taken_in = noticed.taken_in,
            moved = noticed.moved,
            changed = noticed.changed,
            vanished = noticed.vanished,
            back = noticed.back,
            left = noticed.left.len(),
            "people's folders were changed"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!("people's folders will be looked at again: {error:?}"),
    }
}

/// Makes previews of what arrives, several files at a time. A child that is at work when the server stops ends with it.
pub(crate) fn spawn_preview_workers(services: &Arc<Services>) -> Vec<JoinHandle<()>> {
    let at_once = match services.settings.previews_at_once {
        None => std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(MAX_PREVIEW_WORKERS),
        Some(set) => set.min(MAX_PREVIEW_WORKERS),
    };
    let preview = |services: Arc<Services>| async move {
        loop {
            let rung = services.preview_queue.wakeup.notified();
            let working = services.clone();
            match run_on_blocking_pool(move || previews::process_next(&working)).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!("previews will be tried again: {error:?}"),
            }
            tokio::select! {
                () = rung => {}
                () = tokio::time::sleep(PREVIEW_INTERVAL) => {}
            }
        }
    };
    (0..at_once).map(|_| tokio::spawn(preview(services.clone()))).collect()
}

/// Writes down notes and clears up, until the server stops.
pub(crate) async fn run_housekeeping(services: Arc<Services>) {
    let mut notes = tokio::time::interval(LAST_SEEN_INTERVAL);
    let mut rounds = tokio::time::interval(HOUSEKEEPING_INTERVAL);
    loop {
        let is_round = tokio::select! {
            _ = notes.tick() => false,
            _ = rounds.tick() => true,
        };
        let services = services.clone();
        let done = run_on_blocking_pool(move || {
            if is_round { housekeeping::run_round(&services) } else { housekeeping::write_last_seen(&services) }
        })
        .await;
        if let Err(error) = done {
            tracing::warn!("housekeeping will try again: {error:?}");
        }
    }
}
