//! Previews and metadata: a queue in the database. Several workers process it, each file in its own sandbox; three jobs
//! of four are items on pages being viewed.

use std::fs::File;

use super::record::store_result;
use crate::db::Conn;
use crate::domain::library::open_item;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::error::Result;
use crate::media::sniff::sniff;
use crate::media::{PreviewRenderer, Rendered, RendererHealth};
use crate::model::actor::Actor;
use crate::model::item::ItemKind;
use crate::model::{Item, ItemId, PreviewState, ScanStatus, UserId, WallClock, now};
use crate::msg;
use crate::sandbox::SandboxError;
use crate::state::Services;
use crate::storage::incoming_file::read_head;
use crate::store;
use crate::store::preview_jobs::PreviewJob;

/// How long a claimed job is reserved, in milliseconds: longer than any decoder may take.
const LEASE_TIME: i64 = 10 * 60_000;
/// Delay in milliseconds before a file is retried after a crash of its decoder or a temporary error.
const RETRY_DELAY: i64 = 60_000;
/// How often a file is tried whose decoder dies.
const MAX_CRASHES: i32 = 3;
/// How often a file is tried in total, whatever the reason.
const MAX_TRIES: i32 = 10;

/// Queues a file in the caller's transaction. A file that waits for the malware scanner is queued after the scan.
pub(crate) fn enqueue(conn: &mut Conn, item: &Item) -> Result<()> {
    if item.preview == PreviewState::Waiting && item.scan != ScanStatus::Pending {
        store::preview_jobs::insert(conn, item)?;
    }
    Ok(())
}

fn now_millis() -> i64 {
    WallClock::from_utc(now()).0
}

/// Processes one file. False if there is nothing to do.
///
/// # Errors
/// Database and system errors; the job is tried again.
pub fn process_next(services: &Services) -> Result<bool> {
    if services.preview_queue.is_stopping() || !can_make(services) {
        return Ok(false);
    }
    let Some(job) = claim(services)? else { return Ok(false) };

    let result = process(services, &job);
    services.preview_queue.announce_finished(job.item);
    result.map(|()| true)
}

/// Makes the previews and reads the metadata of the item of a claimed job, one that is reserved for this worker, and
/// records the result.
fn process(services: &Services, job: &PreviewJob) -> Result<()> {
    // The item may have been changed or deleted since the job was queued.
    let found = services.db.read(|conn| {
        let Some(item) = store::preview_jobs::find_item(conn, job.item)? else { return Ok(None) };
        Ok(store::users::find(conn, item.user_id)?.map(|owner| (item, owner)))
    })?;

    // The item and its job were deleted meanwhile.
    let Some((item, owner)) = found else { return Ok(()) };

    // A file that fails again and again must not occupy the queue.
    if job.tries > MAX_TRIES {
        let rendered =
            Rendered { error: Some(msg!("it was tried too often").into()), ..Rendered::default() };
        store_result(services, &item, &rendered, PreviewState::Failed)?;
        return Ok(());
    }

    if item.scan == ScanStatus::Pending {
        // The job is queued again after the scan.
        services.db.write(|conn| Ok(store::preview_jobs::delete(conn, item.id)?))?;
        return Ok(());
    }

    let file = open_item::open_after_pending_moves(services, &owner, item.id)?;

    // A missing or truncated file is not decoded.
    let is_whole =
        |file: &File| file.metadata().is_ok_and(|metadata| metadata.len() == item.bytes());

    let Some(file) = file.filter(is_whole) else {
        return record_result(
            services,
            job,
            &item,
            Err(SandboxError::Refused(msg!("the file is missing").into())),
        );
    };

    // Looked at again, because a newer version of the server may recognize more.
    let found = sniff(&read_head(&file)?, &item.name);
    let rendered = if PreviewRenderer::can_render(found.mime) {
        services.renderer.render(&file, found.mime)
    } else {
        Ok(Rendered::default())
    };
    let rendered = rendered
        .map(|rendered| Rendered { found: Some(rendered.found.unwrap_or(found)), ..rendered });
    record_result(services, job, &item, rendered)
}

/// Whether decoders can be sandboxed on this system; if not, it is tested again from time to time.
fn can_make(services: &Services) -> bool {
    if services.renderer.should_probe() {
        services.renderer.probe();
        match services.renderer.health() {
            RendererHealth::Off(why) => tracing::warn!("no previews: {why}"),
            _ => {
                for (tool, why) in services.renderer.unusable_tools() {
                    tracing::info!("previews without {tool}: {why}");
                }
            }
        }
    }
    services.renderer.health() == RendererHealth::Works
}

/// Takes the next job and reserves it for `LEASE_TIME`, exclusively across processes; `None` if no job is due.
fn claim(services: &Services) -> Result<Option<PreviewJob>> {
    loop {
        let at = now_millis();
        let found = services.db.read(|conn| {
            // Three jobs of four are prioritized ones. The others alternate between users, so that no user has to wait
            // for another's queue.
            if services.preview_queue.should_take_prioritized() {
                while let Some(id) = services.preview_queue.pop_prioritized() {
                    if let Some(job) = store::preview_jobs::find_due(conn, id, at)? {
                        return Ok(Some(job));
                    }
                }
            }

            // Users take turns, in order of their ids.
            let last = services.preview_queue.last_owner();
            let next = match store::preview_jobs::find_next_owner(conn, last, at)? {
                Some(owner) => Some(owner),
                // After the user with the highest id, the round begins again.
                None => store::preview_jobs::find_next_owner(conn, UserId(i64::MIN), at)?,
            };

            match next {
                Some(owner) => Ok(store::preview_jobs::find_newest_due(conn, owner, at)?),
                None => Ok(None),
            }
        })?;

        let Some(job) = found else { return Ok(None) };
        services.preview_queue.set_last_owner(job.owner);

        // Zero rows: another worker has claimed the job, so the loop looks for the next one.
        if services.db.write(|conn| Ok(store::preview_jobs::claim(conn, &job, at + LEASE_TIME)?))?
            == 1
        {
            return Ok(Some(PreviewJob { tries: job.tries + 1, ..job }));
        }
    }
}

/// Records the result of a job.
fn record_result(
    services: &Services,
    job: &PreviewJob,
    item: &Item,
    rendered: Result<Rendered, SandboxError>,
) -> Result<()> {
    match rendered {
        Ok(rendered) => {
            // A full disk is temporary.
            if let Err(cause) = services.preview_cache.write(item.id.0, &rendered.pictures) {
                tracing::warn!("previews cannot be kept: {cause}");
                return retry_later(services, item, RETRY_DELAY);
            }
            let kind = rendered.found.map_or(item.kind, |found| ItemKind::from(found.kind));
            let state = match (rendered.pictures.is_empty(), kind) {
                (false, _) => PreviewState::Ready,
                (true, ItemKind::Photo | ItemKind::Video) => PreviewState::Failed,
                // Music without a cover is not an error, and neither is a PDF without a visible page.
                (true, _) => PreviewState::None,
            };
            store_result(services, item, &rendered, state)
        }
        Err(SandboxError::Unavailable(why)) => {
            tracing::error!("no previews: {why}");
            services.renderer.probe();
            retry_later(services, item, RETRY_DELAY)
        }
        Err(SandboxError::System(cause)) => {
            tracing::warn!("a preview will be tried again: {cause}");
            retry_later(services, item, RETRY_DELAY)
        }
        Err(failure @ SandboxError::Died(_)) if job.tries < MAX_CRASHES => {
            tracing::warn!(item = %item.id, "a decoder failed: {failure}");
            retry_later(services, item, RETRY_DELAY)
        }
        // The file itself is the reason, so trying again is useless.
        Err(failure) => {
            tracing::info!(item = %item.id, "no preview: {failure}");
            let rendered = Rendered { error: Some(failure.to_string()), ..Rendered::default() };
            let state = match item.kind {
                ItemKind::Document | ItemKind::Other => PreviewState::None,
                _ => PreviewState::Failed,
            };
            store_result(services, item, &rendered, state)
        }
    }
}

fn retry_later(services: &Services, item: &Item, wait: i64) -> Result<()> {
    services.db.write(|conn| {
        Ok(store::preview_jobs::update_not_before(conn, item.id, now_millis() + wait)?)
    })?;
    Ok(())
}

/// Counts previews that are pending and that were given up.
pub fn counts(services: &Services) -> Result<(i64, i64)> {
    services.db.read(|conn| Ok(store::preview_jobs::count(conn)?))
}

/// The newest files that were given up: media type and reason.
pub fn list_given_up(services: &Services) -> Result<Vec<(String, String)>> {
    services.db.read(|conn| {
        let mut errors = Vec::new();
        for id in store::preview_jobs::list_given_up(conn, 10)? {
            let Some(item) = store::preview_jobs::find_item(conn, id)? else { continue };
            let details = store::item_details::find(conn, item.user_id, id)?.unwrap_or_default();
            errors
                .push((item.mime, details.error.unwrap_or_else(|| msg!("unknown reason").into())));
        }
        Ok(errors)
    })
}

/// Queues everything again that was given up. Returns how many files.
pub fn retry(services: &Services, actor: &Actor) -> Result<usize> {
    services.renderer.probe();
    let again = services.db.write(|conn| {
        authorize(conn, actor.session(), Need::Admin)?;
        Ok(store::preview_jobs::update_given_up(conn)?)
    })?;
    services.preview_queue.wake();
    Ok(again)
}

/// Queues all files of a user, or of all users, so that they are looked into again: after an upgrade that reads more out
/// of them. Their previews stay until then, and what people edited stays for good. Returns how many files were queued.
pub fn enqueue_all(services: &Services, actor: &Actor, owner: Option<UserId>) -> Result<usize> {
    let queued = services.db.write(|conn| {
        authorize(conn, actor.session(), Need::Admin)?;
        Ok(store::preview_jobs::insert_for_all(conn, owner)?)
    })?;
    services.preview_queue.wake();
    Ok(queued)
}

/// Removes previews without an item, in one of 256 folders.
pub fn sweep(services: &Services, folder: u8) -> Result<()> {
    for ids in services.preview_cache.ids_in(folder).chunks(500) {
        let ids: Vec<ItemId> = ids.iter().map(|id| ItemId(*id)).collect();
        let known = services.db.read(|conn| Ok(store::items::list_known(conn, &ids)?))?;
        ids.iter()
            .filter(|id| !known.contains(id))
            .for_each(|id| services.preview_cache.remove(id.0));
    }
    Ok(())
}
