//! Received files waiting to be stored. Files of one user that arrive at the same time are stored together: one
//! transaction writes their journal entries, each directory is synced once, and one transaction writes their rows.
//!
//! Each process has its own queue; the file-move journal serializes processes.

use crate::sync::lock;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard};

use super::quota_holds::QuotaHold;
use crate::error::Result;
use crate::model::actor::Actor;
use crate::model::authority::FileSender;
use crate::model::{DirectoryId, FindingId, Item, ScanStatus, Time, UploadId, UserId};
use crate::storage::ReceivedFile;

/// A received file and how its sender wants it stored.
pub struct IngestRequest {
    pub received: ReceivedFile,
    /// The name that the sender gave it.
    pub name: String,
    /// The directory it should go to. With `None` or a standard directory, its kind decides.
    pub directory: Option<DirectoryId>,
    /// Whether to store it even if the user already has the same bytes.
    pub keep_duplicates: bool,
    /// When the owner got the file, if known (imports); otherwise the time of storing is used.
    pub created_at: Option<Time>,
    /// The sender's date of the file: milliseconds since 1970 in UTC.
    pub file_modified: Option<i64>,
    /// The result of the malware scan so far.
    pub scan: ScanStatus,
    /// Who sent it, who must still be allowed to add to `directory` when it is stored.
    pub sender: FileSender,
    /// The resumable upload that received it.
    pub upload: Option<UploadId>,
    /// The quota reserved for it.
    pub hold: Option<Arc<QuotaHold>>,
    /// The finding that this ingest releases, and the admin who released it.
    pub released: Option<(FindingId, Actor)>,
    /// Whether the quota hold has been released. It must happen once, even if the transaction is retried.
    pub is_hold_released: AtomicBool,
}

impl IngestRequest {
    /// Creates a request with defaults: the directory follows from the kind, duplicates are not stored.
    pub(crate) fn new(received: ReceivedFile, name: String, scan: ScanStatus) -> Self {
        Self {
            file_modified: received.modified,
            received,
            name,
            scan,
            directory: None,
            keep_duplicates: false,
            created_at: None,
            sender: FileSender::Server,
            upload: None,
            hold: None,
            released: None,
            is_hold_released: false.into(),
        }
    }
}

/// The outcome for one file.
#[derive(Debug, Clone)]
pub enum Ingested {
    Stored(Box<Item>),
    /// The user already has these bytes, as this item.
    Duplicate(Box<Item>),
}

/// Where the thread that stores a file leaves its outcome.
type Reply = Arc<Mutex<Option<Result<Ingested>>>>;

/// A queued request and where to leave its outcome.
pub(crate) struct QueuedIngest {
    pub request: IngestRequest,
    reply: Reply,
}

impl QueuedIngest {
    pub fn answer(self, outcome: Result<Ingested>) {
        *lock(&self.reply) = Some(outcome);
    }
}

/// The sender's claim on the outcome of one queued request.
pub(crate) struct IngestTicket(Reply);

impl IngestTicket {
    /// Returns the outcome if another thread has stored the file in the meantime.
    pub fn outcome(&self) -> Option<Result<Ingested>> {
        lock(&self.0).take()
    }
}

/// The queues of all users.
#[derive(Default)]
pub struct IngestQueue(Mutex<HashMap<UserId, Vec<QueuedIngest>>>);

impl IngestQueue {
    fn queues(&self) -> MutexGuard<'_, HashMap<UserId, Vec<QueuedIngest>>> {
        lock(&self.0)
    }

    /// Appends requests to the user's queue in this order. Returns one ticket per request, through which its sender
    /// gets the outcome.
    pub(crate) fn push(&self, owner: UserId, requests: Vec<IngestRequest>) -> Vec<IngestTicket> {
        let mut queues = self.queues();
        let queue = queues.entry(owner).or_default();
        let mut tickets = Vec::new();
        for request in requests {
            let reply = Reply::default();
            tickets.push(IngestTicket(reply.clone()));
            queue.push(QueuedIngest { request, reply });
        }
        tickets
    }

    /// Puts requests that did not fit into one batch back to the front of the queue.
    pub(crate) fn put_back(&self, owner: UserId, mut waiting: Vec<QueuedIngest>) {
        if !waiting.is_empty() {
            let mut queues = self.queues();
            let queue = queues.entry(owner).or_default();
            waiting.append(queue);
            *queue = waiting;
        }
    }

    /// Removes and returns everything that is queued for a user.
    pub(crate) fn take(&self, owner: UserId) -> Vec<QueuedIngest> {
        self.queues().remove(&owner).unwrap_or_default()
    }
}
