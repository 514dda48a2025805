//! Marks that a browser keeps of its logins, so that strangers who guess passwords cannot lock its user out.

use serde::{Deserialize, Serialize};

use super::{Time, UserId};

/// How long a device is known after a login.
pub const KNOWN_DEVICE_LIFETIME: time::Duration = time::Duration::days(30);

/// A login of a browser. It is part of the encrypted session cookie, so nobody else can make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownDevice {
    user: i64,
    /// Random, so that the attempts of each device are counted separately.
    pub id: String,
    /// Seconds since 1970.
    logged_in_at: i64,
}

impl KnownDevice {
    /// The mark of a login at `at`.
    #[must_use]
    pub fn new(user: UserId, id: String, at: Time) -> Self {
        Self { user: user.0, id, logged_in_at: at.assume_utc().unix_timestamp() }
    }

    /// Whether this is a login of that user, and recent.
    #[must_use]
    pub fn is_known(&self, user: UserId, at: Time) -> bool {
        self.user == user.0 && self.is_recent(at)
    }

    fn is_recent(&self, at: Time) -> bool {
        let age = at.assume_utc().unix_timestamp() - self.logged_in_at;
        (0..=KNOWN_DEVICE_LIFETIME.whole_seconds()).contains(&age)
    }

    /// Replaces the mark of the same user and removes old ones; the newest come last and at most `max` remain.
    pub fn remember(devices: &mut Vec<Self>, new: Self, at: Time, max: usize) {
        devices.retain(|device| device.user != new.user && device.is_recent(at));
        devices.push(new);
        let surplus = devices.len().saturating_sub(max);
        devices.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_device_is_known_to_its_user_for_thirty_days() {
        let device = KnownDevice::new(UserId(1), "x".into(), datetime!(2026-01-01 00:00));
        assert!(device.is_known(UserId(1), datetime!(2026-01-31 00:00)));
        assert!(!device.is_known(UserId(1), datetime!(2026-01-31 00:01)));
        assert!(!device.is_known(UserId(1), datetime!(2025-12-31 23:59)), "not from the future");
        assert!(!device.is_known(UserId(2), datetime!(2026-01-02 00:00)));
    }

    #[test]
    fn a_browser_keeps_the_newest_mark_of_each_of_a_few_users() {
        let at = datetime!(2026-01-01 00:00);
        let mut devices = Vec::new();
        for (user, id) in [(1, "a"), (2, "b"), (3, "c"), (2, "d")] {
            KnownDevice::remember(
                &mut devices,
                KnownDevice::new(UserId(user), id.into(), at),
                at,
                2,
            );
        }
        let ids: Vec<_> = devices.iter().map(|device| device.id.as_str()).collect();
        assert_eq!(ids, ["c", "d"]);
    }
}
