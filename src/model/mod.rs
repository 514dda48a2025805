//! Rows, ids, text enums and validated values.

pub mod account_fields;
pub mod actor;
pub mod audit;
pub mod authority;
pub mod cursor;
pub mod directory;
pub mod finding;
pub mod id;
pub mod item;
pub mod item_details;
pub mod item_filter;
pub mod session;
pub mod shelf;
pub mod shelf_count;
mod text_enum;
pub mod time;
pub mod track;
pub mod upload;
pub mod user;
pub mod users_file;
pub mod wall_clock;

pub use self::time::{Time, now};
pub use account_fields::{Email, Password, PersonName, Username};
pub use audit::{AuditRow, Event};
pub use cursor::Cursor;
pub use directory::Directory;
pub use id::{DirectoryId, FindingId, ItemId, ReportId, UploadId, UserId};
pub use item::{Item, PreviewState, ScanStatus};
pub use item_details::ItemDetails;
pub use session::{Scope, Session, SessionKind, SessionStatus};
pub use shelf::{Shelf, Sort};
pub use shelf_count::ShelfCount;
pub use track::Track;
pub use upload::Upload;
pub use user::{AccessLevel, Origin, Status, Theme, User};
pub use wall_clock::{WallClock, YearMonth};
