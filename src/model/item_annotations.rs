//! What the owner or a file beside it says about an item, beside what its own file says.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{ItemId, UserId};
use crate::db::schema::item_annotations;
use crate::media::{Metadata, TakenAt};

/// A row of `item_annotations`. Both texts are JSON.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = item_annotations)]
#[diesel(treat_none_as_default_value = false)]
pub struct AnnotationsRow {
    pub item_id: ItemId,
    pub user_id: UserId,
    pub edits: Option<String>,
    pub sidecar: Option<String>,
}

/// Edits of the owner. `None` leaves what the file says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemEdits {
    pub taken: Option<TakenAt>,
    /// An empty text hides that of the file.
    pub caption: Option<String>,
    pub keywords: Option<Vec<String>>,
    pub position: Option<EditedPosition>,
}

/// A position that the owner has set or removed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EditedPosition {
    Cleared,
    /// Degrees; north and east are positive.
    At(f64, f64),
}

/// What a file beside the item says, for example one of Google Takeout.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sidecar {
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Albums that the item was in.
    pub albums: Vec<String>,
}

impl std::ops::Deref for Sidecar {
    type Target = Metadata;

    fn deref(&self) -> &Metadata {
        &self.metadata
    }
}

/// The annotations of an item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotations {
    pub edits: ItemEdits,
    pub sidecar: Option<Sidecar>,
}

impl Annotations {
    /// Parses a row; unreadable parts are empty.
    #[must_use]
    pub fn from_row(row: &AnnotationsRow) -> Self {
        let edits = row.edits.as_deref().and_then(|text| serde_json::from_str(text).ok());
        Self {
            edits: edits.unwrap_or_default(),
            sidecar: row.sidecar.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        }
    }

    /// The row of an item.
    #[must_use]
    pub fn to_row(&self, user_id: UserId, item_id: ItemId) -> AnnotationsRow {
        let edits = (self.edits != ItemEdits::default())
            .then(|| serde_json::to_string(&self.edits).unwrap_or_default());
        let sidecar = self.sidecar.as_ref();
        let sidecar = sidecar.map(|sidecar| serde_json::to_string(sidecar).unwrap_or_default());
        AnnotationsRow { item_id, user_id, edits, sidecar }
    }

    /// The metadata of a file, with what the annotations add and replace. The time is decided elsewhere.
    #[must_use]
    pub fn apply(&self, mut metadata: Metadata) -> Metadata {
        if let Some(sidecar) = &self.sidecar {
            let own_time = metadata.taken;
            let mut merged = sidecar.metadata.clone();
            merged.merge_missing(metadata);
            metadata = Metadata { taken: own_time, ..merged };
        }

        let edits = &self.edits;
        if let Some(caption) = &edits.caption {
            metadata.caption = Some(caption.clone()).filter(|caption| !caption.is_empty());
        }
        if let Some(keywords) = &edits.keywords {
            metadata.keywords.clone_from(keywords);
        }
        match edits.position {
            Some(EditedPosition::At(north, east)) => {
                (metadata.latitude, metadata.longitude) = (Some(north), Some(east));
            }
            Some(EditedPosition::Cleared) => {
                (metadata.latitude, metadata.longitude, metadata.place) = (None, None, None);
            }
            None => {}
        }
        metadata
    }
}
