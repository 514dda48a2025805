//! Ways to authenticate: login and API tokens.

pub mod account_recovery;
pub mod api_tokens;
pub mod login;
