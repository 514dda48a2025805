//! The database: SQLite or MySQL/MariaDB, chosen once from the URL and then forgotten.

mod connection;
mod migrations;
mod pool;
pub mod schema;
pub mod table_rows;

pub use connection::{Conn, file_of};
pub use migrations::newest as newest_schema;
pub use pool::{Db, blocking, one_row};
