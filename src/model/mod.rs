//! The nouns of the house: rows, keys, and values that can only be made by `parse`.

pub mod audit;
pub mod clock;
mod column;
pub mod count;
pub mod cursor;
pub mod details;
pub mod directory;
pub mod finding;
pub mod id;
pub mod item;
pub mod listed;
pub mod person;
pub mod session;
pub mod shelf;
pub mod time;
pub mod track;
pub mod upload;
pub mod user;

pub use self::time::{Time, now};
pub use audit::{AuditRow, Event};
pub use clock::{WallClock, YearMonth};
pub use count::ShelfCount;
pub use cursor::Cursor;
pub use details::Details;
pub use directory::Directory;
pub use id::{DirectoryId, FindingId, ItemId, ReportId, UploadId, UserId};
pub use item::{Item, PreviewState, Scan};
pub use person::{Email, Password, PersonName, Username};
pub use session::{Scope, Session, SessionKind, SessionStatus};
pub use shelf::{Shelf, Sort};
pub use track::Track;
pub use upload::Upload;
pub use user::{AccessLevel, Origin, Status, Theme, User};
