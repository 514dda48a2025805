//! First starts on MariaDB that are killed between any two statements of the migrations, and two starts at once.

use std::process::{Command, Output};

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::{MysqlConnection, sql_query};

use crate::support::is_long;

/// Brings the schema up to date, with a kill at the failpoint of that number.
fn migrate(url: &str, kill_at: Option<usize>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nexus-media"));
    command.args(["migrate", "run"]).current_dir(folder.path()).env_clear();
    command.env("DATABASE_URL", url);
    if let Some(number) = kill_at {
        command.env("FAULT_AFTER", number.to_string());
    }
    command.output().unwrap()
}

#[derive(QueryableByName)]
struct SchemaLine {
    #[diesel(sql_type = Text)]
    line: String,
}

/// All columns and indexes of the database, and the recorded migrations.
fn schema(url: &str) -> Vec<String> {
    let mut conn = MysqlConnection::establish(url).unwrap();
    let queries = [
        "SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, \
         IFNULL(column_default, '')) AS line FROM information_schema.columns \
         WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position",
        "SELECT CONCAT_WS(' ', table_name, index_name, seq_in_index, column_name, non_unique) AS line \
         FROM information_schema.statistics WHERE table_schema = DATABASE() \
         ORDER BY table_name, index_name, seq_in_index",
        "SELECT version AS line FROM __diesel_schema_migrations ORDER BY version",
    ];
    let lines = |query: &str| -> Vec<SchemaLine> { sql_query(query).load(&mut conn).unwrap() };
    queries.map(lines).into_iter().flatten().map(|row| row.line).collect()
}

#[test]
fn a_first_start_that_is_killed_at_any_statement_can_be_repeated() {
    let whole = crate::mariadb::database();
    assert!(migrate(&whole, None).status.success());
    let expected = schema(&whole);
    assert!(expected.len() > 150, "{}", expected.len());

    let step = if is_long() { 1 } else { 13 };
    let mut tried = 0;
    for number in (1..).step_by(step) {
        let url = crate::mariadb::database();
        let ended = migrate(&url, Some(number));
        // Without an exit code, it was killed.
        if let Some(code) = ended.status.code() {
            assert_eq!(code, 0, "{}", String::from_utf8_lossy(&ended.stderr));
            assert!(number > 150, "only {number} points were passed");
            break;
        }
        let again = migrate(&url, None);
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(again.status.success(), "killed at {number}: {said}");
        assert_eq!(schema(&url), expected, "killed at {number}");
        tried += 1;
    }
    println!("kill -9 during migrations, MariaDB: {tried} points");
}

#[test]
fn two_first_starts_at_once_do_not_disturb_each_other() {
    for _ in 0..3 {
        let url = crate::mariadb::database();
        let outputs = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..3).map(|_| scope.spawn(|| migrate(&url, None))).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect::<Vec<_>>()
        });
        for output in outputs {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
        }
        assert!(String::from_utf8_lossy(&migrate(&url, None).stdout).contains("up to date"));
    }
}
