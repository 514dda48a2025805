//! `nexus-media check`, `scan` and `rescan`.

use std::time::Duration;

use super::output::{print_message, print_result_as};
use crate::domain::reconcile::check;
use crate::domain::reconcile::problem::CheckOptions;
use crate::domain::{malware, reconcile};
use crate::error::{Error, Result};
use crate::state::Services;
use crate::thread_priority;

/// Scans files for malware again.
///
/// # Errors
/// `Unavailable` without a reachable scanner.
pub fn rescan(services: &Services, everything: bool, is_json: bool) -> Result<()> {
    let mut scanned_files = 0_u64;
    let scanned = malware::rescan(services, everything, |_| {
        scanned_files += 1;
        if scanned_files.is_multiple_of(1000) {
            print_message(&format!("{scanned_files} files looked at"));
        }
    })?;
    let value = serde_json::json!({
        "clean": scanned.clean, "found": scanned.found, "unscannable": scanned.unscannable, "unreadable": scanned.unreadable,
    });
    let words = format!(
        "{} clean, {} found and taken away, {} too large to scan, {} could not be read",
        scanned.clean, scanned.found, scanned.unscannable, scanned.unreadable
    );
    print_result_as(is_json, &value, &words)
}

/// Compares files and database and prints a line for each problem.
///
/// # Errors
/// `Conflict` when problems remain.
pub fn check(services: &Services, options: CheckOptions, is_json: bool) -> Result<()> {
    let mut found = Vec::new();
    let checked = check::check(services, options, |one| found.push(one))?;
    let left = found.iter().filter(|one| one.repaired.is_none()).count();

    let rows: Vec<_> = found
        .iter()
        .map(|one| serde_json::json!({ "trouble": one.kind.as_str(), "path": one.path, "repaired": one.repaired }))
        .collect();

    let mut words: Vec<String> = found
        .iter()
        .map(|one| {
            let done = one.repaired.as_deref().map(|done| format!(" ({done})")).unwrap_or_default();
            format!("{:<10} {}{done}", one.kind.as_str(), one.path)
        })
        .collect();

    words.push(format!(
        "{checked} files looked at, {} things wrong, {left} left as they are",
        found.len()
    ));

    print_result_as(
        is_json,
        &serde_json::json!({ "files": checked, "found": rows, "left": left }),
        &words.join("\n"),
    )?;

    if left == 0 {
        Ok(())
    } else {
        Err(Error::Conflict("Not everything is as it should be.".into()))
    }
}

/// Applies changes that other programs made to user folders.
///
/// # Errors
/// `Conflict` when anything was skipped.
pub fn scan(
    services: &Services,
    login: Option<&str>,
    settled: Duration,
    is_json: bool,
) -> Result<()> {
    // A running server's requests take precedence.
    thread_priority::lower_priority()?;
    let only =
        login.map(|login| super::user::find(services, login)).transpose()?.map(|user| user.id);
    let report = reconcile::scan(services, only, settled)?;

    let left: Vec<_> = report
        .left
        .iter()
        .map(|(path, why)| serde_json::json!({ "path": path, "why": why }))
        .collect();

    let value = serde_json::json!({
        "looked_at": report.looked_at, "taken_in": report.taken_in, "moved": report.moved, "changed": report.changed,
        "vanished": report.vanished, "back": report.back, "waiting": report.waiting, "left": left,
    });

    let mut words: Vec<String> =
        report.left.iter().map(|(path, why)| format!("left     {path}: {why}")).collect();
    words.push(format!(
        "{} files looked at: {} taken in, {} moved, {} changed, {} vanished, {} back, {} still being written",
        report.looked_at, report.taken_in, report.moved, report.changed, report.vanished, report.back, report.waiting
    ));

    print_result_as(is_json, &value, &words.join("\n"))?;
    if left.is_empty() {
        Ok(())
    } else {
        Err(Error::Conflict("Not everything could be taken in.".into()))
    }
}
