//! Results on standard output, talk on standard error.

use std::io::{BufRead, ErrorKind, Write};

use serde_json::Value;

use crate::error::Result;

/// A result, on standard output; who reads only its beginning has what they wanted.
///
/// # Errors
/// The system's.
pub fn print_result(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(cause) if cause.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// A result for machines or for people.
///
/// # Errors
/// The system's.
pub fn print_result_as(is_json: bool, value: &Value, words: &str) -> Result<()> {
    if is_json { print_result(&value.to_string()) } else { print_result(words) }
}

/// Talk, on standard error; nobody is there to hear that it failed.
pub fn print_message(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Asks at the terminal; whether what was typed is `expected`.
///
/// # Errors
/// The system's.
pub fn confirm_by_typing(question: &str, expected: &str) -> Result<bool> {
    print_message(question);
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    Ok(typed.trim() == expected)
}

/// Rows in columns that line up.
#[must_use]
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
