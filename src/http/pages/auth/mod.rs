//! Pages before log-in: log-in, registration, recovery, first run.

pub mod first_run;
pub mod login;
pub mod recover;
pub mod register;
