//! The server as a whole.

mod application;
mod keepers;

pub use application::Application;
