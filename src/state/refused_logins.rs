//! Merges refused logins, so that a stranger who tries without end does not fill the audit log.
//!
//! The first refusal is recorded at once, the following ones of the same network and account as one number. Each process
//! merges those it has refused; a crash loses at most the numbers of the last ten minutes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::model::actor::network_of;
use crate::sync::lock;

/// How long refusals are merged.
const WINDOW: Duration = Duration::from_mins(10);
/// Accounts and networks remembered. Beyond them, refusals are merged whatever their account and network.
const MAX_WINDOWS: usize = 10_000;

struct Window {
    since: Instant,
    address: IpAddr,
    /// Refusals after the first.
    further: u64,
}

/// Several refused logins of a network.
#[derive(Debug, PartialEq, Eq)]
pub struct MergedRefusals {
    pub subject: String,
    pub address: IpAddr,
    pub count: u64,
}

/// The refusals of the last minutes, by account and network.
#[derive(Default)]
pub struct RefusedLogins(Mutex<HashMap<(String, IpAddr), Window>>);

impl RefusedLogins {
    /// Counts a refusal. Returns whether it is to be recorded at once.
    #[must_use]
    pub fn count(&self, subject: &str, address: IpAddr) -> bool {
        let mut windows = lock(&self.0);
        let key = (subject.to_owned(), network_of(address));
        let is_full = windows.len() >= MAX_WINDOWS && !windows.contains_key(&key);
        let key = if is_full { ("(many)".to_owned(), [0, 0, 0, 0].into()) } else { key };

        let address = key.1;
        match windows.get_mut(&key) {
            Some(window) => {
                window.further += 1;
                false
            }
            None => {
                windows.insert(key, Window { since: Instant::now(), address, further: 0 });
                true
            }
        }
    }

    /// Removes the windows that have ended, or all of them, and returns those with further refusals.
    #[must_use]
    pub fn take(&self, all: bool) -> Vec<MergedRefusals> {
        let mut windows = lock(&self.0);
        let ended = windows.extract_if(|_, window| all || window.since.elapsed() >= WINDOW);
        ended
            .filter(|(_, window)| window.further > 0)
            .map(|((subject, _), window)| MergedRefusals {
                subject,
                address: window.address,
                count: window.further,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_refusal_is_recorded_and_further_ones_of_the_network_are_merged() {
        let refused = RefusedLogins::default();
        let (one, neighbor, other) = (
            "2001:db8::1".parse().unwrap(),
            "2001:db8::2".parse().unwrap(),
            "192.0.2.1".parse().unwrap(),
        );
        assert!(refused.count("ada", one));
        assert!(!refused.count("ada", one));
        assert!(!refused.count("ada", neighbor), "the same network");
        assert!(refused.count("ada", other));
        assert!(refused.count("grace", one));

        assert_eq!(refused.take(false), [], "they are still merged");
        let merged = refused.take(true);
        assert_eq!(
            merged,
            [MergedRefusals { subject: "ada".into(), address: network_of(one), count: 2 }]
        );
        assert!(refused.count("ada", one), "a new window");
    }

    #[test]
    fn countless_networks_do_not_fill_the_memory() {
        let refused = RefusedLogins::default();
        let recorded = (0..20_000_u32)
            .filter(|number| refused.count("ada", std::net::Ipv4Addr::from_bits(*number).into()))
            .count();
        assert_eq!(recorded, MAX_WINDOWS + 1);
        assert_eq!(lock(&refused.0).len(), MAX_WINDOWS + 1);
    }
}
