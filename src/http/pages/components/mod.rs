//! Parts that several pages share. Pages import this module as `v` (view), so that templates can call its functions.

pub mod cover;
pub mod field;
pub mod format;
pub mod tile;
pub mod track_row;

pub use field::{Icon, icon};
pub use format::{Size, When, count_of, duration, kind_icon, size, when};
