//! Rows of items for tests and benches that need many.

use nexus_media::model::item::{ItemKind, NewItem};
use nexus_media::model::{
    DirectoryId, ItemId, Placement, PreviewState, ScanStatus, UserId, WallClock, now,
};

/// An item of that kind with a unique hash made from `number`.
pub fn item(
    owner: UserId,
    directory: DirectoryId,
    kind: ItemKind,
    number: u32,
    name: String,
) -> NewItem {
    NewItem {
        id: ItemId::new(),
        user_id: owner,
        directory_id: directory,
        name_key: name.clone(),
        disk_name: name.clone(),
        name,
        kind,
        shelf: kind.shelf(),
        mime: "application/octet-stream".into(),
        size: 5_000_000,
        sha256: format!("{number:064}"),
        favorite: false,
        is_missing: false,
        placement: Placement::Library,
        shown_at: WallClock(i64::from(number) * 480_000),
        taken_offset: None,
        taken_source: nexus_media::model::TakenSource::Upload,
        taken_precision: nexus_media::model::TakenPrecision::Second,
        file_modified: None,
        preview: PreviewState::None,
        recent_at: now(),
        scan: ScanStatus::Skipped,
        created_at: now(),
        updated_at: now(),
    }
}
