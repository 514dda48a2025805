//! What others have done to people's folders, by rsync, SMB or hand, taken as it is: new files are taken in, moved and
//! renamed ones recognised by their bytes, changed ones looked at anew, vanished ones marked. Nobody's file is deleted.

mod files;
mod look;
mod walk;

pub use look::Noticed;
pub use walk::{look_at, scan};
