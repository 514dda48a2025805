//! Parts that several pages share. Pages import this module as `v` (view), so that templates can call its functions.

pub(crate) mod comments;
pub mod cover;
pub mod end_date;
pub mod field;
pub mod format;
pub mod tile;
pub mod track_row;

use crate::model::{Directory, Status};

pub use crate::language::{direction, language, languages, script_texts, t, tf};
use crate::{fill, msg};
pub use field::{Icon, icon};
pub use format::{Size, When, count_of, duration, kind_icon, size, when};

/// The name of a folder: that of a standard one in the current language.
pub fn folder_label(directory: &Directory) -> std::borrow::Cow<'_, str> {
    if directory.is_standard() { t(directory.label()) } else { directory.label().into() }
}

/// The name of a device as `client_info` has made it, in the current language.
pub fn device_label(name: &str) -> String {
    match name.split_once(" on ") {
        Some((browser, system)) => {
            fill!("{browser} on {system}", browser = browser, system = system)
        }
        None => t(name).into_owned(),
    }
}

/// Why a file has no preview, as far as it is one of the usual reasons; what libraries report stays English.
pub fn preview_failure(reason: &str) -> std::borrow::Cow<'_, str> {
    const USUAL: [&str; 8] = [
        msg!("took too long"),
        msg!("it was tried too often"),
        msg!("too large to be decoded"),
        msg!("exceeded its timeout or memory limit"),
        msg!("made a forbidden system call and was killed"),
        msg!("the decoder panicked"),
        msg!("the image is too large or of an unsupported kind"),
        msg!("this kind of pixels is not supported"),
    ];
    if USUAL.contains(&reason) { t(reason) } else { reason.into() }
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
