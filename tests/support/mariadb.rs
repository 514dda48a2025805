//! The private MariaDB of a test run.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// Its URL without a database. It ends when its standard input does: with this process.
pub fn url() -> &'static str {
    static SERVER: OnceLock<(Mutex<Child>, String)> = OnceLock::new();
    let (_, url) = SERVER.get_or_init(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/mariadb.sh");
        let mut child = Command::new(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tests/support/mariadb.sh");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(
            line.starts_with("mysql://"),
            "MariaDB did not start: apt-get install mariadb-server"
        );
        (Mutex::new(child), line.trim().to_owned())
    });
    url
}

/// Makes a database of its own and returns its URL.
pub fn database() -> String {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, MysqlConnection};
    let name = format!("t{}", uuid::Uuid::now_v7().simple());
    let mut conn = MysqlConnection::establish(&format!("{}/mysql", url())).unwrap();
    conn.batch_execute(&format!(
        "CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    ))
    .unwrap();
    format!("{}/{name}", url())
}
