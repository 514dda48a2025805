//! Time zones by their IANA names.

use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz;

use super::{Time, WallClock};

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone(tz::TimeZone);

impl TimeZone {
    /// The zone with this name, such as `Europe/Vienna`; `None` if it is unknown.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        // A name of the database, not a rule in the notation of POSIX.
        let is_name = !name.is_empty() && name.len() <= 64;
        is_name.then(|| tz::TimeZone::get(name).ok()).flatten().map(Self)
    }

    /// The zone of this system; UTC if it is not set.
    #[must_use]
    pub fn system() -> Self {
        Self(tz::TimeZone::try_system().unwrap_or(tz::TimeZone::UTC))
    }

    /// The zone at a place; `None` for a position that does not exist.
    #[must_use]
    pub fn at_place(north: f64, east: f64) -> Option<Self> {
        // Reads the boundaries where they are in the program, so that it takes little memory.
        static FINDER: OnceLock<tzf_rs::EmbeddedFinder> = OnceLock::new();
        let finder = FINDER.get_or_init(tzf_rs::EmbeddedFinder::new);
        Self::parse(finder.get_tz_name(east, north))
    }

    #[must_use]
    pub const fn utc() -> Self {
        Self(tz::TimeZone::UTC)
    }

    /// The name; for a zone of the system that has none, `UTC`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The names of all zones that people choose from, in alphabetical order.
    #[must_use]
    pub fn names() -> Vec<String> {
        const REGIONS: [&str; 10] = [
            "Africa",
            "America",
            "Antarctica",
            "Asia",
            "Atlantic",
            "Australia",
            "Europe",
            "Indian",
            "Pacific",
            "UTC",
        ];
        let is_place = |name: &str| REGIONS.contains(&name.split('/').next().unwrap_or_default());
        let names = tz::db().available().map(|name| name.as_str().to_owned());
        let mut names: Vec<String> = names.filter(|name| is_place(name)).collect();
        names.sort_unstable();
        names
    }

    /// Minutes by which clocks are ahead of UTC at a time in UTC.
    #[must_use]
    pub fn offset_at(&self, utc: WallClock) -> i16 {
        let at = Timestamp::from_millisecond(utc.0).unwrap_or(Timestamp::UNIX_EPOCH);
        i16::try_from(self.0.to_offset(at).seconds() / 60).unwrap_or(0)
    }

    /// Minutes by which clocks are ahead of UTC when they show this time. If they show it twice, the first counts.
    #[must_use]
    pub fn offset_of_local(&self, local: WallClock) -> i16 {
        let as_utc = Timestamp::from_millisecond(local.0).unwrap_or(Timestamp::UNIX_EPOCH);
        let civil: DateTime = tz::TimeZone::UTC.to_datetime(as_utc);
        let Ok(at) = self.0.to_ambiguous_timestamp(civil).compatible() else { return 0 };
        i16::try_from(self.0.to_offset(at).seconds() / 60).unwrap_or(0)
    }

    /// What clocks show at a time in UTC, and their offset.
    #[must_use]
    pub fn local(&self, utc: WallClock) -> (WallClock, i16) {
        let offset = self.offset_at(utc);
        (WallClock(utc.0 + i64::from(offset) * 60_000), offset)
    }

    /// What clocks show at a time.
    #[must_use]
    pub fn local_time(&self, at: Time) -> Time {
        self.local(WallClock::from_utc(at)).0.time()
    }

    /// The time at which clocks show `local`.
    #[must_use]
    pub fn time_of_local(&self, local: Time) -> Time {
        let clock = WallClock::from_utc(local);
        clock.utc(Some(self.offset_of_local(clock)))
    }

    /// The abbreviation of the zone at a time in UTC, such as `CEST`; for zones without one, the offset.
    #[must_use]
    pub fn abbreviation(&self, at: Time) -> String {
        let at = Timestamp::from_millisecond(WallClock::from_utc(at).0);
        self.0.to_offset_info(at.unwrap_or(Timestamp::UNIX_EPOCH)).abbreviation().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_follow_daylight_saving_time() {
        let vienna = TimeZone::parse("Europe/Vienna").unwrap();
        let summer = WallClock(1_562_275_812_000);
        assert_eq!(vienna.local(summer), (WallClock(1_562_283_012_000), 120));
        assert_eq!(vienna.offset_of_local(WallClock(1_562_283_012_000)), 120);
        assert_eq!(vienna.offset_of_local(WallClock(1_546_300_800_000)), 60);
        assert_eq!(vienna.abbreviation(summer.time()), "CEST");
        assert_eq!(TimeZone::parse("Asia/Kolkata").unwrap().offset_at(summer), 330);
    }

    #[test]
    fn places_have_a_zone() {
        for (north, east, zone) in [
            (48.2, 16.37, "Europe/Vienna"),
            (40.71, -74.0, "America/New_York"),
            (-33.86, 151.2, "Australia/Sydney"),
        ] {
            assert_eq!(TimeZone::at_place(north, east), TimeZone::parse(zone), "{zone}");
        }
        assert_eq!(TimeZone::at_place(400.0, 900.0), None);
    }

    #[test]
    fn only_names_of_zones_are_accepted() {
        for name in ["", "Europe/Atlantis", "../etc/passwd", "EST5EDT,M3.2.0,M11.1.0"] {
            assert_eq!(TimeZone::parse(name), None, "{name}");
        }
        let names = TimeZone::names();
        assert!(
            names.len() > 300 && names.contains(&"Europe/Vienna".to_owned()),
            "{}",
            names.len()
        );
    }
}
