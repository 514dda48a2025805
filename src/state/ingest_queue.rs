//! Files that have arrived and wait for their place. Those of one person that come at the same time
//! are stored together: one journal entry, one set of fsyncs and one transaction for all of them.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::quota_holds::QuotaHold;
use crate::error::Result;
use crate::model::actor::Actor;
use crate::model::{DirectoryId, FindingId, Item, ScanStatus, Time, UploadId, UserId};
use crate::storage::ReceivedFile;

/// A whole file and what its sender wants.
pub struct IngestRequest {
    pub received: ReceivedFile,
    /// As the sender calls it.
    pub name: String,
    /// One's own folder; `None` or a standard one: where it belongs.
    pub directory: Option<DirectoryId>,
    /// Whether the same bytes may be kept twice.
    pub keep_duplicates: bool,
    /// Since when its owner has had it; now where nobody knows.
    pub created_at: Option<Time>,
    /// What the malware scanner has said of it so far.
    pub scan: ScanStatus,
    /// The resumable upload that it was.
    pub upload: Option<UploadId>,
    /// The room that was held for it.
    pub hold: Option<Arc<QuotaHold>>,
    /// The finding that is given back with it, and the admin who says so.
    pub released: Option<(FindingId, Actor)>,
    /// Whether the room has been let go of: once, however often the transaction is tried.
    pub is_hold_released: AtomicBool,
}

impl IngestRequest {
    /// A file that wants nothing special: its place by what it is, the same bytes once.
    pub(crate) fn new(received: ReceivedFile, name: String, scan: ScanStatus) -> Self {
        Self {
            received,
            name,
            scan,
            directory: None,
            keep_duplicates: false,
            created_at: None,
            upload: None,
            hold: None,
            released: None,
            is_hold_released: false.into(),
        }
    }
}

/// What became of one file.
#[derive(Debug, Clone)]
pub enum Ingested {
    Stored(Box<Item>),
    /// The same bytes are here already, as this item.
    Duplicate(Box<Item>),
}

/// What became of an arrival, once somebody has stored it.
type Reply = Arc<Mutex<Option<Result<Ingested>>>>;

/// An arrival in the queue, and where its sender looks for the outcome.
pub(crate) struct QueuedIngest {
    pub arrival: IngestRequest,
    reply: Reply,
}

impl QueuedIngest {
    pub fn answer(self, outcome: Result<Ingested>) {
        *self.reply.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }
}

/// A place in the queue.
pub(crate) struct IngestTicket(Reply);

impl IngestTicket {
    /// The outcome, if somebody else has stored it meanwhile.
    pub fn outcome(&self) -> Option<Result<Ingested>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The queues, by person.
#[derive(Default)]
pub struct IngestQueue(Mutex<HashMap<UserId, Vec<QueuedIngest>>>);

impl IngestQueue {
    fn queues(&self) -> MutexGuard<'_, HashMap<UserId, Vec<QueuedIngest>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues them up in this order.
    pub(crate) fn push(&self, owner: UserId, arrivals: Vec<IngestRequest>) -> Vec<IngestTicket> {
        let mut queues = self.queues();
        let queue = queues.entry(owner).or_default();
        let mut tickets = Vec::new();
        for arrival in arrivals {
            let reply = Reply::default();
            tickets.push(IngestTicket(reply.clone()));
            queue.push(QueuedIngest { arrival, reply });
        }
        tickets
    }

    /// Those that were too many for one turn stay at the front.
    pub(crate) fn put_back(&self, owner: UserId, mut waiting: Vec<QueuedIngest>) {
        if !waiting.is_empty() {
            let mut queues = self.queues();
            let queue = queues.entry(owner).or_default();
            waiting.append(queue);
            *queue = waiting;
        }
    }

    /// Everything that waits for a person's turn.
    pub(crate) fn take(&self, owner: UserId) -> Vec<QueuedIngest> {
        self.queues().remove(&owner).unwrap_or_default()
    }
}
