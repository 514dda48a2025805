//! Media items: the files that users keep.

use diesel::prelude::*;

use super::sidecar_name;
use super::text_enum::text_enum;
use super::{
    DirectoryId, ItemId, Placement, Shelf, TakenPrecision, TakenSource, Time, UserId, WallClock,
};
use crate::db::schema::media_items;
use crate::media::PreviewRenderer;
use crate::media::kind::Kind;

/// [`Kind`] as text.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
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
    /// The shelf that shows items of this kind.
    #[must_use]
    pub const fn shelf(self) -> Shelf {
        match self {
            Self::Photo => Shelf::Photos,
            Self::Video => Shelf::Videos,
            Self::Audio => Shelf::Audios,
            Self::Document | Self::Other => Shelf::Uploads,
        }
    }

    /// The standard directory for items of this kind.
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

/// The result of the malware scan: `Skipped` without a scanner, `Unscannable` for files it does not accept.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum ScanStatus {
    Pending,
    Skipped,
    Clean,
    Unscannable,
}
text_enum!(ScanStatus { Pending = "pending", Skipped = "skipped", Clean = "clean", Unscannable = "unscannable" });

/// Whether an item has a preview.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum PreviewState {
    /// There is none, and none was expected.
    None,
    /// It has not been made yet.
    Waiting,
    Ready,
    /// It could not be made; the item's details say why.
    Failed,
}
text_enum!(PreviewState { None = "none", Waiting = "waiting", Ready = "ready", Failed = "failed" });

impl PreviewState {
    /// The state for a new file of this media type.
    #[must_use]
    pub fn initial(mime: &str) -> Self {
        if PreviewRenderer::can_render(mime) { Self::Waiting } else { Self::None }
    }
}

/// A row of `media_items`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = media_items)]
pub struct Item {
    pub id: ItemId,
    pub user_id: UserId,
    /// The current directory; the Trash while the item is in the trash.
    pub directory_id: DirectoryId,
    pub name: String,
    /// The key by which names are sorted; see `sort_key`.
    pub name_key: String,
    /// The name on disk. It differs from `name` only in the trash.
    pub disk_name: String,
    pub kind: ItemKind,
    pub shelf: Shelf,
    pub mime: String,
    /// Size in bytes.
    pub size: i64,
    /// Hexadecimal.
    pub sha256: String,
    pub favorite: bool,
    /// The file was missing, or had another size, when it was last opened.
    pub is_missing: bool,
    /// A check found that the content has changed. The file is not served until it is repaired or accepted.
    pub is_damaged: bool,
    pub placement: Placement,
    pub trashed_at: Option<Time>,
    /// Path of the directory that it was trashed from.
    pub trashed_from: Option<String>,
    /// When the photo was taken, by the local clock; otherwise when it was uploaded, in the owner's time zone.
    pub shown_at: WallClock,
    /// Minutes by which that clock was ahead of UTC, if known.
    pub taken_offset: Option<i16>,
    /// Where `shown_at` comes from.
    pub taken_source: TakenSource,
    pub taken_precision: TakenPrecision,
    /// The sender's date of the file: milliseconds since 1970 in UTC.
    pub file_modified: Option<i64>,
    /// Of a moving photo: where the video begins in the file, and its length.
    pub motion_start: Option<i64>,
    pub motion_bytes: Option<i64>,
    /// What a photo and a video have in common that were taken together.
    pub content_id: Option<String>,
    /// Of a photo: the video that was taken with it.
    pub motion_item: Option<ItemId>,
    pub preview: PreviewState,
    /// A thumbhash in base64, shown until the preview has loaded.
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
    #[must_use]
    pub fn is_in_trash(&self) -> bool {
        self.placement == Placement::Trash
    }

    /// Whether a visitor of a share link has sent it, and its owner has not accepted it yet.
    #[must_use]
    pub fn is_received(&self) -> bool {
        self.placement == Placement::Received
    }

    /// Whether it can be a file that describes others.
    #[must_use]
    pub fn is_sidecar(&self) -> bool {
        self.kind == ItemKind::Document && sidecar_name::is_sidecar(&self.name)
    }

    /// Offset and length of the video of a moving photo, if they lie within the file.
    #[must_use]
    pub fn motion(&self) -> Option<(u64, u64)> {
        let start = u64::try_from(self.motion_start?).ok()?;
        let length = u64::try_from(self.motion_bytes?).ok()?;
        (start.checked_add(length)? <= self.bytes()).then_some((start, length))
    }

    /// Size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.size).unwrap_or(0)
    }
}

/// A row to be inserted.
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
    pub placement: Placement,
    pub shown_at: WallClock,
    pub taken_offset: Option<i16>,
    pub taken_source: TakenSource,
    pub taken_precision: TakenPrecision,
    pub file_modified: Option<i64>,
    pub preview: PreviewState,
    pub recent_at: Time,
    pub scan: ScanStatus,
    pub created_at: Time,
    pub updated_at: Time,
}
