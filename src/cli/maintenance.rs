//! `check`, `scan` and `rescan`: looking again at what is stored.

use std::time::Duration;

use super::output::{print_message, print_result_as};
use crate::domain::reconcile::check;
use crate::domain::reconcile::problem::CheckOptions;
use crate::domain::{malware, reconcile};
use crate::error::{Error, Result};
use crate::os;
use crate::state::Services;

/// Scans again; names what is found.
///
/// # Errors
/// `Unavailable` without a scanner that answers.
pub fn rescan(services: &Services, everything: bool, is_json: bool) -> Result<()> {
    let mut looked_at = 0_u64;
    let scanned = malware::rescan(services, everything, |_| {
        looked_at += 1;
        if looked_at.is_multiple_of(1000) {
            print_message(&format!("{looked_at} files looked at"));
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

/// Compares tree and tables; a line for each thing that is wrong.
///
/// # Errors
/// `Conflict` when something stays wrong.
pub fn check(services: &Services, how: CheckOptions, is_json: bool) -> Result<()> {
    let mut found = Vec::new();
    let looked_at = check::check(services, how, |one| found.push(one))?;
    let left = found.iter().filter(|one| one.repaired.is_none()).count();
    let rows: Vec<_> = found
        .iter()
        .map(|one| serde_json::json!({ "trouble": one.trouble.as_str(), "path": one.path, "repaired": one.repaired }))
        .collect();
    let mut words: Vec<String> = found
        .iter()
        .map(|one| {
            let done = one.repaired.as_deref().map(|done| format!(" ({done})")).unwrap_or_default();
            format!("{:<10} {}{done}", one.trouble.as_str(), one.path)
        })
        .collect();
    words.push(format!("{looked_at} files looked at, {} things wrong, {left} left as they are", found.len()));
    print_result_as(is_json, &serde_json::json!({ "files": looked_at, "found": rows, "left": left }), &words.join("\n"))?;
    if left == 0 { Ok(()) } else { Err(Error::Conflict("Not everything is as it should be.".into())) }
}

/// Takes what others did to people's folders.
///
/// # Errors
/// `Conflict` when something was left as it is.
pub fn scan(services: &Services, login: Option<&str>, settled: Duration, is_json: bool) -> Result<()> {
    // People who use the server go first.
    os::lower_priority()?;
    let only = login.map(|login| super::user::find(services, login)).transpose()?.map(|user| user.id);
    let noticed = reconcile::scan(services, only, settled)?;
    let left: Vec<_> = noticed.left.iter().map(|(path, why)| serde_json::json!({ "path": path, "why": why })).collect();
    let value = serde_json::json!({
        "looked_at": noticed.looked_at, "taken_in": noticed.taken_in, "moved": noticed.moved, "changed": noticed.changed,
        "vanished": noticed.vanished, "back": noticed.back, "waiting": noticed.waiting, "left": left,
    });
    let mut words: Vec<String> = noticed.left.iter().map(|(path, why)| format!("left     {path}: {why}")).collect();
    words.push(format!(
        "{} files looked at: {} taken in, {} moved, {} changed, {} vanished, {} back, {} still being written",
        noticed.looked_at, noticed.taken_in, noticed.moved, noticed.changed, noticed.vanished, noticed.back, noticed.waiting
    ));
    print_result_as(is_json, &value, &words.join("\n"))?;
    if left.is_empty() { Ok(()) } else { Err(Error::Conflict("Not everything could be taken in.".into())) }
}
