//! Copies of a migrated MariaDB, which take a fraction of the time of the migrations. These run in tests of their own.

use std::sync::OnceLock;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::{MysqlConnection, sql_query};
use nexus_media::db::Db;

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Created {
    #[diesel(sql_type = Text, column_name = "Create Table")]
    statement: String,
}

/// Makes a migrated database and returns its URL.
pub fn database() -> String {
    static COPY: OnceLock<String> = OnceLock::new();
    let copy = COPY.get_or_init(|| {
        let url = crate::mariadb::database();
        drop(Db::open(&url).unwrap());
        statements(&url)
    });
    let url = crate::mariadb::database();
    MysqlConnection::establish(&url).unwrap().batch_execute(copy).unwrap();
    url
}

/// The statements that make a copy of a database with its rows.
fn statements(url: &str) -> String {
    let template = url.rsplit('/').next().unwrap();
    let mut conn = MysqlConnection::establish(url).unwrap();
    let tables: Vec<Table> = sql_query(
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()",
    )
    .load(&mut conn)
    .unwrap();
    // Tables refer to others that come later.
    let mut copy = String::from("SET FOREIGN_KEY_CHECKS = 0;");
    for Table { name } in &tables {
        let created: Created =
            sql_query(format!("SHOW CREATE TABLE `{name}`")).get_result(&mut conn).unwrap();
        let rows = format!("INSERT INTO `{name}` SELECT * FROM `{template}`.`{name}`");
        copy.extend([created.statement.as_str(), ";", rows.as_str(), ";"]);
    }
    copy
}
