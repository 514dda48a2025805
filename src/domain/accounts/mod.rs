//! User accounts: creation, registration, administration, profile, users file.

pub mod admin;
pub mod create;
pub mod first_run;
pub mod profile;
pub mod register;
pub mod remove;
pub mod spaces;
pub mod status_changes;
pub mod users_file;
