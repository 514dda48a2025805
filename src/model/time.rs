//! Times as both databases store them.

/// UTC with microseconds, the precision of both databases.
pub type Time = time::PrimitiveDateTime;

/// Returns the current time.
#[must_use]
pub fn now() -> Time {
    from_utc(time::OffsetDateTime::now_utc())
}

/// Converts a time to UTC with microseconds.
#[must_use]
pub fn from_utc(at: time::OffsetDateTime) -> Time {
    let at = at.replace_microsecond(at.microsecond()).unwrap_or(at);
    Time::new(at.date(), at.time())
}
