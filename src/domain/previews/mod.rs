//! Previews and metadata: made in the background, requested items first.

pub mod document;
mod full_size;
mod open;
mod process;
mod record;

pub use full_size::{has_full_size, open_full_size};
pub use open::{PreviewLookup, details, is_enabled, open, open_when_ready, prioritize};
pub(crate) use process::enqueue;
pub use process::{counts, enqueue_all, list_given_up, process_next, retry, sweep};
