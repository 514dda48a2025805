//! Passwords: hashed and verified a few at once, the same work whether the person exists or not.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::password_hash::{HashCheck, hash_password, verify_password};
use crate::error::{Error, Result};
use crate::model::Password;

/// How much the rest of the server goes before a hash, as `nice` counts it.
const NICENESS: i32 = 10;
/// How long a log-in waits for its turn.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(15);

/// Hashes and verifies, on threads that let everything else go first, on half the processors at most.
pub struct PasswordHasher {
    turns: Arc<Semaphore>,
    /// Verified where there is nobody, so that nobody costs the same time.
    nobody: Arc<str>,
}

impl PasswordHasher {
    /// # Errors
    /// `Internal` if the parameters were not argon2's.
    pub fn new() -> Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            turns: Arc::new(Semaphore::new((processors / 2).max(1))),
            nobody: hash_password("nobody has this password")?.into(),
        })
    }

    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn hash(&self, password: &Password) -> Result<String> {
        let password = password.clone();
        self.run_queued(move || hash_password(password.as_str())).await
    }

    /// Tries a password on a person's hash, or on nobody's.
    ///
    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn verify(&self, hash: Option<String>, password: &str) -> Result<HashCheck> {
        let (password, nobody) = (password.to_owned(), self.nobody.clone());
        self.run_queued(move || {
            Ok(match hash {
                Some(hash) => {
                    let verdict = verify_password(&hash, &password);
                    if hash.starts_with("$2") {
                        // Nobody tells by the time that this hash is a cheaper one.
                        verify_password(&nobody, &password);
                    }
                    verdict
                }
                None => {
                    verify_password(&nobody, &password);
                    HashCheck::Wrong
                }
            })
        })
        .await
    }

    async fn run_queued<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        const BUSY: Error = Error::Unavailable("Too many people are logging in at once.");
        let turn = tokio::time::timeout(QUEUE_TIMEOUT, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| BUSY)?.map_err(|_| BUSY)?;
        let (tell, told) = oneshot::channel();
        // A thread of its own: priority, once given away, does not come back, and the pool's threads serve everybody.
        std::thread::Builder::new().name("hash".into()).spawn(move || {
            if let Err(cause) = rustix::process::setpriority_process(None, NICENESS) {
                tracing::debug!("hashes go as fast as the rest: {cause}");
            }
            let done = work();
            drop(turn);
            drop(tell.send(done));
        })?;
        told.await.map_err(Error::internal)?
    }
}
