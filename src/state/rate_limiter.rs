//! Rate limits: one bucket per account or network, refilled steadily (GCRA).
//!
//! Buckets are per process.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::Quota;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use ipnet::IpNet;
use moka::sync::Cache;

use crate::error::Error;
use crate::model::actor::networks_of;

/// Buckets remembered, about 30 MB. The least used ones are evicted first.
const MAX_BUCKETS: u64 = 100_000;

/// The kinds of requests that are limited separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    LogIn,
    Registration,
    Recovery,
    Api,
    Upload,
    /// What visitors of share links read.
    Link,
    /// Visits that begin with a form.
    LinkOpen,
}

impl Bucket {
    /// Returns the size of the bucket and the time in which it refills.
    const fn quota(self) -> (u32, Duration) {
        match self {
            Self::LogIn => (30, Duration::from_mins(1)),
            Self::Registration => (20, Duration::from_hours(1)),
            Self::Recovery => (20, Duration::from_mins(10)),
            Self::Api => (1200, Duration::from_mins(1)),
            // A folder of small files takes one request per file.
            Self::Upload => (6000, Duration::from_mins(1)),
            // A page of a list has 60 previews.
            Self::Link => (3000, Duration::from_mins(1)),
            Self::LinkOpen => (30, Duration::from_mins(1)),
        }
    }

    /// The name used in the `RateLimit` header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogIn => "login",
            Self::Registration => "registration",
            Self::Recovery => "recovery",
            Self::Api => "api",
            Self::Upload => "upload",
            Self::Link => "link",
            Self::LinkOpen => "link-open",
        }
    }
}

/// Whose requests are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RateLimitKey {
    /// One of the networks of a client, with the multiple of the limit that it may use.
    Network(IpNet, u32),
    Account(i64),
    /// The account that an anonymous client tries to use.
    Named(String),
}

impl RateLimitKey {
    /// The keys that a client's requests count against.
    pub fn from_address(address: IpAddr) -> impl Iterator<Item = Self> {
        networks_of(address).map(|(network, multiple)| Self::Network(network, multiple))
    }

    const fn multiple(&self) -> u32 {
        match self {
            Self::Network(_, multiple) => *multiple,
            Self::Account(_) | Self::Named(_) => 1,
        }
    }
}

/// The state of a bucket (draft-ietf-httpapi-ratelimit-headers).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub bucket: Bucket,
    /// Requests in a full bucket.
    pub quota: u32,
    /// Seconds until an empty bucket is full.
    pub window: u64,
    pub remaining: u32,
    /// Seconds until this bucket is full.
    pub reset: u64,
}

/// The limit is exceeded: the state of the bucket, and the seconds until the next request is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimited {
    pub allowance: Allowance,
    pub retry_after: u64,
}

type Limiter =
    governor::RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// All buckets; `None` where rate limiting is off.
pub struct RateLimiter(Option<Cache<(Bucket, RateLimitKey), Arc<Limiter>>>);

impl RateLimiter {
    #[must_use]
    pub fn new(is_on: bool) -> Self {
        let longest = Duration::from_hours(1);
        Self(
            is_on.then(|| Cache::builder().max_capacity(MAX_BUCKETS).time_to_idle(longest).build()),
        )
    }

    /// Takes one request from a bucket. Returns `None` where rate limiting is off.
    ///
    /// # Errors
    /// `RateLimited` when the bucket is empty.
    pub fn check(
        &self,
        bucket: Bucket,
        key: RateLimitKey,
    ) -> Result<Option<Allowance>, RateLimited> {
        let Some(buckets) = &self.0 else { return Ok(None) };
        let (limit, window) = bucket.quota();
        let limit = limit * key.multiple();

        // GCRA: the whole limit may be used at once, then it refills evenly.
        let quota = NonZeroU32::new(limit).and_then(|limit| {
            Quota::with_period(window / limit.get()).map(|each| each.allow_burst(limit))
        });

        // Does not happen: no bucket has a limit of 0.
        let Some(quota) = quota else { return Ok(None) };
        let limiter = buckets.get_with((bucket, key), || {
            Arc::new(
                governor::RateLimiter::direct(quota)
                    .with_middleware::<StateInformationMiddleware>(),
            )
        });

        let allowance = |remaining: u32| {
            let used = u64::from(limit.saturating_sub(remaining));
            Allowance {
                bucket,
                quota: limit,
                window: window.as_secs(),
                remaining,
                reset: (used * window.as_secs()).div_ceil(limit.into()),
            }
        };

        // Takes one request; a rejected request takes nothing from the bucket.
        match limiter.check() {
            Ok(state) => Ok(Some(allowance(state.remaining_burst_capacity()))),
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                // Rounded up and at least one second, so that a client that waits is not rejected again.
                let retry_after = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Err(RateLimited { allowance: allowance(0), retry_after: retry_after.max(1) })
            }
        }
    }

    /// Takes one request from the bucket of an account that an anonymous client tries to use.
    ///
    /// # Errors
    /// `TooManyRequests`.
    pub fn check_named(&self, bucket: Bucket, account: &str) -> Result<(), Error> {
        let name = account.trim().to_lowercase().chars().take(190).collect();
        let refused =
            |refused: RateLimited| Error::TooManyRequests { retry_after: refused.retry_after };
        self.check(bucket, RateLimitKey::Named(name)).map(drop).map_err(refused)
    }

    /// Returns the number of buckets.
    #[must_use]
    pub fn bucket_count(&self) -> u64 {
        self.0.as_ref().map_or(0, |buckets| {
            buckets.run_pending_tasks();
            buckets.entry_count()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_full_bucket_admits_its_capacity_and_then_tells_how_long_to_wait() {
        let limits = RateLimiter::new(true);
        let who = || RateLimitKey::Account(1);
        for left in (0..20).rev() {
            let allowance = limits.check(Bucket::Registration, who()).unwrap().unwrap();
            assert_eq!((allowance.quota, allowance.window, allowance.remaining), (20, 3600, left));
        }
        let refused = limits.check(Bucket::Registration, who()).unwrap_err();
        assert_eq!(refused.allowance.remaining, 0);
        assert!((1..=180).contains(&refused.retry_after), "{}", refused.retry_after);
        assert!(
            limits.check(Bucket::Registration, RateLimitKey::Account(2)).is_ok(),
            "another account has its own bucket"
        );
        assert!(limits.check(Bucket::Recovery, who()).is_ok(), "another kind has its own bucket");
    }

    #[test]
    fn rate_limits_group_clients_by_ipv4_address_and_by_ipv6_networks() {
        let keys =
            |text: &str| -> Vec<_> { RateLimitKey::from_address(text.parse().unwrap()).collect() };
        assert_eq!(keys("2001:db8::1"), keys("2001:db8::ffff:1"));
        assert_eq!(keys("::ffff:10.0.0.1"), keys("10.0.0.1"));

        let (one, neighbor) = (keys("2001:db8::1"), keys("2001:db8:0:1::1"));
        assert_ne!(one[0], neighbor[0]);
        assert_eq!(one[1..], neighbor[1..], "the same /56 and /48");
        let multiples: Vec<_> = one.iter().map(RateLimitKey::multiple).collect();
        assert_eq!(multiples, [1, 4, 16]);
    }

    #[test]
    fn a_larger_network_has_a_multiple_of_the_requests() {
        let limits = RateLimiter::new(true);
        let large = || RateLimitKey::Network("2001:db8::/56".parse().unwrap(), 4);
        for _ in 0..80 {
            limits.check(Bucket::Registration, large()).unwrap();
        }
        assert!(limits.check(Bucket::Registration, large()).is_err());
    }

    #[test]
    fn a_million_addresses_do_not_fill_the_memory() {
        let limits = RateLimiter::new(true);
        for number in 0..1_000_000_u32 {
            let address = Ipv4Addr::from_bits(number).into();
            let key = RateLimitKey::from_address(address).next().unwrap();
            limits.check(Bucket::Api, key).unwrap();
        }
        assert!(limits.bucket_count() <= MAX_BUCKETS, "{}", limits.bucket_count());
    }

    #[test]
    fn switched_off_it_counts_nothing() {
        let limits = RateLimiter::new(false);
        for _ in 0..100 {
            assert_eq!(limits.check(Bucket::Registration, RateLimitKey::Account(1)), Ok(None));
        }
    }
}
