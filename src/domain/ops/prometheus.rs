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
/// `Internal` if the text cannot be written. If the database fails, queue lengths and findings become 0; the other
/// metrics read from it keep their values.
pub fn metrics_text(services: &Services) -> Result<String> {
    // Held until the text is rendered, so that simultaneous requests do not mix values.
    let gauges = services.metrics.lock_gauges();
    let status = status::status(services)?;

    for check in &status.checks {
        gauges
            .ready
            .with_label_values(&[check.name])
            .set(f64::from(u8::from(check.problem.is_none())));
    }

    gauges.queues.with_label_values(&["previews"]).set(i64_to_float(status.previews.waiting));
    gauges.queues.with_label_values(&["scanner"]).set(i64_to_float(status.waiting));
    gauges.findings.set(i64_to_float(status.findings));

    // -1 without a scanner, 0 if it does not respond or its state is unknown, 1 if it works.
    gauges.scanner.set(match status.scanner {
        ScannerHealth::Off => -1.0,
        ScannerHealth::Unknown | ScannerHealth::Away(_) => 0.0,
        ScannerHealth::Works(_) => 1.0,
    });

    // A failing database leaves the previous values.
    if let Ok(counted) = services.db.read(|conn| Ok(store::people::count_by_status(conn)?)) {
        for user_status in [Status::Pending, Status::Active, Status::Suspended, Status::Rejected] {
            gauges
                .people
                .with_label_values(&[user_status.as_str()])
                .set(i64_to_float(counted.get(&user_status).copied().unwrap_or(0)));
        }
    }

    if let Some((_, bytes)) = status.stored {
        gauges.kept.set(i64_to_float(bytes));
    }
    if let Some((free, all)) = status.space {
        gauges.disk.with_label_values(&["free"]).set(u64_to_float(free));
        gauges.disk.with_label_values(&["all"]).set(u64_to_float(all));
    }

    let backup = status.backups.as_ref().and_then(|backups| backups.newest);
    gauges.backup.set(backup.map_or(0.0, |at| i64_to_float(at.assume_utc().unix_timestamp())));
    gauges.uptime.set(status.uptime.as_secs_f64());
    let (checkouts, waited) = services.db.waits();

    // Counters of other modules are copied by difference.
    for (counter, value) in [
        (&gauges.crashes, u64_to_float(services.renderer.crashes.load(Ordering::Relaxed))),
        (&gauges.statements, u64_to_float(services.db.statements())),
        (&gauges.checkouts, u64_to_float(checkouts)),
        (&gauges.waited, waited.as_secs_f64()),
    ] {
        // Counted elsewhere since the start; it never decreases.
        counter.inc_by((value - counter.get()).max(0.0));
    }

    let text = services.metrics.render();
    drop(gauges);
    text
}

/// Exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers")]
fn i64_to_float(value: i64) -> f64 {
    value as f64
}

/// Exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers")]
fn u64_to_float(value: u64) -> f64 {
    value as f64
}
