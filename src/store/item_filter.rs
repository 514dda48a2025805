//! What a list is asked for.

use crate::model::item::ItemKind;
use crate::model::{DirectoryId, ItemId, Shelf, WallClock};

/// Which of a person's items a list shows: those that fit all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFilter {
    pub shelf: Shelf,
    pub directory: Option<DirectoryId>,
    pub kind: Option<ItemKind>,
    /// What they are to be found by, each as the beginning of a word; `Some` of none finds nothing.
    pub words: Option<Vec<String>>,
    /// Hexadecimal.
    pub sha256: Option<String>,
    /// Nothing behind this one: how far one search walks.
    pub floor: Option<(WallClock, ItemId)>,
}

impl ItemFilter {
    #[must_use]
    pub const fn shelf(shelf: Shelf) -> Self {
        Self { shelf, directory: None, kind: None, words: None, sha256: None, floor: None }
    }

    #[must_use]
    pub fn directory(id: DirectoryId) -> Self {
        Self { directory: Some(id), ..Self::shelf(Shelf::All) }
    }
}

/// Words that begin with the first and come before the second.
pub type Range = (String, String);

/// The words that begin with `word`.
#[must_use]
pub fn prefix_range(word: &str) -> Range {
    (word.to_owned(), format!("{word}\u{10ffff}"))
}
