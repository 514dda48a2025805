//! Times as both databases keep them.

/// UTC, to the microsecond, as both databases keep it.
pub type Time = time::PrimitiveDateTime;

/// The time now.
#[must_use]
pub fn now() -> Time {
    from_utc(time::OffsetDateTime::now_utc())
}

/// A time in UTC, to the microsecond.
#[must_use]
pub fn from_utc(at: time::OffsetDateTime) -> Time {
    let at = at.replace_microsecond(at.microsecond()).unwrap_or(at);
    Time::new(at.date(), at.time())
}
