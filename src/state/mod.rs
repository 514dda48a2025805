//! In-memory state of the process: caches, queues, locks, limits, and [`Services`], which owns them.

pub mod ingest_queue;
pub mod jwt;
pub mod last_backup_error;
pub mod last_seen;
pub mod library_cache;
pub mod link_tokens;
pub mod login_throttle;
pub mod malware_scanner;
pub mod metrics;
pub mod open_file_cache;
pub mod password_algorithms;
pub mod password_hasher;
pub mod preview_queue;
pub mod quota_holds;
pub mod rate_limiter;
pub mod readiness_cache;
pub mod refused_logins;
pub mod services;
pub mod session_cache;
pub mod upload_locks;
pub mod user_slots;
pub mod users_file;
pub mod versioned_cache;

pub use services::Services;
