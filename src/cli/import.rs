//! `nexus-media import …`.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::arguments::ImportCommand;
use super::output::{print_message, print_result_as};
use super::password::value_or_file;
use crate::domain::import::{self, ImportOptions, ImportReport, Tally};
use crate::error::{Error, Result, format_bytes};
use crate::state::Services;

/// Imports from another system, or only reports what would be imported, and prints what was skipped.
///
/// # Errors
/// `Conflict` when anything was skipped.
pub fn run(services: &Services, command: &ImportCommand, is_json: bool) -> Result<()> {
    match command {
        ImportCommand::Php { database, database_file, table_prefix, media, moves, dry_run } => {
            let address = value_or_file("database", database.as_ref(), database_file.as_deref())?;
            let options = ImportOptions {
                database: &address,
                prefix: table_prefix,
                media,
                moves: *moves,
                is_dry: *dry_run,
            };
            // The closure shows progress: it receives the name of each user.
            let report = import::import(services, &options, |username| {
                print_message(&format!("{username} …"));
            })?;
            print_report(&report, *dry_run, is_json)
        }
        ImportCommand::Takeout { user, dry_run, paths } => {
            let user = super::user::find(services, user)?;
            let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
            let report = import::import_takeout(services, &user, &paths, *dry_run, |folder| {
                print_message(&format!("{folder} …"));
            })?;
            print_report(&report, *dry_run, is_json)
        }
    }
}

fn print_report(report: &ImportReport, is_dry: bool, is_json: bool) -> Result<()> {
    let skipped: Vec<_> =
        report.skipped.iter().map(|(what, why)| json!({ "what": what, "why": why })).collect();
    let value = json!({
        "dry_run": is_dry,
        "people": { "taken": report.people.taken, "already_there": report.people.already_there },
        "files": { "taken": report.files.taken, "already_there": report.files.already_there, "bytes": report.bytes },
        "skipped": skipped,
        "notes": report.notes,
    });

    print_result_as(is_json, &value, &report_text(report, is_dry))?;
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
    // Other imports than that of a whole server have no people.
    if report.people != Tally::default() {
        lines.push(format!(
            "people   {} {verb}, {} already here",
            report.people.taken, report.people.already_there
        ));
    }
    lines.push(format!(
        "files    {} {verb} ({}), {} already here, {} skipped",
        report.files.taken,
        format_bytes(report.bytes),
        report.files.already_there,
        report.skipped.len(),
    ));
    lines.join("\n")
}
