//! Whole tables as text, the same on both databases: for backups, and to move from one database to another.

use std::collections::BTreeMap;

use diesel::RunQueryDsl;
use diesel::connection::DefaultLoadingMode;
use diesel::query_builder::BoxedSqlQuery;
use diesel::sql_types::{Nullable, Text};
use diesel::{Connection, QueryableByName, sql_query};
use sha2::{Digest, Sha256};

use super::connection::Conn;
use crate::error::{Error, Result};

/// Every table, those that others refer to first.
pub const TABLES: [&str; 19] = [
    "site",
    "users",
    "session_tokens",
    "spent_tokens",
    "user_directories",
    "media_items",
    "media_details",
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

/// Rows fetched at once where a result comes as a whole.
const PAGE_ROWS: usize = 50_000;
/// Rows gathered before they are put in.
const MAX_INSERT_ROWS: usize = 500;
/// Values of one statement at most: SQLite takes 32,766.
const MAX_BINDS: usize = 2000;

/// A row: each value as text, bytes in hexadecimal, times as SQLite keeps them.
pub type Row = Vec<Option<String>>;

/// How a column's values become text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ColumnFormat {
    Plain,
    Bytes,
    Time,
}

/// A table's columns, in the order of the schema.
pub struct Columns {
    names: Vec<String>,
    forms: Vec<ColumnFormat>,
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
    /// What the database says of a table.
    ///
    /// # Errors
    /// The database's; `Internal` for a table that is not there.
    pub fn of(conn: &mut Conn, table: &str) -> Result<Self> {
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
        let form = |kind: &str| match kind.to_ascii_lowercase().as_str() {
            "blob" | "binary" | "varbinary" => ColumnFormat::Bytes,
            "timestamp" | "datetime" => ColumnFormat::Time,
            _ => ColumnFormat::Plain,
        };
        let forms = rows.iter().map(|row| form(&row.kind)).collect();
        Ok(Self { names: rows.into_iter().map(|row| row.name).collect(), forms })
    }

    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The same columns, as another database or an older dump orders them.
    ///
    /// # Errors
    /// `Internal` for a column that is not here.
    pub fn column_order(&self, names: &[String]) -> Result<Self> {
        let known: BTreeMap<&String, ColumnFormat> = self.names.iter().zip(self.forms.iter().copied()).collect();
        let forms = names.iter().map(|name| known.get(name).copied().ok_or_else(|| Error::internal(format!("no column {name}"))));
        Ok(Self { forms: forms.collect::<Result<_>>()?, names: names.to_vec() })
    }
}

/// Lets `take` have each row of a table, some at a time.
///
/// # Errors
/// The database's; what `take` says.
pub fn each_row(conn: &mut Conn, table: &str, columns: &Columns, mut take: impl FnMut(Row) -> Result<()>) -> Result<()> {
    let shown = columns.names.iter().zip(&columns.forms).map(|(name, form)| match form {
        // SQLite's hex() makes an empty text of NULL.
        ColumnFormat::Bytes => format!("CASE WHEN {name} IS NULL THEN NULL ELSE hex({name}) END"),
        ColumnFormat::Plain | ColumnFormat::Time => name.clone(),
    });
    let all = format!("SELECT json_array({}) AS line FROM {table}", shown.collect::<Vec<_>>().join(", "));
    let mut take_line = |line: &str| {
        let values: Vec<serde_json::Value> = serde_json::from_str(line).map_err(Error::internal)?;
        take(values.into_iter().zip(&columns.forms).map(|(value, form)| value_text(value, *form)).collect())
    };
    if matches!(conn, Conn::Sqlite(_)) {
        for line in sql_query(all).load_iter::<JsonRow, DefaultLoadingMode>(conn)? {
            take_line(&line?.line)?;
        }
        return Ok(());
    }
    // The client library fetches a whole result before it hands out the first row.
    let keys: Vec<JsonRow> = sql_query(
        "SELECT column_name AS line FROM information_schema.statistics \
         WHERE table_schema = DATABASE() AND table_name = ? AND index_name = 'PRIMARY' ORDER BY seq_in_index",
    )
    .bind::<Text, _>(table)
    .load(conn)?;
    let order = keys.into_iter().map(|key| key.line).collect::<Vec<_>>().join(", ");
    for page in 0.. {
        let lines: Vec<JsonRow> =
            sql_query(format!("{all} ORDER BY {order} LIMIT {PAGE_ROWS} OFFSET {}", page * PAGE_ROWS)).load(conn)?;
        lines.iter().try_for_each(|line| take_line(&line.line))?;
        if lines.len() < PAGE_ROWS {
            break;
        }
    }
    Ok(())
}

fn value_text(value: serde_json::Value, form: ColumnFormat) -> Option<String> {
    let text = match value {
        serde_json::Value::Null => return None,
        serde_json::Value::String(text) => text,
        serde_json::Value::Bool(is) => u8::from(is).to_string(),
        other => other.to_string(),
    };
    Some(if form == ColumnFormat::Time { time_text(&text) } else { text })
}

/// `2026-11-22 06:05:17.5`: to the microsecond, without zeros at its end, as it stands in SQLite's columns.
fn time_text(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.get(..6).unwrap_or(fraction).trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        None => text.to_owned(),
    }
}

/// Puts rows into a table.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, table: &str, columns: &Columns, rows: &[Row]) -> Result<()> {
    let marks = columns.forms.iter().map(|form| if *form == ColumnFormat::Bytes { "unhex(?)" } else { "?" });
    let marks = format!("({})", marks.collect::<Vec<_>>().join(", "));
    for some in rows.chunks((MAX_BINDS / columns.names.len().max(1)).max(1)) {
        let all = vec![marks.as_str(); some.len()].join(", ");
        let text = format!("INSERT INTO {table} ({}) VALUES {all}", columns.names.join(", "));
        let mut query: BoxedSqlQuery<'_, <Conn as Connection>::Backend, _> = sql_query(text).into_boxed();
        for value in some.iter().flatten() {
            query = query.bind::<Nullable<Text>, _>(value.as_deref());
        }
        query.execute(conn)?;
    }
    Ok(())
}

/// Rows on their way into a table, some at a time.
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

    /// # Errors
    /// The database's.
    pub fn push(&mut self, row: Row) -> Result<()> {
        self.rows.push(row);
        if self.rows.len() < MAX_INSERT_ROWS { Ok(()) } else { self.flush() }
    }

    /// Puts in what is left; without it the last rows are not there.
    ///
    /// # Errors
    /// The database's.
    pub fn flush(&mut self) -> Result<()> {
        insert(self.conn, self.table, self.columns, &std::mem::take(&mut self.rows))
    }
}

/// Empties a table.
///
/// # Errors
/// The database's.
pub fn delete(conn: &mut Conn, table: &str) -> Result<()> {
    sql_query(format!("DELETE FROM {table}")).execute(conn)?;
    Ok(())
}

/// Empties all tables but those.
///
/// # Errors
/// The database's.
pub fn delete_all_except(conn: &mut Conn, kept: &[&str]) -> Result<()> {
    TABLES.iter().rev().filter(|table| !kept.contains(table)).try_for_each(|table| delete(conn, table))
}

/// Puts the rows of all tables but those of one database into another, whose tables are empty.
///
/// # Errors
/// The databases'.
pub fn copy_all_except(from: &mut Conn, to: &mut Conn, left_out: &[&str]) -> Result<()> {
    for table in TABLES.iter().filter(|table| !left_out.contains(table)) {
        let columns = Columns::of(from, table)?;
        let there = Columns::of(to, table)?.column_order(columns.names())?;
        let mut filling = TableWriter::new(to, table, &there);
        each_row(from, table, &columns, |row| filling.push(row))?;
        filling.flush()?;
    }
    Ok(())
}

/// How many rows a table has, and a sum of their SHA-256 in which their order does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableChecksum {
    pub rows: u64,
    parts: [u64; 4],
}

impl TableChecksum {
    /// Counts one row in.
    pub fn add(&mut self, columns: &Columns, row: &Row) {
        // By name, because two databases may order columns differently.
        let named: BTreeMap<&String, &Option<String>> = columns.names.iter().zip(row).collect();
        let hash = Sha256::digest(serde_json::to_vec(&named).unwrap_or_default());
        for (part, bytes) in self.parts.iter_mut().zip(hash.as_chunks::<8>().0) {
            *part = part.wrapping_add(u64::from_le_bytes(*bytes));
        }
        self.rows += 1;
    }

    /// In hexadecimal.
    #[must_use]
    pub fn checksum(&self) -> String {
        hex::encode(self.parts.map(u64::to_be_bytes).concat())
    }

    /// # Errors
    /// The database's.
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
