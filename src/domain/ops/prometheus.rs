//! Metrics for Prometheus, including those that are read from the database.

use std::sync::atomic::Ordering;

use super::status;
use crate::error::Result;
use crate::model::Status;
use crate::state::Services;
use crate::state::malware_scanner::ScannerHealth;
use crate::store;

/// All metrics in the Prometheus text format 0.0.4.
///
/// # Errors
/// `Internal` if the text cannot be written; a metric that cannot be read keeps its value.
pub fn metrics_text(services: &Services) -> Result<String> {
    // Held until the end, so that simultaneous requests do not mix values.
    let asked = services.metrics.lock_gauges();
    let status = status::status(services)?;

    for check in &status.checks {
        asked
            .ready
            .with_label_values(&[check.name])
            .set(f64::from(u8::from(check.problem.is_none())));
    }

    asked.queues.with_label_values(&["previews"]).set(as_i64(status.previews.waiting));
    asked.queues.with_label_values(&["scanner"]).set(as_i64(status.waiting));
    asked.findings.set(as_i64(status.findings));

    asked.scanner.set(match status.scanner {
        ScannerHealth::Off => -1.0,
        ScannerHealth::Unknown | ScannerHealth::Away(_) => 0.0,
        ScannerHealth::Works(_) => 1.0,
    });

    // A failing database leaves the previous values.
    if let Ok(counted) = services.db.read(|conn| Ok(store::users::count_by_status(conn)?)) {
        for state in [Status::Pending, Status::Active, Status::Suspended, Status::Rejected] {
            asked
                .people
                .with_label_values(&[state.as_str()])
                .set(as_i64(counted.get(&state).copied().unwrap_or(0)));
        }
    }

    if let Some((_, bytes)) = status.stored {
        asked.kept.set(as_i64(bytes));
    }
    if let Some((free, all)) = status.space {
        asked.disk.with_label_values(&["free"]).set(as_i64_saturating(free));
        asked.disk.with_label_values(&["all"]).set(as_i64_saturating(all));
    }

    let backup = status.backups.as_ref().and_then(|standing| standing.newest);
    asked.backup.set(backup.map_or(0.0, |at| as_i64(at.assume_utc().unix_timestamp())));
    asked.uptime.set(status.uptime.as_secs_f64());
    let (checkouts, waited) = services.db.waits();

    // Counters of other modules are copied by difference.
    for (counter, value) in [
        (&asked.crashes, as_i64_saturating(services.renderer.crashes.load(Ordering::Relaxed))),
        (&asked.statements, as_i64_saturating(services.db.statements())),
        (&asked.checkouts, as_i64_saturating(checkouts)),
        (&asked.waited, waited.as_secs_f64()),
    ] {
        // Counted elsewhere since the start; it never decreases.
        counter.inc_by((value - counter.get()).max(0.0));
    }

    drop(asked);
    services.metrics.render()
}

/// Exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers")]
fn as_i64(value: i64) -> f64 {
    value as f64
}

/// Exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers")]
fn as_i64_saturating(value: u64) -> f64 {
    value as f64
}
