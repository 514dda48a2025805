//! Ways to authenticate: log-in and API tokens.

pub mod account_recovery;
pub mod api_tokens;
pub mod login;
