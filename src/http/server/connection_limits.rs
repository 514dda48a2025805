//! Limits how many connections one network may hold, so that a client cannot use up the descriptors of all others.
//!
//! Limits are per process; a second server has its own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use ipnet::IpNet;

use crate::model::actor::networks_of;
use crate::sync::lock;

/// Connections of one IPv4 address, or of one /64 of IPv6. Larger networks hold a multiple.
const MAX_PER_ADDRESS: u32 = 128;

/// The connections of all networks.
#[derive(Clone, Default)]
pub struct ConnectionLimits(Arc<Mutex<HashMap<IpNet, u32>>>);

/// The right to hold one connection. Dropping it frees the place.
pub struct ConnectionPermit {
    limits: ConnectionLimits,
    networks: Vec<IpNet>,
}

impl ConnectionLimits {
    /// Admits a connection; `None` if one of its networks holds as many as it may.
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> Option<ConnectionPermit> {
        let networks: Vec<_> = networks_of(address).collect();
        // Locked until the counts are increased, so that two connections cannot both take the last place.
        let mut counts = lock(&self.0);

        let is_full = |(network, multiple): &(IpNet, u32)| {
            counts.get(network).is_some_and(|count| *count >= multiple * MAX_PER_ADDRESS)
        };
        if networks.iter().any(is_full) {
            return None;
        }

        let networks: Vec<_> = networks.into_iter().map(|(network, _)| network).collect();
        for network in &networks {
            *counts.entry(*network).or_default() += 1;
        }
        Some(ConnectionPermit { limits: self.clone(), networks })
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = lock(&self.limits.0);
        for network in &self.networks {
            if let Some(count) = counts.get_mut(network) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(network);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_128_connections_and_may_reopen_closed_ones() {
        let limits = ConnectionLimits::default();
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let mut held: Vec<_> = (0..128).map(|_| limits.admit(one).unwrap()).collect();
        assert!(limits.admit(one).is_none());
        assert!(limits.admit("::ffff:192.0.2.1".parse().unwrap()).is_none(), "the same address");
        assert!(limits.admit("192.0.2.2".parse().unwrap()).is_some());
        held.pop();
        assert!(limits.admit(one).is_some());
        drop(held);
        assert!(lock(&limits.0).is_empty(), "nothing remains of those who left");
    }

    #[test]
    fn an_ipv6_site_holds_no_more_than_sixteen_addresses() {
        let limits = ConnectionLimits::default();
        let mut held = Vec::new();
        let mut admitted = |site: u16, subnet: u16, count: usize| {
            let address: IpAddr = format!("2001:db8:{site:x}:{subnet:x}::1").parse().unwrap();
            let before = held.len();
            held.extend((0..count).map_while(|_| limits.admit(address)));
            held.len() - before
        };
        // One /64, then the others of its /56, then other /56 of the /48.
        assert_eq!(admitted(0, 0, 200), 128);
        assert_eq!((1..8).map(|subnet| admitted(0, subnet, 200)).sum::<usize>(), 3 * 128);
        assert_eq!((1..99).map(|part| admitted(0, part << 8, 200)).sum::<usize>(), 12 * 128);
        assert_eq!(admitted(1, 0, 200), 128, "another site");
    }
}
