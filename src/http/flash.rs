//! A message for the next page, carried in the session cookie.

use serde::{Deserialize, Serialize};

use super::session_cookie::SessionCookie;
use crate::error::Result;

const FLASH_KEY: &str = "flash";

/// Longest message in characters.
const MAX_FLASH_CHARS: usize = 280;

/// A message for the next page.
#[derive(Serialize, Deserialize, Clone, Default)]
pub struct Flash {
    pub text: String,
    /// Items that were just trashed and can be restored.
    #[serde(default)]
    pub undo: Vec<String>,
    /// A one-time code or token that is shown once.
    #[serde(default)]
    pub code: Option<String>,
    /// A rejected field and its value.
    #[serde(default)]
    pub kept: Option<(String, String)>,
}

impl SessionCookie {
    /// Stores a message for the next page.
    pub fn set_flash(&self, flash: &Flash) -> Result<()> {
        // A cookie holds at most 4096 bytes.
        let text = if flash.text.chars().count() > MAX_FLASH_CHARS {
            flash.text.chars().take(MAX_FLASH_CHARS).chain(['…']).collect()
        } else {
            flash.text.clone()
        };
        self.insert(FLASH_KEY, &Flash { text, ..flash.clone() })
    }

    /// Removes and returns the message.
    #[must_use]
    pub fn take_flash(&self) -> Option<Flash> {
        self.remove(FLASH_KEY)
    }
}
