//! Which items a listing shows.

use super::item::ItemKind;
use super::{Area, DirectoryId, ItemId, Shelf, UserId, WallClock, YearMonth};

/// Conditions on the items of a user; an item must match all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFilter {
    pub shelf: Shelf,
    pub directory: Option<DirectoryId>,
    pub kind: Option<ItemKind>,
    /// The year in which it was taken.
    pub year: Option<i32>,
    /// Where it was taken. A search by words does not apply it.
    pub area: Option<Area>,
    /// Prefixes of words that the item must have. `Some` of an empty list matches nothing.
    pub words: Option<Vec<String>>,
    /// Hexadecimal.
    pub sha256: Option<String>,
    /// Leaves out items that may still turn out to be older, because their files have not been read.
    pub is_dated: bool,
    /// Nothing after this position: the end of one search step.
    pub floor: Option<(WallClock, ItemId)>,
    /// Users and spaces whose items are listed too.
    pub others: Vec<UserId>,
}

impl ItemFilter {
    #[must_use]
    pub const fn shelf(shelf: Shelf) -> Self {
        Self {
            shelf,
            directory: None,
            kind: None,
            year: None,
            area: None,
            words: None,
            sha256: None,
            is_dated: false,
            floor: None,
            others: Vec::new(),
        }
    }

    #[must_use]
    pub fn directory(id: DirectoryId) -> Self {
        Self { directory: Some(id), ..Self::shelf(Shelf::All) }
    }

    /// Whether it leaves out some items of a shelf or directory, apart from words.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        self.kind.is_some() || self.year.is_some() || self.area.is_some()
    }

    /// The times of `year`, from the first one to the one after the last.
    #[must_use]
    pub fn year_range(&self) -> Option<(WallClock, WallClock)> {
        let year = self.year.filter(|year| (1..=9998).contains(year))?;
        let month = |month| YearMonth::from_number(year * 100 + month);
        Some((month(1)?.start(), month(12)?.end()))
    }
}
