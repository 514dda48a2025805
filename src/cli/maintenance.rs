//! `rescan`: looking again at what is stored.

use super::output::{answer_as, say};
use crate::domain::{Services, scanning};
use crate::error::Result;

/// Scans again; names what is found.
///
/// # Errors
/// `Unavailable` without a scanner that answers.
pub fn rescan(services: &Services, everything: bool, is_json: bool) -> Result<()> {
    let mut looked_at = 0_u64;
    let scanned = scanning::rescan(services, everything, |_| {
        looked_at += 1;
        if looked_at.is_multiple_of(1000) {
            say(&format!("{looked_at} files looked at"));
        }
    })?;
    let value = serde_json::json!({
        "clean": scanned.clean, "found": scanned.found, "unscannable": scanned.unscannable, "unreadable": scanned.unreadable,
    });
    let words = format!(
        "{} clean, {} found and taken away, {} too large to scan, {} could not be read",
        scanned.clean, scanned.found, scanned.unscannable, scanned.unreadable
    );
    answer_as(is_json, &value, &words)
}
