//! Output: results on standard output, messages on standard error.

use std::io::{BufRead, ErrorKind, Write};

use serde_json::Value;

use crate::error::Result;

/// Prints a result on standard output. A reader that closes the pipe early is not an error.
pub fn print_result(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(cause) if cause.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Prints a result as JSON or as text.
pub fn print_result_as(is_json: bool, value: &Value, words: &str) -> Result<()> {
    if is_json { print_result(&value.to_string()) } else { print_result(words) }
}

/// Prints a message on standard error; a failure is ignored.
pub fn print_message(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Asks a question and returns whether the answer is `expected`.
pub fn confirm_by_typing(question: &str, expected: &str) -> Result<bool> {
    print_message(question);
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    Ok(typed.trim() == expected)
}

/// Formats rows as aligned columns.
#[must_use]
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<_> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
