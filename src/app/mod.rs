//! Builds the server and runs its background tasks.

mod application;
mod background_tasks;
mod memory;

pub use application::Application;
