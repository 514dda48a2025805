//! `nexus-media check`, `scan` and `rescan`.

use std::time::Duration;

use super::output::{print_message, print_result_as};
use crate::domain::reconcile::check;
use crate::domain::reconcile::problem::CheckOptions;
use crate::domain::{malware, previews, reconcile};
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::state::Services;
use crate::thread_priority;

/// Scans files for malware again that were scanned with other signatures, or all files if `everything` is set, and
/// prints the totals.
///
/// # Errors
/// `Unavailable` without a reachable scanner.
pub fn rescan(services: &Services, everything: bool, is_json: bool) -> Result<()> {
    let mut scanned_files = 0_u64;
    // Shows progress, because a rescan may take hours.
    let totals = malware::rescan(services, everything, |_| {
        scanned_files += 1;
        if scanned_files.is_multiple_of(1000) {
            print_message(&format!("{scanned_files} files looked at"));
        }
    })?;
    let value = serde_json::json!({
        "clean": totals.clean, "found": totals.found, "unscannable": totals.unscannable, "unreadable": totals.unreadable,
    });
    let words = format!(
        "{} clean, {} found and taken away, {} too large to scan, {} could not be read",
        totals.clean, totals.found, totals.unscannable, totals.unreadable
    );
    print_result_as(is_json, &value, &words)
}

/// Queues the files of one user, or of all users, to be looked into again.
///
/// # Errors
/// `NotFound` for an unknown user; database errors.
pub fn rescan_facts(services: &Services, login: Option<&str>, is_json: bool) -> Result<()> {
    let owner =
        login.map(|login| super::user::find(services, login)).transpose()?.map(|user| user.id);
    let queued = previews::enqueue_all(services, &Actor::command_line(), owner)?;
    let words = format!("{queued} files will be looked into again by the running server");
    print_result_as(is_json, &serde_json::json!({ "queued": queued }), &words)
}

/// Compares files and database and prints a line for each problem.
///
/// # Errors
/// `Conflict` when problems remain.
pub fn check(services: &Services, options: CheckOptions, is_json: bool) -> Result<()> {
    let mut problems = Vec::new();
    let file_count = check::check(services, options, |problem| problems.push(problem))?;
    let unrepaired = problems.iter().filter(|problem| problem.repaired.is_none()).count();

    let rows: Vec<_> = problems
        .iter()
        .map(|problem| serde_json::json!({ "trouble": problem.kind.as_str(), "path": problem.path, "repaired": problem.repaired }))
        .collect();

    let mut output_lines: Vec<String> = problems
        .iter()
        .map(|problem| {
            let repair_note = problem
                .repaired
                .as_deref()
                .map(|repair_note| format!(" ({repair_note})"))
                .unwrap_or_default();
            format!("{:<10} {}{repair_note}", problem.kind.as_str(), problem.path)
        })
        .collect();

    output_lines.push(format!(
        "{file_count} files looked at, {} things wrong, {unrepaired} left as they are",
        problems.len()
    ));

    print_result_as(
        is_json,
        &serde_json::json!({ "files": file_count, "found": rows, "left": unrepaired }),
        &output_lines.join("\n"),
    )?;

    if unrepaired == 0 {
        Ok(())
    } else {
        Err(Error::Conflict("Not everything is as it should be.".into()))
    }
}

/// Applies changes that other programs made to the folder of one user, or of all users, and prints the totals. Files
/// that were changed less than `quiet_period` ago may still be written to and are left for a later scan.
///
/// # Errors
/// `Conflict` when anything was skipped.
pub fn scan(
    services: &Services,
    login: Option<&str>,
    quiet_period: Duration,
    is_json: bool,
) -> Result<()> {
    // A running server's requests take precedence.
    thread_priority::lower_priority()?;
    let only_user_id =
        login.map(|login| super::user::find(services, login)).transpose()?.map(|user| user.id);
    let report = reconcile::scan(services, only_user_id, quiet_period)?;

    let skipped_json: Vec<_> = report
        .left
        .iter()
        .map(|(path, why)| serde_json::json!({ "path": path, "why": why }))
        .collect();

    let value = serde_json::json!({
        "looked_at": report.looked_at, "taken_in": report.taken_in, "moved": report.moved, "changed": report.changed,
        "vanished": report.vanished, "back": report.back, "waiting": report.waiting, "left": skipped_json,
    });

    let mut output_lines: Vec<String> =
        report.left.iter().map(|(path, why)| format!("left     {path}: {why}")).collect();
    output_lines.push(format!(
        "{} files looked at: {} taken in, {} moved, {} changed, {} vanished, {} back, {} still being written",
        report.looked_at, report.taken_in, report.moved, report.changed, report.vanished, report.back, report.waiting
    ));

    print_result_as(is_json, &value, &output_lines.join("\n"))?;
    if skipped_json.is_empty() {
        Ok(())
    } else {
        Err(Error::Conflict("Not everything could be taken in.".into()))
    }
}
