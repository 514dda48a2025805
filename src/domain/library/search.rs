//! Finding items by words: in names, tags, cameras, artists, albums, places and dates.
//!
//! Each word of an item is a row, ordered by when the item was taken, so that a search walks through the rarest word
//! from the newest item on and stops when the page is full. One search walks a bounded number of rows; when it has
//! not filled its page by then, the page is short and the next one goes on from there.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::db::Conn;
use crate::error::Result;
use crate::media::Metadata;
use crate::model::{Cursor, Item, ItemDetails, Sort, UserId};
use crate::store;
use crate::store::item_filter::{ItemFilter, prefix_range};
use crate::store::search_words::SearchPosition;

/// Words of one item, and letters of one word.
const MAX_WORDS: usize = 80;
const MAX_WORD_CHARS: usize = 40;
/// Words of one question.
const MAX_QUERY_WORDS: usize = 8;
/// Different words that one beginning may stand for before it counts as common.
const MAX_MEANINGS: usize = 24;
/// Rows of one word that are walked through for one page, all its meanings together; and items, where each word is common.
const MAX_ROWS_PER_STEP: i64 = 4_000;
const MAX_ITEMS_PER_STEP: i64 = 2_000;

/// The words of a text as they are looked for: lower case, without accents, letters and digits only. Signs of
/// scripts that put no spaces between words are words by themselves.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let folded = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    for c in folded.chain([' ']) {
        let stands_alone =
            matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}');
        if c.is_alphanumeric() && !stands_alone {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            words.push(word.chars().take(MAX_WORD_CHARS).collect());
            word.clear();
        }
        if stands_alone {
            words.push(c.to_string());
        }
    }
    words
}

/// Everything an item can be found by, each word once.
fn item_words(item: &Item, facts: &Metadata) -> Vec<String> {
    let taken = item.shown_at.month();
    let date = format!("{} {} {}", taken.year, taken.month, item.shown_at.time().date());
    let said = [&facts.title, &facts.artist, &facts.album, &facts.album_artist, &facts.genre, &facts.camera, &facts.lens];
    let place = [&facts.place, &facts.caption];
    let texts = std::iter::once(item.name.as_str())
        .chain([date.as_str(), item.kind.as_str()])
        .chain(said.into_iter().flatten().map(String::as_str))
        .chain(facts.keywords.iter().map(String::as_str))
        .chain(place.into_iter().flatten().map(String::as_str));
    let mut all: Vec<String> = Vec::new();
    for word in texts.flat_map(words) {
        if all.len() == MAX_WORDS {
            break;
        }
        if !all.contains(&word) {
            all.push(word);
        }
    }
    all
}

/// Makes an item findable by what it is called and what its file says, in the caller's transaction.
///
/// # Errors
/// The database's.
pub(crate) fn index(conn: &mut Conn, item: &Item, details: Option<&ItemDetails>) -> Result<()> {
    let known = match details {
        Some(_) => None,
        None => store::item_details::find(conn, item.user_id, item.id)?,
    };
    let facts = details.or(known.as_ref()).map(|details| &details.facts);
    let words = item_words(item, facts.unwrap_or(&Metadata::default()));
    Ok(store::search_words::replace(conn, item.user_id, item.id, item.shown_at, &words)?)
}

/// Makes an item findable that has just come.
///
/// # Errors
/// The database's.
pub(crate) fn index_new(conn: &mut Conn, item: &Item) -> Result<()> {
    Ok(store::search_words::insert(conn, item.user_id, item.id, item.shown_at, &item_words(item, &Metadata::default()))?)
}

/// What a word of a question stands for.
enum ParsedWord {
    /// These words.
    Words(Vec<String>),
    /// More words than one wants to count.
    Common,
}

/// Items of a selection that have all its words, each as the beginning of a word; the newest first. The second is where
/// the next page goes on; `None` on the last.
///
/// # Errors
/// The database's.
pub(crate) fn search(
    conn: &mut Conn,
    owner: UserId,
    selection: &ItemFilter,
    after: Option<SearchPosition>,
    limit: usize,
) -> Result<(Vec<Item>, Option<Cursor>)> {
    let asked = selection.words.as_deref().unwrap_or_default();
    if asked.is_empty() {
        return Ok((Vec::new(), None));
    }
    let mut terms = Vec::new();
    for word in asked {
        terms.push(resolve_word(conn, owner, word)?);
    }
    let Some((place, meant)) = rarest_word(conn, owner, &terms)? else {
        let floor = store::search_words::find_item_floor(conn, owner, after, MAX_ITEMS_PER_STEP)?;
        let selection = ItemFilter { floor, ..selection.clone() };
        let after = after.map(|(at, id)| Cursor::Clock(at, id));
        let found = store::item_lists::list(conn, owner, &selection, Sort::Newest, after.as_ref(), count(limit + 1))?;
        return Ok(to_page(found, floor, limit));
    };
    let others: Vec<&String> = asked.iter().enumerate().filter(|(index, _)| *index != place).map(|(_, word)| word).collect();
    scan_matches(conn, owner, &meant, (selection, &others), after, limit)
}

/// The words of a question, each once; the rest of a long one is not looked at.
#[must_use]
pub fn query_words(text: &str) -> Vec<String> {
    let mut asked = words(text);
    asked.truncate(MAX_QUERY_WORDS);
    asked.sort_unstable();
    asked.dedup();
    asked
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The words that begin with `word`.
fn resolve_word(conn: &mut Conn, owner: UserId, word: &str) -> Result<ParsedWord> {
    let (mut at, end) = prefix_range(word);
    let mut meant = Vec::new();
    let mut is_equal_too = true;
    while let Some(next) = store::search_words::find_next(conn, owner, &at, is_equal_too, &end)? {
        meant.push(next.clone());
        if meant.len() > MAX_MEANINGS {
            return Ok(ParsedWord::Common);
        }
        (at, is_equal_too) = (next, false);
    }
    Ok(ParsedWord::Words(meant))
}

/// The term that the fewest items have, by its place; `None` when all are common.
fn rarest_word(conn: &mut Conn, owner: UserId, terms: &[ParsedWord]) -> Result<Option<(usize, Vec<String>)>> {
    let mut best: Option<(i64, usize, Vec<String>)> = None;
    for (index, term) in terms.iter().enumerate() {
        let ParsedWord::Words(meant) = term else { continue };
        let mut items = 0;
        let most = best.as_ref().map_or(MAX_ROWS_PER_STEP, |(least, _, _)| *least);
        for word in meant {
            items += store::search_words::count(conn, owner, word, most)?;
            if items >= most {
                break;
            }
        }
        if best.as_ref().is_none_or(|(least, _, _)| items < *least) {
            best = Some((items, index, meant.clone()));
        }
    }
    Ok(best.map(|(_, index, meant)| (index, meant)))
}

/// Walks through the items that have one of `meant`, the newest first.
fn scan_matches(
    conn: &mut Conn,
    owner: UserId,
    meant: &[String],
    (selection, others): (&ItemFilter, &[&String]),
    after: Option<SearchPosition>,
    limit: usize,
) -> Result<(Vec<Item>, Option<Cursor>)> {
    let each = MAX_ROWS_PER_STEP / count(meant.len().max(1));
    let mut floor: Option<SearchPosition> = None;
    for word in meant {
        let reached = store::search_words::find_floor(conn, owner, word, after, each)?;
        // All have been walked as far as the one that was walked the least.
        floor = floor.max(reached);
    }
    let mut found = Vec::new();
    for word in meant {
        found.extend(store::search_words::list_with(conn, owner, word, (selection, others), (after, floor), count(limit + 1))?);
    }
    found.sort_unstable_by_key(|item| std::cmp::Reverse((item.shown_at, item.id)));
    found.dedup_by_key(|item| item.id);
    Ok(to_page(found, floor, limit))
}

fn to_page(mut found: Vec<Item>, floor: Option<SearchPosition>, limit: usize) -> (Vec<Item>, Option<Cursor>) {
    let is_full = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|item| (item.shown_at, item.id));
    let next = if is_full { last } else { floor };
    (found, next.map(|(at, id)| Cursor::Clock(at, id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_so_that_they_are_found_however_they_are_typed() {
        assert_eq!(words("IMG_2041.JPG"), ["img", "2041", "jpg"]);
        assert_eq!(words("Müller – Ærø, Straße"), ["muller", "ærø", "straße"]);
        assert_eq!(words("Canon EOS R5 f/2.8"), ["canon", "eos", "r5", "f", "2", "8"]);
        assert_eq!(words("東京タワー"), ["東", "京", "タ", "ワ", "ー"]);
        assert_eq!(words(" \u{202e}!? "), Vec::<String>::new());
    }
}
