//! Builds the server and runs its background tasks.

mod application;
mod background_tasks;

pub use application::Application;
