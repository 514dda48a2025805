//! Ranges of words for prefix searches.

/// A range of words: from the first, inclusive, to the second, exclusive.
pub type Range = (String, String);

/// Returns the range of words that start with `word`.
#[must_use]
pub fn prefix_range(word: &str) -> Range {
    (word.to_owned(), format!("{word}\u{10ffff}"))
}
