//! Whether the clock can be trusted with deleting. A machine whose battery is empty starts in the wrong year, and must
//! not empty every trash before its clock is set.
//!
//! The time is noted as it passes. A clock that is before the newest row, or days ahead of what was noted, is not
//! trusted. After a real pause, the noted time follows the clock: one day for each hour that the server runs.

use std::time::Duration;

use crate::error::Result;
use crate::model::{Time, now};
use crate::state::Services;
use crate::store;

/// How far the clock may be ahead of what was noted.
const MAX_AHEAD: time::Duration = time::Duration::days(2);
/// By how much the noted time follows a clock that is further ahead, in each round of ten minutes.
const STEP: time::Duration = time::Duration::hours(4);
/// How long a server must have run before the noted time follows, so that restarts do not add up.
const MIN_UPTIME: Duration = Duration::from_mins(9);

/// The current time, if the clock can be trusted with deleting; notes it.
///
/// # Errors
/// Database errors.
pub(crate) fn trusted_now(services: &Services) -> Result<Option<Time>> {
    let at = now();
    let can_follow = services.started_at.elapsed() >= MIN_UPTIME;
    let (verdict, noted) = services.db.write(|conn| {
        let newest = store::site::find_newest_row_time(conn)?;
        // Before the first note, the newest row is the best that is known.
        let noted = store::site::find_clock_noted_at(conn)?.or(newest).unwrap_or(at);
        let (verdict, next) = judge(at, newest, noted, can_follow);
        if next != noted {
            store::site::update_clock_noted_at(conn, next)?;
        }
        Ok((verdict, noted))
    })?;

    if !verdict {
        tracing::warn!(%at, %noted, "the clock seems wrong; nothing is deleted until it is plausible");
    }
    Ok(verdict.then_some(at))
}

/// Whether a clock that shows `at` can be trusted, and what to note.
fn judge(at: Time, newest: Option<Time>, noted: Time, can_follow: bool) -> (bool, Time) {
    if newest.is_some_and(|newest| at < newest) {
        return (false, noted);
    }
    // A noted time in the future was itself noted by a wrong clock, unless rows confirm it.
    if at <= noted + MAX_AHEAD {
        return (true, at);
    }
    (false, if can_follow { noted + STEP } else { noted })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOTED: Time = datetime!(2026-11-29 12:00);

    #[test]
    fn a_clock_that_goes_on_is_trusted() {
        let later = NOTED + time::Duration::hours(30);
        assert_eq!(judge(later, Some(NOTED), NOTED, true), (true, later));
        // It was set back a little, and no row is newer.
        let earlier = NOTED - time::Duration::minutes(1);
        assert_eq!(judge(earlier, None, NOTED, true), (true, earlier));
    }

    #[test]
    fn a_clock_before_the_newest_row_or_days_ahead_is_not() {
        assert_eq!(judge(datetime!(1970-01-01 0:00), Some(NOTED), NOTED, true), (false, NOTED));
        assert_eq!(judge(datetime!(2031-01-01 0:00), Some(NOTED), NOTED, false), (false, NOTED));
    }

    #[test]
    fn after_a_pause_the_noted_time_follows_while_the_server_runs() {
        let after_vacation = NOTED + time::Duration::days(9);
        let (mut noted, mut rounds) = (NOTED, 0);
        loop {
            let (is_trusted, next) = judge(after_vacation, Some(NOTED), noted, true);
            if is_trusted {
                break;
            }
            (noted, rounds) = (next, rounds + 1);
        }
        assert_eq!(rounds, 42, "seven days beyond the first two, in steps of four hours");
    }
}
