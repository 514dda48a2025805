//! The server as a whole.

mod application;
mod background_tasks;

pub use application::Application;
