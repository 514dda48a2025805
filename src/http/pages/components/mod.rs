//! Parts that several pages share.

pub mod format;
pub mod tile;
pub mod track_row;
