//! Times as both databases keep them.

/// UTC, to the microsecond, as both databases keep it.
pub type Time = time::PrimitiveDateTime;

/// The time now.
#[must_use]
pub fn now() -> Time {
    let now = time::OffsetDateTime::now_utc();
    let now = now.replace_microsecond(now.microsecond()).unwrap_or(now);
    Time::new(now.date(), now.time())
}
