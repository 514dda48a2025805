//! Removes old backups.

use std::collections::{BTreeMap, BTreeSet};

use super::set::{BackupSet, is_restore_point, set_time};
use crate::config::Retention;
use crate::error::{Error, Result};
use crate::model::Time;
use crate::storage::BackupRepository;

/// Maps a time to its period: the year, and the number within the year.
type Period = dyn Fn(Time) -> (i32, i32);

/// Returns the sets (backups) to keep: those that the retention rule `keep` covers, the newest set, the newest restore
/// point (a backup made before a restore), and all sets whose names have neither of the two forms.
fn sets_to_keep(keep: Retention, sets: &[String]) -> BTreeSet<&String> {
    // Newest first, so that `or_insert` below keeps the newest set of each period.
    let dated: Vec<(&String, Time)> =
        sets.iter().rev().filter_map(|name| Some((name, set_time(name)?))).collect();
    let mut kept_names: BTreeSet<&String> =
        sets.iter().filter(|name| set_time(name).is_none() && !is_restore_point(name)).collect();
    // Names contain the time, so the greatest name is the newest.
    kept_names.extend(sets.iter().filter(|name| is_restore_point(name)).max());
    kept_names.extend(dated.first().map(|(name, _)| *name));
    let day = |at: Time| (at.year(), i32::from(at.ordinal()));
    let week = |at: Time| (at.to_iso_week_date().0, i32::from(at.iso_week()));
    let month = |at: Time| (at.year(), i32::from(u8::from(at.month())));
    let rules: [(usize, &Period); 3] =
        [(keep.days, &day), (keep.weeks, &week), (keep.months, &month)];

    // Each rule keeps the newest set of each of the last `count` periods that have sets.
    for (count, period) in rules {
        let mut newest = BTreeMap::new();
        for (name, at) in &dated {
            newest.entry(period(*at)).or_insert(*name);
        }
        // The map is in order of time, so the newest periods are at its end.
        kept_names.extend(newest.into_values().rev().take(count));
    }
    kept_names
}

/// The result of pruning.
pub struct PruneReport {
    pub kept: Vec<String>,
    pub removed: Vec<String>,
    /// Contents that no set refers to any more.
    pub contents: u64,
    pub bytes: u64,
}

/// Removes the sets (backups) that `keep` does not cover, contents that no remaining set needs, and damaged contents
/// that have been stored again. With `is_dry`, it only reports what it would remove.
///
/// # Errors
/// `Conflict` if a remaining set cannot be read: its contents are unknown, so no content is removed.
pub fn prune(repository: &BackupRepository, keep: Retention, is_dry: bool) -> Result<PruneReport> {
    let sets = repository.list_sets()?;
    let staying = sets_to_keep(keep, &sets);
    let (kept, removed): (Vec<String>, Vec<String>) =
        sets.iter().cloned().partition(|name| staying.contains(name));

    // The contents that the remaining sets need.
    let mut needed = BTreeMap::new();
    for name in &kept {
        let set = BackupSet::open(repository, Some(name))?;
        // The list of a damaged set may not name all contents that the set needs.
        if let Some(part) = set.broken_parts().first() {
            return Err(Error::Conflict(format!(
                "The backup {name} is damaged ({part}), so nothing was removed."
            )));
        }
        set.each_file(|line| {
            needed.insert(line.sha256, line.size);
            Ok(())
        })?;
    }

    // Sets first: a killed run leaves contents without a set, which the next one removes.
    if !is_dry {
        removed.iter().try_for_each(|name| repository.remove_set(name))?;
    }

    let mut pruned = PruneReport { kept, removed, contents: 0, bytes: 0 };
    for (content, size) in repository.list_unreferenced(&needed)? {
        if !is_dry {
            repository.remove_object(&content)?;
        }
        pruned.bytes += size;
        pruned.contents += 1;
    }
    Ok(pruned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(keep: &str, sets: &[&str]) -> Vec<String> {
        let sets: Vec<String> = sets.iter().map(|name| (*name).to_owned()).collect();
        sets_to_keep(Retention::parse(keep).unwrap(), &sets).into_iter().cloned().collect()
    }

    #[test]
    fn the_newest_of_each_day_week_and_month_stays() {
        let sets = [
            "20260801T030000Z",
            "20260831T030000Z",
            "20261114T030000Z",
            "20261120T030000Z",
            "20261121T030000Z",
            "20261121T200000Z",
            "20261122T030000Z",
        ];
        assert_eq!(kept("2d", &sets), ["20261121T200000Z", "20261122T030000Z"]);
        // The week ends on the 22nd, a Sunday.
        assert_eq!(kept("2w", &sets), ["20261114T030000Z", "20261122T030000Z"]);
        assert_eq!(kept("12m", &sets), ["20260831T030000Z", "20261122T030000Z"]);
        assert_eq!(kept("1d,1w,1m", &sets), ["20261122T030000Z"]);
    }

    #[test]
    fn the_newest_restore_point_stays_and_none_counts_as_a_daily_backup() {
        let sets = [
            "20261121T030000Z",
            "20261121T040000Z-before",
            "20261121T050000Z",
            "20261121T060000Z-before",
        ];
        assert_eq!(kept("1d", &sets), ["20261121T050000Z", "20261121T060000Z-before"]);
    }

    #[test]
    fn folders_that_are_no_backups_are_not_deleted() {
        assert_eq!(
            kept("1d", &["20261121T030000Z", "20261122T030000Z", "by-hand"]),
            ["20261122T030000Z", "by-hand"]
        );
    }
}
