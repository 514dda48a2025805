//! Limits wrong passwords and codes to five a minute, per account and per network.
//!
//! Counters are per process; with several servers each allows five.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use crate::error::{Error, Result};
use crate::model::UserId;
use crate::model::actor::networks_of;

/// Failures allowed in a window. Larger IPv6 networks have a multiple.
const MAX_FAILURES: u32 = 5;
const WINDOW: Duration = Duration::from_mins(1);
/// Accounts and networks remembered, about 20 MB.
const MAX_WINDOWS: u64 = 100_000;

struct Window {
    failures: AtomicU32,
    max_failures: u32,
    since: Instant,
}

/// Counts failed attempts.
pub struct LoginThrottle(Option<Cache<String, Arc<Window>>>);

/// An attempt, counted as failed unless it is forgiven.
#[must_use]
pub struct LoginAttempt(Vec<Arc<Window>>);

impl LoginThrottle {
    #[must_use]
    pub fn new(is_on: bool) -> Self {
        Self(is_on.then(|| Cache::builder().max_capacity(MAX_WINDOWS).time_to_live(WINDOW).build()))
    }

    /// Counts an attempt before the password is checked, so that concurrent attempts cannot exceed the limit. The account
    /// limits guesses from many networks, the network limits guesses at many accounts.
    ///
    /// # Errors
    /// `TooManyRequests` with the seconds until the window ends.
    pub fn begin_attempt(&self, account: &str, address: IpAddr) -> Result<LoginAttempt> {
        let account = (format!("account {}", short(account)), MAX_FAILURES);
        self.begin(network_limits(address).chain([account]))
    }

    /// Counts an attempt of a device that logged in to the account before. Strangers cannot use up its attempts, wherever
    /// they are. A device that is only known by its `network`, which others may share, also counts there.
    ///
    /// # Errors
    /// `TooManyRequests` with the seconds until the window ends.
    pub fn begin_known_attempt(
        &self,
        account: &str,
        device: &str,
        network: Option<IpAddr>,
    ) -> Result<LoginAttempt> {
        let key = format!("device {} of {}", short(device), short(account));
        let networks = network.into_iter().flat_map(network_limits);
        self.begin(networks.chain([(key, MAX_FAILURES)]))
    }

    fn begin(&self, limits: impl IntoIterator<Item = (String, u32)>) -> Result<LoginAttempt> {
        let Some(windows) = &self.0 else { return Ok(LoginAttempt(Vec::new())) };
        let window = |(key, max_failures)| {
            let new = || {
                let failures = AtomicU32::new(0);
                Arc::new(Window { failures, max_failures, since: Instant::now() })
            };
            windows.get_with(key, new)
        };
        let attempt = LoginAttempt(limits.into_iter().map(window).collect());

        // Counted before the attempt, so that simultaneous ones count as well.
        for window in &attempt.0 {
            window.failures.fetch_add(1, Ordering::AcqRel);
        }

        let exceeded_windows = attempt
            .0
            .iter()
            .filter(|window| window.failures.load(Ordering::Acquire) > window.max_failures);

        // The client must wait until all exceeded windows have ended.
        match exceeded_windows.map(|window| WINDOW.saturating_sub(window.since.elapsed())).max() {
            // A rejected attempt itself does not count.
            Some(remaining) => {
                attempt.forgive();
                Err(Error::TooManyRequests { retry_after: remaining.as_secs().max(1) })
            }
            None => Ok(attempt),
        }
    }
}

/// The networks of a client, each with the failures allowed.
fn network_limits(address: IpAddr) -> impl Iterator<Item = (String, u32)> {
    networks_of(address)
        .map(|(network, multiple)| (format!("network {network}"), multiple * MAX_FAILURES))
}

/// The name under which attempts at an account are limited. What clients type is limited under names with a prefix.
#[must_use]
pub fn account_key(id: UserId) -> String {
    format!("account number {}", id.0)
}

/// Truncated, so that a long name does not occupy much memory.
fn short(text: &str) -> String {
    text.trim().to_lowercase().chars().take(190).collect()
}

impl LoginAttempt {
    /// Marks the attempt as successful, so that it does not count.
    pub fn forgive(self) {
        for window in self.0 {
            window.failures.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_sixth_wrong_try_waits_from_any_address() {
        let attempts = LoginThrottle::new(true);
        for n in 1..=5 {
            drop(attempts.begin_attempt("Ada", address(&format!("10.0.0.{n}"))).unwrap());
        }
        assert!(matches!(
            attempts.begin_attempt(" ada", address("10.0.0.9")),
            Err(Error::TooManyRequests { retry_after: 1..=60 })
        ));
        assert!(attempts.begin_attempt("grace", address("10.0.0.9")).is_ok());
    }

    #[test]
    fn the_sixth_wrong_try_from_one_network_waits_for_any_account() {
        let attempts = LoginThrottle::new(true);
        for n in 1..=5 {
            drop(
                attempts
                    .begin_attempt(&format!("person{n}"), address(&format!("2001:db8::{n}")))
                    .unwrap(),
            );
        }
        assert!(attempts.begin_attempt("person6", address("2001:db8::ffff:1")).is_err());
        assert!(attempts.begin_attempt("person7", address("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn a_site_with_many_networks_has_sixteen_times_the_tries() {
        let attempts = LoginThrottle::new(true);
        let tries = (0..100).filter(|n| {
            let network = address(&format!("2001:db8:0:{:x}::1", n << 8));
            attempts.begin_attempt(&format!("person{n}"), network).is_ok()
        });
        assert_eq!(tries.count(), 80);
    }

    #[test]
    fn strangers_do_not_use_up_the_tries_of_a_known_device() {
        let attempts = LoginThrottle::new(true);
        for n in 1..=5 {
            drop(attempts.begin_attempt("ada", address(&format!("10.0.0.{n}"))).unwrap());
        }
        assert!(attempts.begin_attempt("ada", address("10.0.0.9")).is_err());
        for _ in 0..5 {
            drop(attempts.begin_known_attempt("ada", "laptop", None).unwrap());
        }
        let known = |device, network| attempts.begin_known_attempt("ada", device, network);
        assert!(known("laptop", None).is_err(), "it has five as well");
        assert!(known("phone", None).is_ok());
        let home = address("10.0.1.1");
        for n in 1..=5 {
            drop(attempts.begin_attempt(&format!("neighbor{n}"), home).unwrap());
        }
        assert!(known("home", Some(home)).is_err(), "others share the network");
    }

    #[test]
    fn right_tries_do_not_count() {
        let attempts = LoginThrottle::new(true);
        for _ in 0..50 {
            attempts.begin_attempt("ada", address("10.0.0.1")).unwrap().forgive();
        }
    }

    #[test]
    fn a_disabled_throttle_admits_every_attempt() {
        let attempts = LoginThrottle::new(false);
        for _ in 0..50 {
            drop(attempts.begin_attempt("ada", address("10.0.0.1")).unwrap());
        }
    }
}
