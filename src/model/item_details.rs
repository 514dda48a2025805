//! What was read out of an item's file, kept as one text: it is shown, searched, and never trusted.

use serde::{Deserialize, Serialize};

use crate::media::Metadata;

/// A row of `media_details`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemDetails {
    #[serde(flatten)]
    pub facts: Metadata,
    /// Why there is no preview, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl ItemDetails {
    /// As it stands in its column; nonsense there says nothing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
