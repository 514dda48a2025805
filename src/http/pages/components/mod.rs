//! Parts that several pages share. Pages import this module as `v` (view), so that templates can call its functions.

pub mod cover;
pub mod field;
pub mod format;
pub mod tile;
pub mod track_row;

use crate::model::{Directory, Status};

pub use crate::language::{direction, language, languages, script_texts, t, tf};
use crate::msg;
pub use field::{Icon, icon};
pub use format::{Size, When, count_of, duration, kind_icon, size, when};

/// The name of a folder: that of a standard one in the current language.
pub fn folder_label(directory: &Directory) -> std::borrow::Cow<'_, str> {
    if directory.is_standard() { t(directory.label()) } else { directory.label().into() }
}

/// The state of an account as a word.
pub fn status_word(status: Status) -> std::borrow::Cow<'static, str> {
    t(match status {
        Status::Pending => msg!("pending"),
        Status::Active => msg!("active"),
        Status::Suspended => msg!("suspended"),
        Status::Rejected => msg!("rejected"),
    })
}
