//! `nexus-media import …`.

use serde_json::json;

use super::arguments::ImportCommand;
use super::output::{print_message, print_result_as};
use super::password::value_or_file;
use crate::domain::import::{self, ImportOptions, ImportReport};
use crate::error::{Error, Result, format_bytes};
use crate::state::Services;

/// Imports users and files from the original PHP application, or only reports what would be imported, and prints what
/// was skipped.
///
/// # Errors
/// `Conflict` when anything was skipped.
pub fn run(services: &Services, command: &ImportCommand, is_json: bool) -> Result<()> {
    let ImportCommand::Php { database, database_file, table_prefix, media, moves, dry_run } =
        command;
    let address = value_or_file("database", database.as_ref(), database_file.as_deref())?;

    let options = ImportOptions {
        database: &address,
        prefix: table_prefix,
        media,
        moves: *moves,
        is_dry: *dry_run,
    };

    // The closure shows progress: it receives the name of each user.
    let report =
        import::import(services, &options, |username| print_message(&format!("{username} …")))?;
    let skipped: Vec<_> =
        report.skipped.iter().map(|(what, why)| json!({ "what": what, "why": why })).collect();

    let value = json!({
        "dry_run": dry_run,
        "people": { "taken": report.people.taken, "already_there": report.people.already_there },
        "files": { "taken": report.files.taken, "already_there": report.files.already_there, "bytes": report.bytes },
        "skipped": skipped,
        "notes": report.notes,
    });

    print_result_as(is_json, &value, &report_text(&report, *dry_run))?;
    if report.skipped.is_empty() {
        Ok(())
    } else {
        Err(Error::Conflict("Not everything could be taken.".into()))
    }
}

/// Formats an import report: one line for each skipped entry and each note, then the totals of users and files.
fn report_text(report: &ImportReport, is_dry: bool) -> String {
    let mut lines: Vec<String> =
        report.skipped.iter().map(|(what, why)| format!("skipped  {what}: {why}")).collect();
    lines.extend(report.notes.iter().map(|note| format!("note     {note}")));
    let verb = if is_dry { "would be taken" } else { "taken" };
    lines.push(format!(
        "people   {} {verb}, {} already here",
        report.people.taken, report.people.already_there
    ));
    lines.push(format!(
        "files    {} {verb} ({}), {} already here, {} skipped",
        report.files.taken,
        format_bytes(report.bytes),
        report.files.already_there,
        report.skipped.len(),
    ));
    lines.join("\n")
}
