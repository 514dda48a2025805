//! Stores received files as items.

mod plan;
mod store;

pub(crate) use plan::already_decided_error;
pub use store::{store, store_all};
