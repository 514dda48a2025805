//! Hashes and verifies passwords on a few low-priority threads. Every refusal takes the same time, whatever hash the account
//! has and whether or not there is one.
//!
//! The limits and times are per process.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::password_algorithms::{HashCheck, hash_password, verify_password};
use crate::error::{Error, Result};
use crate::model::Password;
use crate::model::actor::network_of;
use crate::model::password_hash::{ensure_usable, parameters_of};
use crate::msg;
use crate::sync::lock;

/// The `nice` value of hashing threads.
const NICENESS: i32 = 10;
/// How long a login waits for a free thread.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(15);
/// Networks with hashes that wait or run, after which the places of others are removed from memory.
const MAX_IDLE_PLACES: usize = 1000;
/// A refusal takes this many percent of the time of the slowest kind of hash, so that the time of the work itself, which
/// varies, stays below it,
const REFUSAL_PERCENT: u32 = 150;
/// and this much more for recording it.
const RECORDING_TIME: Duration = Duration::from_millis(100);

/// Hashes and verifies passwords, using at most half the processors.
pub struct PasswordHasher {
    slots: Arc<Semaphore>,
    /// One place in the queue for each network, so that one cannot make all others wait.
    places: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
    /// A hash that is verified when there is no account or none that can be used.
    dummy_hash: Arc<str>,
    /// How long verifying takes, by the parameters of a hash.
    durations: Mutex<HashMap<String, Duration>>,
    /// Milliseconds that every refusal takes.
    refusal_time: AtomicU64,
}

/// The result of a verification.
#[derive(Debug, Clone, Copy)]
pub struct Verified {
    pub check: HashCheck,
    /// When a refusal may be sent at the earliest.
    pub refuse_at: Instant,
}

impl PasswordHasher {
    /// Creates the hasher.
    ///
    /// # Errors
    /// `Internal` if the argon2 parameters are invalid.
    pub fn new() -> Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let began = Instant::now();
        let dummy_hash: Arc<str> = hash_password("dummy_hash has this password")?.into();
        let duration = began.elapsed();
        let hasher = Self {
            slots: Arc::new(Semaphore::new((processors / 2).max(1))),
            places: Mutex::default(),
            durations: Mutex::default(),
            refusal_time: AtomicU64::new(0),
            dummy_hash,
        };
        // Making a hash takes as long as verifying one.
        if let Some(parameters) = parameters_of(&hasher.dummy_hash) {
            lock(&hasher.durations).insert(parameters.to_owned(), duration);
        }
        hasher.measure([]);
        Ok(hasher)
    }

    /// Measures how long verifying takes for those of `hashes` whose parameters were not measured yet, and sets the time of
    /// refusals by the slowest of all these hashes. Blocks for as long as the measurements take.
    pub fn measure<'a>(&'a self, hashes: impl IntoIterator<Item = &'a str>) {
        let mut slowest = Duration::ZERO;
        for hash in hashes.into_iter().chain([&*self.dummy_hash]) {
            let Some(parameters) = parameters_of(hash) else { continue };
            let measured = lock(&self.durations).get(parameters).copied();
            let duration = measured.unwrap_or_else(|| {
                let began = Instant::now();
                verify_password(hash, "not the password");
                let duration = began.elapsed();
                lock(&self.durations).insert(parameters.to_owned(), duration);
                duration
            });
            slowest = slowest.max(duration);
        }
        let refusal_time = (slowest * REFUSAL_PERCENT / 100 + RECORDING_TIME).as_millis();
        self.refusal_time.store(u64::try_from(refusal_time).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Hashes a password. `client` has one place in the queue; the command line has its own process.
    ///
    /// # Errors
    /// `Unavailable` after `QUEUE_TIMEOUT` in the queue.
    pub async fn hash(&self, password: &Password, client: Option<IpAddr>) -> Result<String> {
        let password = password.clone();
        self.run_queued(client, move || hash_password(password.as_str())).await
    }

    /// Verifies a password against a user's hash, or against a dummy hash if there is no such user or their hash can never
    /// match.
    ///
    /// # Errors
    /// `Unavailable` after `QUEUE_TIMEOUT` in the queue.
    pub async fn verify(
        &self,
        hash: Option<String>,
        password: &str,
        client: IpAddr,
    ) -> Result<Verified> {
        let (password, dummy_hash) = (password.to_owned(), self.dummy_hash.clone());
        let refusal_time = Duration::from_millis(self.refusal_time.load(Ordering::Relaxed));

        self.run_queued(Some(client), move || {
            // Waiting in the queue is not part of the time, because it is the same for all.
            let refuse_at = Instant::now() + refusal_time;
            let check = match hash.filter(|hash| ensure_usable(hash).is_ok()) {
                Some(hash) => verify_password(&hash, &password),
                None => {
                    verify_password(&dummy_hash, &password);
                    HashCheck::Wrong
                }
            };
            Ok(Verified { check, refuse_at })
        })
        .await
    }

    /// Waits for a free slot and runs `work` on a new thread with low priority. Fails with `Unavailable` after
    /// `QUEUE_TIMEOUT`.
    async fn run_queued<T: Send + 'static>(
        &self,
        client: Option<IpAddr>,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        const BUSY: Error = Error::Unavailable(msg!("Too many people are logging in at once."));
        let permits = tokio::time::timeout(QUEUE_TIMEOUT, self.wait_for_slot(client)).await;
        let permits = permits.ok().flatten().ok_or(BUSY)?;

        let (sender, result) = oneshot::channel();

        // A thread of its own, because an unprivileged thread cannot raise its priority again, and the threads of the
        // blocking pool also run other work.
        std::thread::Builder::new().name("hash".into()).spawn(move || {
            if let Err(cause) = rustix::process::setpriority_process(None, NICENESS) {
                tracing::debug!(error = %cause, "cannot lower the priority of hashing threads");
            }
            let output = work();
            // Released here and not by the caller, so that a cancelled request keeps its slot until its work is done.
            drop(permits);
            // Fails only if the request was cancelled and nobody waits for the result.
            drop(sender.send(output));
        })?;
        result.await.map_err(Error::internal)?
    }

    /// Waits for the place of the client's network, then for a slot; `None` if the server is stopping.
    async fn wait_for_slot(
        &self,
        client: Option<IpAddr>,
    ) -> Option<(Option<OwnedSemaphorePermit>, OwnedSemaphorePermit)> {
        let place = match client {
            Some(address) => Some(self.place_of(address).acquire_owned().await.ok()?),
            None => None,
        };
        Some((place, self.slots.clone().acquire_owned().await.ok()?))
    }

    fn place_of(&self, address: IpAddr) -> Arc<Semaphore> {
        let mut places = lock(&self.places);
        if places.len() > MAX_IDLE_PLACES {
            // Another reference means that a request waits or runs.
            places.retain(|_, place| Arc::strong_count(place) > 1);
        }
        places.entry(network_of(address)).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_network_with_many_waiting_hashes_does_not_delay_another() {
        let hasher = PasswordHasher::new().unwrap();
        let (crowd, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let slots = hasher.slots.available_permits();
        // Recorded by the hashes themselves: their results are not awaited in the order in which they began.
        let begun = Arc::new(Mutex::new(Vec::new()));

        let run = async |client: IpAddr| {
            let begun = begun.clone();
            let work = move || {
                lock(&begun).push(client);
                Ok(())
            };
            hasher.run_queued(Some(client), work).await.unwrap();
        };
        // All slots are taken while the others begin to wait.
        let held = hasher.slots.clone().acquire_many_owned(u32::try_from(slots).unwrap()).await;
        let waiting =
            futures_util::future::join_all((0..10).map(|_| run(crowd)).chain([run(other)]));
        let release = async { drop(held) };
        futures_util::future::join(waiting, release).await;

        let place = begun.lock().unwrap().iter().position(|client| *client == other).unwrap();
        assert!(place <= 1, "{place} of the crowd came first");
    }

    #[test]
    fn refusals_take_longer_than_the_slowest_hash_that_an_account_has() {
        let hasher = PasswordHasher::new().unwrap();
        let time = || Duration::from_millis(hasher.refusal_time.load(Ordering::Relaxed));
        let without = time();
        let slow = "$2y$14$abcdefghijklmnopqrstuuUxkRmdgyp4jvPHJU0xq6g7RCoSrkm5O";
        lock(&hasher.durations).insert("$2y$14".into(), Duration::from_mins(1));
        hasher.measure([slow]);
        assert_eq!(time(), Duration::from_millis(90_100));
        hasher.measure([]);
        assert_eq!(time(), without, "no account has that hash any more");
    }
}
