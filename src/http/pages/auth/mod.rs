//! Pages that need no session: login, registration, recovery and first run.

pub mod first_run;
pub mod login;
pub mod recover;
pub mod register;
