//! Upload pages: the form, its results and unfinished uploads.

pub mod form;
pub mod unfinished;
