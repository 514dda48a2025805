//! Upload pages.

pub mod form;
pub mod unfinished;
