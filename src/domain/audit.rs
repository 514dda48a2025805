//! The audit log of sign-ins, account changes and deletions. Each row carries the hash of the previous one. A
//! hash noted elsewhere therefore reveals later changes to all rows before it.

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::audit::AuditFilter;
use crate::model::audit::{AuditRow, time_text};
use crate::model::{Event, Time, now};
use crate::state::Services;
use crate::store;

/// Rows read per query.
const PAGE_ROWS: i64 = 1000;

/// Appends a row to the audit log, with the hash of the previous row. It has to be the last statement of the
/// transaction it describes, because it locks the log until the transaction ends.
pub(super) fn append(
    conn: &mut Conn,
    event: Event,
    actor: &Actor,
    subject: &str,
    detail: &str,
) -> Result<()> {
    // Increments the row number in the one row of `audit_head`, which locks the log, and reads the hash of the last
    // row.
    let (id, previous) = store::audit::update_next(conn)?;
    // Longer values do not fit into their columns.
    let truncated = |text: &str, most: usize| text.chars().take(most).collect::<String>();

    let mut row = AuditRow {
        id,
        happened_at: now(),
        event: event.as_str().to_owned(),
        actor_id: actor.id,
        actor: truncated(actor.name(), 64),
        address: truncated(actor.address(), 45),
        subject: truncated(subject, 255),
        detail: truncated(detail, 700),
        previous,
        hash: String::new(),
    };

    // The hash is computed over the other fields, so it is set last.
    row.hash = row.computed_hash();
    store::audit::insert(conn, &row)?;
    Ok(())
}

/// The newest rows, or those before row `before`.
pub fn list(
    services: &Services,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<AuditRow>> {
    services.db.read(|conn| Ok(store::audit::list(conn, filter, before, limit)?))
}

/// The CSV header (RFC 4180).
#[must_use]
pub fn csv_head() -> String {
    "id,at,event,actor_id,actor,address,subject,detail,previous,hash\r\n".into()
}

/// Formats a row of the audit log as a line of CSV (RFC 4180). A field that a spreadsheet would take for a formula gets
/// a leading apostrophe (OWASP, CSV injection).
#[must_use]
pub fn csv_line(row: &AuditRow) -> String {
    let fields = [
        row.id.to_string(),
        time_text(row.happened_at),
        row.event.clone(),
        row.actor_id.map(|id| id.0.to_string()).unwrap_or_default(),
        row.actor.clone(),
        row.address.clone(),
        row.subject.clone(),
        row.detail.clone(),
        row.previous.clone(),
        row.hash.clone(),
    ];

    let quoted = fields.map(|field| {
        let is_formula =
            field.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
        format!("\"{}{}\"", if is_formula { "'" } else { "" }, field.replace('"', "\"\""))
    });
    format!("{}\r\n", quoted.join(","))
}

/// The result of verifying the chain of hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerification {
    /// The first row that still exists; earlier ones were purged.
    pub first: i64,
    pub rows: u64,
    /// Number and hash of the last row. Noted elsewhere, they prove later that nothing up to it was changed.
    pub last: (i64, String),
}

/// Verifies the audit log's chain of hashes from the first to the last row, and that the row `expected`, whose number
/// and hash were noted earlier, is still in it.
///
/// # Errors
/// `Conflict` names the first row that was changed, removed or inserted.
pub fn verify(services: &Services, expected: Option<(i64, &str)>) -> Result<AuditVerification> {
    services.db.snapshot(|conn| {
        let mut verified = AuditVerification { first: 0, rows: 0, last: (0, String::new()) };
        let mut is_expected_found = expected.is_none();

        // If the chain does not begin with row 1, a later row must confirm which rows were purged.
        let mut purged: Option<(String, String)> = None;
        loop {
            let rows = store::audit::list_after(conn, verified.last.0, PAGE_ROWS)?;
            if rows.is_empty() {
                break;
            }

            // Numbers are consecutive, and each row contains the hash of the previous one.
            for row in rows {
                let is_first = verified.rows == 0;
                if is_first {
                    verified.first = row.id;
                    purged = (row.id != 1)
                        .then(|| (format!("rows up to {}", row.id - 1), row.previous.clone()));
                } else if row.id != verified.last.0 + 1 {
                    return Err(broken_chain(verified.last.0 + 1, "is gone"));
                }

                // Row 1 has no predecessor. If the first row is a later one, its predecessor was purged and cannot be
                // compared.
                let is_linked = if is_first {
                    row.id != 1 || row.previous.is_empty()
                } else {
                    row.previous == verified.last.1
                };

                if !is_linked || row.hash != row.computed_hash() {
                    return Err(broken_chain(row.id, "is not as it was written"));
                }

                // The row that was noted earlier must still have the same hash.
                if let Some((_, hash)) = expected.filter(|(id, _)| *id == row.id) {
                    if hash != row.hash {
                        return Err(broken_chain(row.id, "has another hash than was noted"));
                    }
                    is_expected_found = true;
                }

                // A purge leaves a row with the last number and hash that it removed.
                if purged.as_ref().is_some_and(|(rows, hash)| {
                    row.event() == Event::Purged && (rows, hash) == (&row.subject, &row.detail)
                }) {
                    purged = None;
                }

                verified.last = (row.id, row.hash);
                verified.rows += 1;
            }
        }

        // The head is updated with each row, so a removed end shows here.
        if store::audit::find_head(conn)? != verified.last {
            return Err(broken_chain(verified.last.0 + 1, "and what came after it are gone"));
        }

        // No row confirms the purge, so the missing rows were removed in another way.
        if purged.is_some() {
            return Err(broken_chain(verified.first - 1, "and what came before it are gone"));
        }

        if !is_expected_found {
            let (id, _) = expected.unwrap_or_default();
            let reason = if id < verified.first {
                "is older than what is kept; note a later one"
            } else {
                "is not there"
            };
            return Err(broken_chain(id, reason));
        }
        Ok(verified)
    })
}

fn broken_chain(id: i64, reason: &str) -> Error {
    Error::Conflict(format!("The audit log is broken: row {id} {reason}."))
}

/// Removes rows older than the configured age, at most `PAGE_ROWS` per call; returns how many.
pub(super) fn purge(services: &Services, at: Time) -> Result<usize> {
    // 0 means that rows are kept for good.
    if services.settings.audit_days == 0 {
        return Ok(0);
    }
    let before = at - time::Duration::days(services.settings.audit_days.into());

    services.db.write(|conn| {
        let Some((count, last)) = store::audit::delete_before(conn, before, PAGE_ROWS)? else {
            return Ok(0);
        };
        // Without this row, an attacker could remove the beginning and claim that it was purged.
        append(
            conn,
            Event::Purged,
            &Actor::server(),
            &format!("rows up to {}", last.id),
            &last.hash,
        )?;
        Ok(count)
    })
}
