//! Admin pages.

pub mod audit;
pub mod findings;
pub mod links;
pub mod new_user;
pub mod spaces;
pub mod status;
pub mod storage;
pub mod user;
pub mod users;
