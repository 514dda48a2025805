//! The database: SQLite or MySQL/MariaDB, chosen once from the URL and then forgotten.

mod connection;
mod migrations;
mod pool;
pub mod schema;

pub use connection::Conn;
pub use pool::{Db, blocking, one_row};
