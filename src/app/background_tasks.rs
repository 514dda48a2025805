//! What a running server does beside answering: scanning, previews, backups, folders that others change, clearing up.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::JoinHandle;

use crate::db::blocking;
use crate::domain::ops::housekeeping;
use crate::domain::{backup, malware, previews, reconcile};
use crate::error::{Error, Result};
use crate::state::Services;
use crate::storage::watcher::{FolderWatcher, QuietPaths};

/// How often a scanner that was away is asked again.
const SCAN_AGAIN: Duration = Duration::from_secs(5);
/// How often it is looked whether a preview is due again.
const PREVIEW_AGAIN: Duration = Duration::from_secs(5);
/// Files decoded at the same time, whatever the machine has.
const MOST_PREVIEWS: usize = 16;
/// How often it is looked whether something in people's folders stands still.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether a backup is due.
const BACKUP_EVERY: Duration = Duration::from_mins(1);
const NOTES_EVERY: Duration = Duration::from_secs(15);
const ROUNDS_EVERY: Duration = Duration::from_mins(10);

/// Scans what arrives, and what waited while the scanner was away.
pub(crate) async fn keep_scanning(services: Arc<Services>) {
    loop {
        let scanning_services = services.clone();
        let scanned = blocking(move || {
            if scanning_services.scanner.is_on() {
                malware::scan_waiting(&scanning_services).map(drop)
            } else {
                malware::forget_waiting(&scanning_services)
            }
        });
        if let Err(error) = scanned.await {
            tracing::warn!("scanning will be tried again: {error:?}");
        }
        tokio::select! {
            () = services.scanner.bell.notified() => {}
            () = tokio::time::sleep(SCAN_AGAIN) => {}
        }
    }
}

/// Tells systemd that the server is ready, and as often as it wants to hear it that threads still do their work
/// (`sd_notify(3)`). Where no systemd has started us it does nothing.
pub(crate) async fn say_alive() {
    if let Err(cause) = sd_notify::notify(&[NotifyState::Ready]) {
        tracing::warn!("systemd could not be told that the server is ready: {cause}");
    }
    let Some(within) = sd_notify::watchdog_enabled() else { return };
    loop {
        tokio::time::sleep(within / 3).await;
        if blocking(|| Ok(())).await.is_ok() {
            drop(sd_notify::notify(&[NotifyState::Watchdog]));
        }
    }
}

/// Makes backups when they are due. One that is under way when the server stops is none.
pub(crate) async fn keep_backing_up(services: Arc<Services>) {
    loop {
        let backing = services.clone();
        let (tell, told) = tokio::sync::oneshot::channel();
        // On a thread of its own, because its priority is lowered for good, and nobody waits for it at the end.
        std::thread::spawn(move || tell.send(backup::round(&backing)));
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
        tokio::time::sleep(BACKUP_EVERY).await;
    }
}

/// Takes what others do in people's folders.
pub(crate) async fn keep_following(services: Arc<Services>, settled: Duration) {
    let watching = services.clone();
    let watch = match blocking(move || Ok(FolderWatcher::start(watching.tree.path())?)).await {
        Ok(watch) => watch,
        Err(error) => {
            tracing::warn!("people's folders are not watched: {error:?}");
            drop(services.watch_trouble.set(error.to_string()));
            return;
        }
    };
    loop {
        tokio::time::sleep(FOLLOW_EVERY).await;
        let quiet = watch.take(settled);
        if quiet.paths.is_empty() && !quiet.is_lost {
            continue;
        }
        let following = services.clone();
        let followed = blocking(move || {
            let looked = if quiet.is_lost {
                reconcile::scan(&following, None, settled).map(|noticed| (noticed, Vec::new()))
            } else {
                reconcile::look_at(&following, &quiet.paths, settled)
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
                tell_noticed(noticed);
            }
            Err(error) => tracing::error!("looking at people's folders: {error:?}"),
        }
    }
}

fn tell_noticed(noticed: Result<reconcile::FolderScanReport>) {
    match noticed {
        Ok(noticed) if noticed.is_something() => tracing::info!(
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
pub(crate) fn keep_previewing(services: &Arc<Services>) -> Vec<JoinHandle<()>> {
    let at_once = match services.settings.previews_at_once {
        None => std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(MOST_PREVIEWS),
        Some(set) => set.min(MOST_PREVIEWS),
    };
    let preview = |services: Arc<Services>| async move {
        loop {
            let rung = services.previewing.bell.notified();
            let working = services.clone();
            match blocking(move || previews::work(&working)).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!("previews will be tried again: {error:?}"),
            }
            tokio::select! {
                () = rung => {}
                () = tokio::time::sleep(PREVIEW_AGAIN) => {}
            }
        }
    };
    (0..at_once).map(|_| tokio::spawn(preview(services.clone()))).collect()
}

/// Writes down notes and clears up, until the server stops.
pub(crate) async fn keep_house(services: Arc<Services>) {
    let mut notes = tokio::time::interval(NOTES_EVERY);
    let mut rounds = tokio::time::interval(ROUNDS_EVERY);
    loop {
        let is_round = tokio::select! {
            _ = notes.tick() => false,
            _ = rounds.tick() => true,
        };
        let services = services.clone();
        let done =
            blocking(move || if is_round { housekeeping::round(&services) } else { housekeeping::write_notes(&services) }).await;
        if let Err(error) = done {
            tracing::warn!("housekeeping will try again: {error:?}");
        }
    }
}
