//! Operating the server: status, metrics, housekeeping, crash recovery, database copies.

pub mod copy_database;
pub mod crash_recovery;
pub mod housekeeping;
pub mod prometheus;
pub mod status;
