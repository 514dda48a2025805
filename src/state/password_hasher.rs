//! Hashes and verifies passwords on a few low-priority threads. The work is the same whether or not the user exists.
//!
//! The limit is per process.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::password_algorithms::{HashCheck, hash_password, verify_password};
use crate::error::{Error, Result};
use crate::model::Password;

/// The `nice` value of hashing threads.
const NICENESS: i32 = 10;
/// How long a log-in waits for a free thread.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(15);

/// Hashes and verifies passwords, using at most half the processors.
pub struct PasswordHasher {
    slots: Arc<Semaphore>,
    /// A hash that is verified when the user does not exist, so that the response takes as long.
    dummy_hash: Arc<str>,
}

impl PasswordHasher {
    /// Creates the hasher.
    ///
    /// # Errors
    /// `Internal` if the argon2 parameters are invalid.
    pub fn new() -> Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            slots: Arc::new(Semaphore::new((processors / 2).max(1))),
            dummy_hash: hash_password("dummy_hash has this password")?.into(),
        })
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// `Unavailable` after `QUEUE_TIMEOUT` in the queue.
    pub async fn hash(&self, password: &Password) -> Result<String> {
        let password = password.clone();
        self.run_queued(move || hash_password(password.as_str())).await
    }

    /// Verifies a password against a user's hash, or against a dummy hash if there is no such user.
    ///
    /// # Errors
    /// `Unavailable` after `QUEUE_TIMEOUT` in the queue.
    pub async fn verify(&self, hash: Option<String>, password: &str) -> Result<HashCheck> {
        let (password, dummy_hash) = (password.to_owned(), self.dummy_hash.clone());

        self.run_queued(move || {
            Ok(match hash {
                Some(hash) => {
                    let verdict = verify_password(&hash, &password);
                    if hash.starts_with("$2") {
                        // A bcrypt check alone could be faster than an argon2 check and so reveal the account. With the
                        // second hash it always takes at least as long.
                        verify_password(&dummy_hash, &password);
                    }
                    verdict
                }
                // An unknown user takes as long as a known one.
                None => {
                    verify_password(&dummy_hash, &password);
                    HashCheck::Wrong
                }
            })
        })
        .await
    }

    /// Waits for a free slot and runs `work` on a new thread with low priority. Fails with `Unavailable` after
    /// `QUEUE_TIMEOUT`.
    async fn run_queued<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        const BUSY: Error = Error::Unavailable("Too many people are logging in at once.");
        let slot = tokio::time::timeout(QUEUE_TIMEOUT, self.slots.clone().acquire_owned()).await;
        let slot = slot.map_err(|_| BUSY)?.map_err(|_| BUSY)?;

        let (sender, result) = oneshot::channel();

        // A thread of its own, because an unprivileged thread cannot raise its priority again, and the threads of the
        // blocking pool also run other work.
        std::thread::Builder::new().name("hash".into()).spawn(move || {
            if let Err(cause) = rustix::process::setpriority_process(None, NICENESS) {
                tracing::debug!(error = %cause, "cannot lower the priority of hashing threads");
            }
            let output = work();
            // Released here and not by the caller, so that a cancelled request keeps its slot until its work is done.
            drop(slot);
            // Fails only if the request was cancelled and nobody waits for the result.
            drop(sender.send(output));
        })?;
        result.await.map_err(Error::internal)?
    }
}
