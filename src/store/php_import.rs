//! The three tables of the PHP original, in a database that is only read.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::db::Conn;

/// A row of its `users`. Columns that a version does not have are `None`.
#[derive(Debug, Clone, QueryableByName)]
pub struct PhpUser {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Nullable<Text>)]
    pub firstname: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub lastname: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub username: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub email: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub password: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub contact_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub access_level: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub status: Option<String>,
    /// In the database's notation: `2024-02-29 12:34:56`.
    #[diesel(sql_type = Nullable<Text>)]
    pub created_at: Option<String>,
    /// The name of the user folder, in versions that stored it here.
    #[diesel(sql_type = Nullable<Text>)]
    pub directory: Option<String>,
}

/// A row of its `user_directories`.
#[derive(Debug, Clone, QueryableByName)]
pub struct PhpDirectory {
    #[diesel(sql_type = BigInt)]
    pub user_id: i64,
    #[diesel(sql_type = Nullable<Text>)]
    pub directory_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub directory_path: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub date_added: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub last_modified: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub last_accessed: Option<String>,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Lists the columns of a table; empty if the table does not exist.
pub fn list_columns(conn: &mut Conn, table: &str) -> QueryResult<Vec<String>> {
    let columns: Vec<Name> = sql_query(
        "SELECT CAST(column_name AS CHAR) AS name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?",
    )
    .bind::<Text, _>(table)
    .load(conn)?;
    Ok(columns.into_iter().map(|row| row.name.to_lowercase()).collect())
}

/// Builds a query for the column `key` as a number and the columns `texts` as text, with NULL for those that the table
/// does not have. `table` must consist of letters, digits and underscores.
fn select(table: &str, key: &str, texts: &[&str], existing_columns: &[String]) -> String {
    let texts = texts.iter().map(|column| {
        let value = if existing_columns.iter().any(|name| name == column) {
            format!("CAST(`{column}` AS CHAR)")
        } else {
            "NULL".to_owned()
        };
        format!("{value} AS `{column}`")
    });
    let texts: Vec<_> = texts.collect();
    format!(
        "SELECT CAST(`{key}` AS SIGNED) AS `{key}`, {} FROM `{table}` ORDER BY `{key}`",
        texts.join(", ")
    )
}

/// Lists all users of the PHP application whose data is imported, ordered by id. Columns that its table does not have
/// are NULL.
pub fn list_users(
    conn: &mut Conn,
    table: &str,
    existing_columns: &[String],
) -> QueryResult<Vec<PhpUser>> {
    let texts = [
        "firstname",
        "lastname",
        "username",
        "email",
        "password",
        "contact_number",
        "address",
        "access_level",
        "status",
        "created_at",
        "directory",
    ];
    sql_query(select(table, "id", &texts, existing_columns)).load(conn)
}

/// Lists the directories of all users.
pub fn list_directories(
    conn: &mut Conn,
    table: &str,
    has: &[String],
) -> QueryResult<Vec<PhpDirectory>> {
    let texts =
        ["directory_name", "directory_path", "date_added", "last_modified", "last_accessed"];
    sql_query(select(table, "user_id", &texts, has)).load(conn)
}

/// Counts the rows of a table.
pub fn count(conn: &mut Conn, table: &str) -> QueryResult<i64> {
    let count: Count =
        sql_query(format!("SELECT COUNT(*) AS count FROM `{table}`")).get_result(conn)?;
    Ok(count.count)
}
