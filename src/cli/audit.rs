//! `nexus-media audit …`: verify and export the audit log.

use std::io::Write;

use serde_json::json;

use super::arguments::AuditCommand;
use super::output::print_result_as;
use crate::domain::audit::{self, csv_head, csv_line};
use crate::error::{Error, Result};
use crate::model::audit::AuditFilter;
use crate::model::audit::time_text;
use crate::state::Services;

/// Rows read at once.
const BATCH: i64 = 1000;

/// Runs a subcommand.
///
/// # Errors
/// `Conflict` when the chain is broken.
pub fn run(services: &Services, command: &AuditCommand, is_json: bool) -> Result<()> {
    match command {
        AuditCommand::Verify { noted } => verify(services, noted.as_deref(), is_json),
        AuditCommand::Export => export(services, is_json),
    }
}

/// Verifies the hash chain of the audit log and prints the number and hash of its last row. `noted` is this output of
/// an earlier run, which proves that no row up to it has changed since.
fn verify(services: &Services, noted: Option<&str>, is_json: bool) -> Result<()> {
    let noted = noted.map(|text| {
        let parsed = text.split_once(':').and_then(|(id, hash)| Some((id.parse().ok()?, hash)));
        parsed.ok_or_else(|| Error::field("noted", "Expected the output of verify: NUMBER:HASH."))
    });
    let verified = audit::verify(services, noted.transpose()?)?;
    let (last, hash) = &verified.last;
    let value =
        json!({ "rows": verified.rows, "first": verified.first, "last": last, "hash": hash });
    let words = match verified.rows {
        0 => "The audit log is empty.".to_owned(),
        rows => format!(
            "{rows} rows from {} to {last}, all unchanged. Keep this elsewhere for --noted:\n{last}:{hash}",
            verified.first
        ),
    };
    print_result_as(is_json, &value, &words)
}

/// Prints all rows, newest first, as CSV or one JSON object per line.
fn export(services: &Services, is_json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if !is_json {
        out.write_all(csv_head().as_bytes())?;
    }

    let mut before = None;

    // In pages, so that a long log does not fill the memory.
    loop {
        let rows = audit::list(services, &AuditFilter::default(), before, BATCH)?;
        // An empty page means that all rows are printed. Flushing reports a write error, which dropping would hide.
        let Some(last) = rows.last() else { return Ok(out.flush()?) };
        // The next page begins before the oldest row of this one.
        before = Some(last.id);

        for row in &rows {
            if is_json {
                let value = json!({
                    "id": row.id, "at": time_text(row.happened_at), "event": row.event, "actor_id": row.actor_id.map(|id| id.0),
                    "actor": row.actor, "address": row.address, "subject": row.subject, "detail": row.detail,
                    "previous": row.previous, "hash": row.hash,
                });
                writeln!(out, "{value}")?;
            } else {
                out.write_all(csv_line(row).as_bytes())?;
            }
        }
    }
}
