//! A media item: one file a person keeps.

use diesel::prelude::*;

use super::text_enum::text_enum;
use super::{DirectoryId, ItemId, Shelf, Time, UserId, WallClock};
use crate::db::schema::media_items;
use crate::media::PreviewRenderer;
use crate::media::sniff::Kind;

/// Keeps [`Kind`] as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum ItemKind {
    Other,
    Photo,
    Video,
    Audio,
    Document,
}
text_enum!(ItemKind { Other = "other", Photo = "photo", Video = "video", Audio = "audio", Document = "document" });

impl From<Kind> for ItemKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Photo => Self::Photo,
            Kind::Video => Self::Video,
            Kind::Audio => Self::Audio,
            Kind::Document => Self::Document,
            Kind::Other => Self::Other,
        }
    }
}

impl ItemKind {
    /// The shelf that shows it.
    #[must_use]
    pub const fn shelf(self) -> Shelf {
        match self {
            Self::Photo => Shelf::Photos,
            Self::Video => Shelf::Videos,
            Self::Audio => Shelf::Audios,
            Self::Document | Self::Other => Shelf::Uploads,
        }
    }

    /// The standard folder for it.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Photo => "Photos",
            Self::Video => "Videos",
            Self::Audio => "Audios",
            Self::Document | Self::Other => "Uploads",
        }
    }
}

/// What the malware scanner said; `Skipped` where none was set up, `Unscannable` for what it does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum ScanStatus {
    Pending,
    Skipped,
    Clean,
    Unscannable,
}
text_enum!(ScanStatus { Pending = "pending", Skipped = "skipped", Clean = "clean", Unscannable = "unscannable" });

/// Whether there is a small picture of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum PreviewState {
    /// There is none, and none was to be expected.
    None,
    /// It is to be made.
    Waiting,
    Ready,
    /// It could not be made; the details say why.
    Failed,
}
text_enum!(PreviewState { None = "none", Waiting = "waiting", Ready = "ready", Failed = "failed" });

impl PreviewState {
    /// Of a file of that media type that has just come.
    #[must_use]
    pub fn initial(mime: &str) -> Self {
        if PreviewRenderer::can_render(mime) { Self::Waiting } else { Self::None }
    }
}

/// One row of `media_items`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = media_items)]
pub struct Item {
    pub id: ItemId,
    pub user_id: UserId,
    /// Where the file lies now: the Trash's while it is in the trash.
    pub directory_id: DirectoryId,
    pub name: String,
    /// The name in lower case, for sorting and searching.
    pub name_key: String,
    /// What it is called on disk: differs from `name` only in the trash.
    pub disk_name: String,
    pub kind: ItemKind,
    pub shelf: Shelf,
    pub mime: String,
    /// Bytes.
    pub size: i64,
    /// Hexadecimal.
    pub sha256: String,
    pub favorite: bool,
    /// The file was not where it should be, or not as long, when it was last opened.
    pub is_missing: bool,
    /// A check found other bytes in it; it stays closed until they are right or taken as they are.
    pub is_damaged: bool,
    pub in_trash: bool,
    pub trashed_at: Option<Time>,
    /// Path of the directory it was trashed from.
    pub trashed_from: Option<String>,
    /// When the picture was taken, by the clock there; the time of the upload (UTC) where nobody knows.
    pub shown_at: WallClock,
    /// Minutes that clock was ahead of UTC, where it is known.
    pub taken_offset: Option<i16>,
    pub preview: PreviewState,
    /// A thumbhash in base64: what to show until the preview has come.
    pub placeholder: Option<String>,
    /// When it was added or last opened.
    pub recent_at: Time,
    pub width: Option<i32>,
    pub height: Option<i32>,
    pub duration_ms: Option<i64>,
    pub scan: ScanStatus,
    pub created_at: Time,
    pub updated_at: Time,
}

impl Item {
    /// Bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.size).unwrap_or(0)
    }
}

/// A row about to be made.
#[derive(Insertable, Clone)]
#[diesel(table_name = media_items)]
#[diesel(treat_none_as_default_value = false)]
pub struct NewItem {
    pub id: ItemId,
    pub user_id: UserId,
    pub directory_id: DirectoryId,
    pub name: String,
    pub name_key: String,
    pub disk_name: String,
    pub kind: ItemKind,
    pub shelf: Shelf,
    pub mime: String,
    pub size: i64,
    pub sha256: String,
    pub favorite: bool,
    pub is_missing: bool,
    pub in_trash: bool,
    pub shown_at: WallClock,
    pub preview: PreviewState,
    pub recent_at: Time,
    pub scan: ScanStatus,
    pub created_at: Time,
    pub updated_at: Time,
}
