//! Metadata read from an item's file, stored as JSON. It is shown and searched, never trusted.

use serde::{Deserialize, Serialize};

use crate::media::Metadata;

/// A row of `media_details`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemDetails {
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Why there is no preview.
    #[serde(rename = "trouble", skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl ItemDetails {
    /// Parses the column; an unreadable value yields no details.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
