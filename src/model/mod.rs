//! Rows, ids, text enums and validated values.

pub mod account_fields;
pub mod actor;
pub mod album;
pub mod area;
pub mod audit;
pub mod authority;
pub mod city;
pub mod cursor;
pub mod directory;
pub mod file_name_date;
pub mod finding;
pub mod grant;
pub mod group;
pub mod id;
pub mod item;
pub mod item_annotations;
pub mod item_details;
pub mod item_filter;
pub mod item_place;
pub mod known_device;
pub mod notification;
pub mod password_hash;
pub mod session;
pub mod shelf;
pub mod shelf_count;
pub mod sidecar_name;
pub mod taken;
mod text_enum;
pub mod time;
pub mod time_zone;
pub mod track;
pub mod upload;
pub mod user;
pub mod users_file;
pub mod wall_clock;

pub use self::time::{Time, now};
pub use account_fields::{Email, Password, PersonName, Username};
pub use album::{Album, AlbumItem, AlbumKind, AlbumSort};
pub use area::Area;
pub use audit::{AuditRow, Event};
pub use city::City;
pub use cursor::Cursor;
pub use directory::Directory;
pub use grant::{Gives, Grant, GrantMark, Grantee, Level, Subject};
pub use group::{Group, GroupMember};
pub use id::{
    AlbumId, DirectoryId, FindingId, GrantId, GroupId, ItemId, NotificationId, ReportId, UploadId,
    UserId,
};
pub use item::{Item, PreviewState, ScanStatus};
pub use item_details::ItemDetails;
pub use item_place::ItemPlace;
pub use notification::{Notification, NotificationKind};
pub use session::{Scope, Session, SessionKind, SessionStatus};
pub use shelf::{Shelf, Sort};
pub use shelf_count::ShelfCount;
pub use taken::{TakenPrecision, TakenSource};
pub use time_zone::TimeZone;
pub use track::{SongKey, SongSort, Track};
pub use upload::Upload;
pub use user::{AccessLevel, Origin, Status, Theme, User};
pub use wall_clock::{WallClock, YearMonth};
