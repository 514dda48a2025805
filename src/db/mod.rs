//! Database access: SQLite or MySQL/MariaDB, chosen by the URL. No other module distinguishes the two.

mod connection;
mod hang_watch;
mod migrations;
mod pool;
pub mod schema;
pub mod sharing_schema;
mod stepwise_migrations;
pub mod table_rows;

pub use connection::{Conn, database_file};
pub use migrations::newest_version as newest_schema;
pub use pool::{Db, ensure_one_row};
