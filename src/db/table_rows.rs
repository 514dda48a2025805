//! Whole tables as text, in a form that is the same for both databases; for backups and for moving between databases.

use std::collections::BTreeMap;

use diesel::RunQueryDsl;
use diesel::connection::DefaultLoadingMode;
use diesel::query_builder::BoxedSqlQuery;
use diesel::sql_types::{Nullable, Text};
use diesel::{Connection, QueryableByName, sql_query};
use sha2::{Digest, Sha256};

use super::connection::Conn;
use crate::error::{Error, Result};

/// All tables; those that others refer to come first.
pub const TABLES: [&str; 34] = [
    "site",
    "users",
    "session_tokens",
    "spent_tokens",
    "user_directories",
    "media_items",
    "media_details",
    "albums",
    "album_items",
    "album_comments",
    "album_hearts",
    "user_groups",
    "user_group_members",
    "grants",
    "grant_marks",
    "notifications",
    "item_senders",
    "share_links",
    "received_files",
    "item_places",
    "item_annotations",
    "xmp_files",
    "tracks",
    "search_words",
    "shelf_counts",
    "shelf_months",
    "preview_jobs",
    "libraries",
    "findings",
    "file_moves",
    "upload_reports",
    "uploads",
    "audit_log",
    "audit_head",
];

/// Rows fetched at once from MariaDB, whose client library buffers a whole result.
const PAGE_ROWS: usize = 50_000;
/// Rows collected for one insert.
const MAX_INSERT_ROWS: usize = 500;
/// Values bound in one statement; SQLite accepts 32,766.
const MAX_BINDS: usize = 2000;

/// A row with each value as text: bytes in hexadecimal, times in the notation of SQLite.
pub type Row = Vec<Option<String>>;

/// How the values of a column are converted to text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ColumnFormat {
    Plain,
    Bytes,
    Time,
}

/// The columns of a table, in schema order.
pub struct Columns {
    names: Vec<String>,
    formats: Vec<ColumnFormat>,
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

#[derive(QueryableByName)]
struct JsonRow {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Columns {
    /// Reads the columns of a table.
    ///
    /// # Errors
    /// `Internal` for a table that does not exist.
    pub fn of(conn: &mut Conn, table: &str) -> Result<Self> {
        // Column names in the order of the table.
        let query = match conn {
            Conn::Sqlite(_) => "SELECT name, type AS kind FROM pragma_table_info(?) ORDER BY cid",
            Conn::Mysql(_) => {
                "SELECT column_name AS name, data_type AS kind FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position"
            }
        };

        let rows: Vec<ColumnRow> = sql_query(query).bind::<Text, _>(table).load(conn)?;
        if rows.is_empty() {
            return Err(Error::internal(format!("there is no table {table}")));
        }

        // Only bytes and times differ between the databases.
        let format = |kind: &str| match kind.to_ascii_lowercase().as_str() {
            "blob" | "binary" | "varbinary" => ColumnFormat::Bytes,
            "timestamp" | "datetime" => ColumnFormat::Time,
            _ => ColumnFormat::Plain,
        };

        let formats = rows.iter().map(|row| format(&row.kind)).collect();
        Ok(Self { names: rows.into_iter().map(|row| row.name).collect(), formats })
    }

    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the columns in the order in which another database or a dump has them.
    ///
    /// # Errors
    /// `Internal` for an unknown column.
    pub fn column_order(&self, names: &[String]) -> Result<Self> {
        let formats: BTreeMap<&String, ColumnFormat> =
            self.names.iter().zip(self.formats.iter().copied()).collect();
        let formats = names.iter().map(|name| {
            formats.get(name).copied().ok_or_else(|| Error::internal(format!("no column {name}")))
        });
        Ok(Self { formats: formats.collect::<Result<_>>()?, names: names.to_vec() })
    }
}

/// Passes each row of a table to `take`, as one optional text per column; bytes are in hexadecimal.
///
/// # Errors
/// Those of `take`.
pub fn each_row(
    conn: &mut Conn,
    table: &str,
    columns: &Columns,
    mut take: impl FnMut(Row) -> Result<()>,
) -> Result<()> {
    // One line of JSON per row, which both databases can build.
    let expressions =
        columns.names.iter().zip(&columns.formats).map(|(name, format)| match format {
            // SQLite's hex() turns NULL into an empty text.
            ColumnFormat::Bytes => {
                format!("CASE WHEN {name} IS NULL THEN NULL ELSE hex({name}) END")
            }
            ColumnFormat::Plain | ColumnFormat::Time => name.clone(),
        });

    let all = format!(
        "SELECT json_array({}) AS line FROM {table}",
        expressions.collect::<Vec<_>>().join(", ")
    );

    let mut take_line = |line: &str| {
        let values: Vec<serde_json::Value> = serde_json::from_str(line).map_err(Error::internal)?;
        take(
            values
                .into_iter()
                .zip(&columns.formats)
                .map(|(value, format)| value_text(value, *format))
                .collect(),
        )
    };

    // SQLite returns one row at a time, so no pages are needed.
    if matches!(conn, Conn::Sqlite(_)) {
        for line in sql_query(all).load_iter::<JsonRow, DefaultLoadingMode>(conn)? {
            take_line(&line?.line)?;
        }
        return Ok(());
    }

    // Pages by primary key.
    // The client library of MariaDB fetches a whole result before it returns the first row.
    let keys: Vec<JsonRow> = sql_query(
        "SELECT column_name AS line FROM information_schema.statistics \
         WHERE table_schema = DATABASE() AND table_name = ? AND index_name = 'PRIMARY' ORDER BY seq_in_index",
    )
    .bind::<Text, _>(table)
    .load(conn)?;

    let order = keys.into_iter().map(|key| key.line).collect::<Vec<_>>().join(", ");
    for page in 0.. {
        let lines: Vec<JsonRow> = sql_query(format!(
            "{all} ORDER BY {order} LIMIT {PAGE_ROWS} OFFSET {}",
            page * PAGE_ROWS
        ))
        .load(conn)?;
        lines.iter().try_for_each(|line| take_line(&line.line))?;
        if lines.len() < PAGE_ROWS {
            break;
        }
    }
    Ok(())
}

fn value_text(value: serde_json::Value, format: ColumnFormat) -> Option<String> {
    let text = match value {
        serde_json::Value::Null => return None,
        serde_json::Value::String(text) => text,
        serde_json::Value::Bool(is) => u8::from(is).to_string(),
        other => other.to_string(),
    };
    Some(if format == ColumnFormat::Time { time_text(&text) } else { text })
}

/// Formats a time as SQLite stores it: `2026-11-22 06:05:17.5`, microseconds without trailing zeros.
fn time_text(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.get(..6).unwrap_or(fraction).trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        None => text.to_owned(),
    }
}

/// Inserts rows, given as one optional text per column, into a table. Each statement inserts as many rows as the limit
/// of bound values allows.
pub fn insert(conn: &mut Conn, table: &str, columns: &Columns, rows: &[Row]) -> Result<()> {
    // Bytes are given as hexadecimal text.
    let marks = columns
        .formats
        .iter()
        .map(|form| if *form == ColumnFormat::Bytes { "unhex(?)" } else { "?" });
    let marks = format!("({})", marks.collect::<Vec<_>>().join(", "));
    for chunk in rows.chunks((MAX_BINDS / columns.names.len().max(1)).max(1)) {
        let all = vec![marks.as_str(); chunk.len()].join(", ");
        let statement = format!("INSERT INTO {table} ({}) VALUES {all}", columns.names.join(", "));
        let mut query: BoxedSqlQuery<'_, <Conn as Connection>::Backend, _> =
            sql_query(statement).into_boxed();
        for value in chunk.iter().flatten() {
            query = query.bind::<Nullable<Text>, _>(value.as_deref());
        }
        query.execute(conn)?;
    }
    Ok(())
}

/// Inserts rows into a table in batches.
pub struct TableWriter<'a> {
    conn: &'a mut Conn,
    table: &'a str,
    columns: &'a Columns,
    rows: Vec<Row>,
}

impl<'a> TableWriter<'a> {
    pub const fn new(conn: &'a mut Conn, table: &'a str, columns: &'a Columns) -> Self {
        Self { conn, table, columns, rows: Vec::new() }
    }

    pub fn push(&mut self, row: Row) -> Result<()> {
        self.rows.push(row);
        if self.rows.len() < MAX_INSERT_ROWS { Ok(()) } else { self.flush() }
    }

    /// Inserts the remaining rows. Must be called at the end.
    pub fn flush(&mut self) -> Result<()> {
        insert(self.conn, self.table, self.columns, &std::mem::take(&mut self.rows))
    }
}

/// Deletes all rows of a table.
pub fn delete(conn: &mut Conn, table: &str) -> Result<()> {
    sql_query(format!("DELETE FROM {table}")).execute(conn)?;
    Ok(())
}

/// Deletes all rows of all tables except these.
pub fn delete_all_except(conn: &mut Conn, except: &[&str]) -> Result<()> {
    TABLES
        .iter()
        .rev()
        .filter(|table| !except.contains(table))
        .try_for_each(|table| delete(conn, table))
}

/// Copies the rows of all tables except these from one database into the empty tables of another.
///
/// # Errors
/// Those of either database.
pub fn copy_all_except(from: &mut Conn, to: &mut Conn, except: &[&str]) -> Result<()> {
    for table in TABLES.iter().filter(|table| !except.contains(table)) {
        let columns = Columns::of(from, table)?;
        // The target may have the same columns in another order.
        let target_columns = Columns::of(to, table)?.column_order(columns.names())?;
        let mut writer = TableWriter::new(to, table, &target_columns);
        each_row(from, table, &columns, |row| writer.push(row))?;
        writer.flush()?;
    }
    Ok(())
}

/// The number of rows of a table, and a sum of their SHA-256 that does not depend on their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableChecksum {
    pub rows: u64,
    parts: [u64; 4],
}

impl TableChecksum {
    /// Adds a row.
    pub fn add(&mut self, columns: &Columns, row: &Row) {
        // By name, because the databases may order columns differently.
        let named: BTreeMap<&String, &Option<String>> = columns.names.iter().zip(row).collect();
        let hash = Sha256::digest(serde_json::to_vec(&named).unwrap_or_default());
        for (part, bytes) in self.parts.iter_mut().zip(hash.as_chunks::<8>().0) {
            // Added, so that the order of the rows does not matter.
            *part = part.wrapping_add(u64::from_le_bytes(*bytes));
        }
        self.rows += 1;
    }

    /// The sum in hexadecimal.
    #[must_use]
    pub fn checksum(&self) -> String {
        hex::encode(self.parts.map(u64::to_be_bytes).concat())
    }

    pub fn of_table(conn: &mut Conn, table: &str) -> Result<Self> {
        let columns = Columns::of(conn, table)?;
        let mut sum = Self::default();
        each_row(conn, table, &columns, |row| {
            sum.add(&columns, &row);
            Ok(())
        })?;
        Ok(sum)
    }
}
