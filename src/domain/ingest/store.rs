//! Stores received files: first the bytes are made durable, then the file is moved into place, then its row is written.

use super::plan::{
    IngestPlan, already_decided_error, finish_upload, new_item, plan_batch, target_directory,
};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use crate::db::Conn;
use crate::domain::audit;
use crate::domain::file_moves::{self};
use crate::domain::library::search;
use crate::domain::library::selection::find_owned;
use crate::domain::previews;
use crate::domain::sessions::authorize::{Need, authorize};
use crate::domain::sessions::space_access;
use crate::domain::sharing::{file_requests, shared_uploads};
use crate::error::{Error, Result};
use crate::failpoints;
use crate::model::authority::FileSender;
use crate::model::finding::FindingState;
use crate::model::item::NewItem;
use crate::model::{DirectoryId, Event, Item, ItemId, Level, User, now};
use crate::state::Services;
use crate::state::ingest_queue::{IngestRequest, Ingested, QueuedIngest};
use crate::store;
use crate::store::shelf_counts::CountDeltas;

/// Files stored in one transaction, at most.
const MAX_BATCH_FILES: usize = 256;
/// How many files are synced in parallel.
const SYNC_THREADS: usize = 8;

/// Stores one file: [`store_all`].
///
/// # Errors
/// As [`store_all`].
pub fn store(services: &Services, user: &User, request: IngestRequest) -> Result<Ingested> {
    store_all(services, user, vec![request])
        .pop()
        .unwrap_or_else(|| Err(Error::internal("no outcome")))
}

/// Stores received files in their owner's library, each in the directory it names or in the standard one for its kind.
/// Identical bytes are stored once, unless the sender asks for duplicates. Results are in the same order: `Invalid` for
/// a directory of another user, `QuotaExceeded`, `DiskFull`. After an error, the file is removed unless it belongs to a
/// resumable upload.
pub fn store_all(
    services: &Services,
    user: &User,
    requests: Vec<IngestRequest>,
) -> Vec<Result<Ingested>> {
    let mut requests = requests;
    let mut outcomes = make_durable(&mut requests);

    // Files that could not be made durable already have their error.
    let (mut durable, mut indexes) = (Vec::new(), Vec::new());
    for (index, request) in requests.into_iter().enumerate() {
        if outcomes.get(index).is_some_and(Option::is_none) {
            indexes.push(index);
            durable.push(request);
        }
    }

    failpoints::hit("bytes durable");
    // Each ticket receives the outcome of one request.
    let tickets = services.ingest_queue.push(user.id, durable);

    // The thread that holds the lock stores the files of all waiting requests.
    for (ticket, index) in tickets.iter().zip(indexes) {
        let outcome = loop {
            if let Some(outcome) = ticket.outcome() {
                break outcome;
            }
            let moves_lock = services.lock_moves(user.id);

            // The previous holder of the lock may have stored our files in its batch.
            if let Some(outcome) = ticket.outcome() {
                break outcome;
            }

            let mut waiting = services.ingest_queue.take(user.id);
            // The request is neither queued nor answered, so the thread that took it has failed.
            if waiting.is_empty() {
                break Err(Error::internal("a batch was not stored"));
            }
            // The rest is stored in the next round, or by the next thread that gets the lock.
            let later = waiting.split_off(MAX_BATCH_FILES.min(waiting.len()));
            services.ingest_queue.put_back(user.id, later);
            store_waiting(&moves_lock, services, user, waiting);
        };

        if let Some(slot) = outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }

    outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(|| Err(Error::internal("no outcome"))))
        .collect()
}

/// Makes all bytes durable, several files in parallel, which the file system combines.
/// `Some` is a file's error.
fn make_durable(requests: &mut [IngestRequest]) -> Vec<Option<Result<Ingested>>> {
    let failed = |request: &mut IngestRequest| {
        request.received.make_durable().err().map(|cause| Err(cause.into()))
    };
    if let [only] = requests {
        return vec![failed(only)];
    }

    let mut outcomes = Vec::new();
    for chunk in requests.chunks_mut(SYNC_THREADS) {
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                chunk.iter_mut().map(|request| scope.spawn(move || failed(request))).collect();
            for thread in threads {
                outcomes.push(
                    thread
                        .join()
                        .unwrap_or_else(|_| Some(Err(Error::internal("an fsync panicked")))),
                );
            }
        });
    }
    outcomes
}

type UserLock<'a> = std::sync::MutexGuard<'a, ()>;

/// Stores a batch. If it fails, stores each file alone, so that one cannot make the others fail.
fn store_waiting(
    moves_lock: &UserLock<'_>,
    services: &Services,
    user: &User,
    mut waiting: Vec<QueuedIngest>,
) {
    match store_batch(moves_lock, services, user, &mut waiting) {
        Ok(outcomes) => {
            waiting
                .into_iter()
                .zip(outcomes)
                .for_each(|(queued, outcome)| queued.answer(Ok(outcome)));
        }
        Err(error) if waiting.len() == 1 => {
            if let Some(queued) = waiting.pop() {
                queued.answer(Err(error));
            }
        }
        Err(_) => {
            for mut queued in waiting {
                let stored =
                    store_batch(moves_lock, services, user, std::slice::from_mut(&mut queued));
                queued.answer(stored.and_then(|outcomes| {
                    outcomes.into_iter().next().ok_or_else(|| Error::internal("no outcome"))
                }));
            }
        }
    }
}

/// Stores the files of a batch with one call of `move_files_locked`: new files are moved into their directories and get
/// rows, duplicates resolve to the item with the same bytes. Returns one outcome per request, in the same order.
fn store_batch(
    moves_lock: &UserLock<'_>,
    services: &Services,
    user: &User,
    waiting: &mut [QueuedIngest],
) -> Result<Vec<Ingested>> {
    // Closures of a retried transaction may run twice, so results are replaced, not appended.
    let requests: Vec<&IngestRequest> = waiting.iter().map(|queued| &queued.request).collect();
    let plans: RefCell<Vec<IngestPlan>> = RefCell::default();
    let items: RefCell<Vec<Item>> = RefCell::default();

    file_moves::move_files_locked(
        moves_lock,
        services,
        user.id,
        |conn| {
            // Requests of several senders may be stored together. If one may not send any more, each is tried alone.
            let senders: BTreeSet<(&FileSender, Option<DirectoryId>)> =
                requests.iter().map(|request| (&request.sender, request.directory)).collect();
            for (sender, directory) in senders {
                shared_uploads::authorize_sender(conn, sender, directory)?;
            }
            let (decided, moves) = plan_batch(services, conn, user, &requests)?;
            *plans.borrow_mut() = decided;
            Ok(moves)
        },
        |conn, batch| {
            // The batch contains the moves of the new files only, in the order of their plans.
            let mut names = batch.iter();

            let mut new_items = Vec::new();
            for (request, plan) in requests.iter().zip(plans.borrow().iter()) {
                let IngestPlan::New { id, found } = plan else { continue };
                let done = names.next().filter(|done| done.subject == id.0 && done.was_in_place);
                let done = done.ok_or_else(|| {
                    Error::internal("a received file vanished before it was stored")
                })?;
                let directory = target_directory(services, conn, user, request, found)?;
                let item = new_item(services, user, *id, request, found, &directory, &done.name)?;
                let placement = file_requests::placement_of(
                    conn,
                    &request.sender,
                    request.released.as_ref().map(|(finding, _)| *finding),
                )?;
                new_items.push((request, NewItem { placement, ..item }));
            }

            insert_items(conn, user, &new_items)?;
            for (request, new) in &new_items {
                if let Some((finding, _)) = &request.released {
                    file_requests::restore_sender(conn, *finding, new)?;
                }
                match &request.sender {
                    FileSender::Server => {}
                    FileSender::Owner(session) => {
                        if let Some(need) = session.space {
                            let user = session.user;
                            let is_trusted =
                                space_access::may(conn, user, need.space, Level::Edit)?;
                            store::item_senders::insert(conn, new.id, (user, is_trusted), now())?;
                        }
                    }
                    FileSender::Grantee(session, _) => {
                        let sender = (session.user, false);
                        store::item_senders::insert(conn, new.id, sender, now())?;
                    }
                    FileSender::Visitor { link, generation, name } => {
                        let sent = (name.as_str(), request.upload.is_some());
                        file_requests::record(conn, user, (*link, *generation), sent, new)?;
                    }
                }
            }
            let ids: Vec<ItemId> = new_items.iter().map(|(_, new)| new.id).collect();
            *items.borrow_mut() = find_owned(conn, user, &ids)?;

            // A search finds the item by its name at once, and by its metadata after the file is decoded.
            for item in items.borrow().iter() {
                search::index_new(conn, item)?;
                previews::enqueue(conn, item)?;
            }

            // Uploads with the same bytes as another file of the batch share its item.
            for (request, plan) in requests.iter().zip(plans.borrow().iter()) {
                if let (IngestPlan::AsNew(first), Some(upload)) = (plan, request.upload)
                    && let Some(IngestPlan::New { id, .. }) = plans.borrow().get(*first)
                {
                    finish_upload(conn, user, upload, *id, true, &request.received)?;
                }
            }
            Ok(())
        },
    )?;

    let (plans, items) = (plans.into_inner(), items.into_inner());
    let find = |id: ItemId| {
        items.iter().find(|item| item.id == id).cloned().ok_or_else(|| Error::internal("no row"))
    };

    let outcomes = plans
        .iter()
        .map(|plan| match plan {
            IngestPlan::New { id, .. } => Ok(Ingested::Stored(Box::new(find(*id)?))),
            IngestPlan::Same(item) => Ok(Ingested::Duplicate(item.clone())),
            IngestPlan::AsNew(first) => match plans.get(*first) {
                Some(IngestPlan::New { id, .. }) => Ok(Ingested::Duplicate(Box::new(find(*id)?))),
                _ => Err(Error::internal("no first of the same bytes")),
            },
        })
        .collect::<Result<Vec<_>>>()?;

    for (queued, plan) in waiting.iter_mut().zip(&plans) {
        // Stored files stay; duplicates are removed.
        queued.request.received.set_keep(matches!(plan, IngestPlan::New { .. }));
    }

    services.metrics.record_stored(items.len() as u64, items.iter().map(Item::bytes).sum());
    // Cached sessions contain the user's used bytes, which have changed.
    services.session_cache.invalidate_user(user.id);
    services.malware_scanner.wake();
    services.preview_queue.wake();
    Ok(outcomes)
}

/// Writes the rows of a batch and updates the owner's counters.
fn insert_items(
    conn: &mut Conn,
    user: &User,
    new_items: &[(&&IngestRequest, NewItem)],
) -> Result<()> {
    let mut bytes = 0;
    for (request, new) in new_items {
        if let Some(upload) = request.upload {
            // `false` records the upload as a new item, not as a duplicate.
            finish_upload(conn, user, upload, new.id, false, &request.received)?;
        }
        bytes += new.size;
    }

    // The quota is checked by the update itself: it changes no row if the bytes do not fit.
    if store::users::update_add_used(conn, user.id, bytes)? == 0 {
        return Err(Error::QuotaExceeded);
    }

    let mut deltas = CountDeltas::default();
    for (request, new) in new_items {
        // The hold is the quota reserved for this file while it was received; from here on, the used bytes count
        // instead. The flag makes sure that it is released once, even if the transaction is retried.
        if let Some(hold) =
            request.hold.as_ref().filter(|_| !request.is_hold_released.swap(true, Ordering::AcqRel))
        {
            hold.mark_stored(request.received.size);
        }

        if let Some((finding, admin)) = &request.released {
            authorize(conn, admin.session(), Need::Admin)?;
            let (to, by) = (FindingState::Released, admin.name());
            if store::findings::update_decided(conn, *finding, to, now(), by)? == 0 {
                return Err(already_decided_error());
            }
        }

        store::items::insert(conn, new)?;
        deltas.add_new(new);
    }

    deltas.write(conn, user.id)?;
    let mut directories: Vec<DirectoryId> =
        new_items.iter().map(|(_, new)| new.directory_id).collect();
    directories.sort_unstable();
    directories.dedup();
    store::directories::update_modified(conn, user.id, &directories, now())?;
    // Last, because the audit log stays locked until the transaction ends.
    for (_, admin) in new_items.iter().filter_map(|(request, _)| request.released.as_ref()) {
        audit::append(conn, Event::Released, admin, user.account_name(), "a false alarm")?;
    }
    Ok(())
}
