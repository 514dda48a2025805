//! Searches items by words in names, tags, cameras, artists, albums, places and dates.
//!
//! Each word of an item is a row, ordered by when the item was taken, so that a search reads the rows of the rarest
//! word from the newest item on and stops when the page is full. One search reads a bounded number of rows. If the page
//! is not full by then, it stays short and the next one continues from there.

use crate::db::Conn;
use crate::error::Result;
use crate::media::Metadata;
use crate::model::city::country_names;
use crate::model::item::ItemKind;
use crate::model::item_filter::ItemFilter;
use crate::model::{City, Cursor, Directory, Item, ItemPlace, Shelf, Sort, Track, UserId};
use crate::storage::media_dir::STANDARD_DIRECTORIES;
use crate::store;
use crate::store::search_words::SearchPosition;
use crate::store::word_range::prefix_range;
use crate::text_fold::fold;

/// Words per item, and characters per word.
const MAX_WORDS: usize = 80;
const MAX_WORD_CHARS: usize = 40;
/// Words per query.
const MAX_QUERY_WORDS: usize = 8;
/// Folders that a search shows.
const MAX_DIRECTORIES: usize = 12;
/// A prefix of more words than this counts as common.
const MAX_MEANINGS: usize = 24;
/// Limits per page: rows read for all words with one prefix, and items read if every word is common.
const MAX_ROWS_PER_STEP: i64 = 4_000;
const MAX_ITEMS_PER_STEP: i64 = 2_000;

/// What a text consists of, normalized: lower case, no accents.
enum Token {
    /// Letters and digits.
    Word(String),
    /// Chinese, Japanese and Korean characters: words are not separated by spaces, or are found by any part.
    Run(Vec<char>),
    /// An emoji, or another pictograph.
    Symbol(char),
}

fn is_run_character(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{20000}'..='\u{3ffff}')
}

fn is_symbol(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}')
        // Colors of skin belong to the emoji before.
        && !matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    // The final space ends the last word.
    for c in fold(text).chain([' ']) {
        if is_run_character(c) {
            match tokens.last_mut() {
                Some(Token::Run(run)) => run.push(c),
                _ => tokens.push(Token::Run(vec![c])),
            }
        } else if c.is_alphanumeric() {
            match tokens.last_mut() {
                Some(Token::Word(word)) => word.push(c),
                _ => tokens.push(Token::Word(c.to_string())),
            }
        } else if is_symbol(c) {
            tokens.push(Token::Symbol(c));
        } else {
            // Separates words; an empty run is not searched for.
            tokens.push(Token::Run(Vec::new()));
        }
    }
    tokens
}

fn shortened(word: &str) -> String {
    word.chars().take(MAX_WORD_CHARS).collect()
}

/// The words under which a text is found. Of a script without spaces, these are each two characters that follow each
/// other, which are found by their first one too, and the last one.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for token in tokens(text) {
        match token {
            Token::Word(word) => words.push(shortened(&word)),
            Token::Run(run) => {
                words.extend(run.windows(2).map(|pair| pair.iter().collect()));
                words.extend(run.last().map(char::to_string));
            }
            Token::Symbol(symbol) => words.push(symbol.to_string()),
        }
    }
    words
}

/// All words an item is found by, each once. `folder` is the path of its directory.
fn item_words(item: &Item, folder: &str, facts: &Metadata) -> Vec<String> {
    let taken = item.shown_at.month();
    let date = format!("{} {} {}", taken.year, taken.month, item.shown_at.time().date());

    let texts = [
        &facts.title,
        &facts.artist,
        &facts.album,
        &facts.album_artist,
        &facts.genre,
        &facts.camera,
        &facts.lens,
    ];

    let place = [&facts.place, &facts.caption];
    let city =
        facts.latitude.zip(facts.longitude).and_then(|(north, east)| City::nearest(north, east));
    // Countries are found by their names in all languages of the pages.
    let names =
        city.iter().flat_map(|city| std::iter::once(city.name).chain(country_names(city.country)));

    // The name first, because the number of words is limited.
    let texts = std::iter::once(item.name.as_str())
        .chain([folder, date.as_str(), item.kind.as_str()])
        .chain(texts.into_iter().flatten().map(String::as_str))
        .chain(facts.keywords.iter().map(String::as_str))
        .chain(names)
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

/// Indexes an item again after its row has changed, with the metadata that is stored for it.
pub(crate) fn reindex(conn: &mut Conn, item: &Item) -> Result<()> {
    let details = store::item_details::find(conn, item.user_id, item.id)?.unwrap_or_default();
    let annotations = store::item_annotations::find(conn, item.user_id, item.id)?;
    index(conn, item, &annotations.apply(details.metadata))
}

/// Indexes an item by its name and `metadata`, and records where it was taken and which song it is, in the caller's transaction.
pub(crate) fn index(conn: &mut Conn, item: &Item, metadata: &Metadata) -> Result<()> {
    // What a file says about another one is found with that one.
    let own = if item.is_sidecar() { &Metadata::default() } else { metadata };
    // A search finds the photo, and not also what belongs to it.
    let words = match item.shelf {
        Shelf::Motion => Vec::new(),
        _ => item_words(item, &searchable_path(conn, item)?, own),
    };
    store::search_words::replace(conn, item.user_id, item.id, item.shown_at, &words)?;
    if item.kind == ItemKind::Audio {
        store::item_details::replace_track(conn, &Track::from_metadata(item, own))?;
    }
    let place = ItemPlace::from_metadata(item, own).filter(|_| item.shelf != Shelf::Motion);
    Ok(store::item_places::replace(conn, item.user_id, item.id, place.as_ref())?)
}

/// Indexes a new item.
pub(crate) fn index_new(conn: &mut Conn, item: &Item) -> Result<()> {
    let metadata = Metadata::default();
    let words = item_words(item, &searchable_path(conn, item)?, &metadata);
    // Lists of songs contain it before its file has been read.
    if item.kind == ItemKind::Audio {
        store::item_details::replace_track(conn, &Track::from_metadata(item, &metadata))?;
    }
    Ok(store::search_words::insert(conn, item.user_id, item.id, item.shown_at, &words)?)
}

/// The path of an item's directory without a standard one, whose name says nothing about the item.
fn searchable_path(conn: &mut Conn, item: &Item) -> Result<String> {
    let directory = store::directories::find(conn, item.user_id, item.directory_id)?;
    let path = directory.map(|directory| directory.directory_path).unwrap_or_default();
    let (top, rest) = path.split_once('/').unwrap_or((&path, ""));
    let is_standard = STANDARD_DIRECTORIES.contains(&top);
    Ok(if is_standard { rest.to_owned() } else { path })
}

/// Folders of the user's own whose names have all words of a query as the beginnings of words.
#[must_use]
pub fn find_directories(directories: &[Directory], query: &str) -> Vec<Directory> {
    let wanted = query_words(query);
    if wanted.is_empty() {
        return Vec::new();
    }
    let is_found = |directory: &&Directory| {
        let words = query_words(&directory.directory_name);
        wanted.iter().all(|prefix| words.iter().any(|word| word.starts_with(prefix)))
    };
    let own = directories.iter().filter(|directory| !directory.is_standard());
    own.filter(is_found).take(MAX_DIRECTORIES).cloned().collect()
}

/// A word of the query, resolved against the index.
enum ParsedWord {
    /// The indexed words it is a prefix of.
    Words(Vec<String>),
    /// A prefix of more than [`MAX_MEANINGS`] words.
    Common,
}

/// Items that have all words of the query as prefixes, newest first, and where the next page begins; `None` on the
/// last.
pub(crate) fn search(
    conn: &mut Conn,
    owner: UserId,
    filter: &ItemFilter,
    after: Option<SearchPosition>,
    limit: usize,
) -> Result<(Vec<Item>, Option<Cursor>)> {
    let query_words = filter.words.as_deref().unwrap_or_default();
    if query_words.is_empty() {
        return Ok((Vec::new(), None));
    }

    // Each word of the query is a prefix of indexed words.
    let mut terms = Vec::new();
    for word in query_words {
        terms.push(resolve_word(conn, owner, word)?);
    }

    // If every word is common (a prefix of very many indexed words), none narrows the search: items are read in order
    // and filtered.
    let Some((rarest_index, matches)) = rarest_word(conn, owner, &terms)? else {
        // One step reads a limited number of items; `floor` is the position at which it ends.
        let floor = store::search_words::find_item_floor(conn, owner, after, MAX_ITEMS_PER_STEP)?;
        let filter = ItemFilter { floor, ..filter.clone() };
        let after = after.map(|(at, id)| Cursor::Clock(at, id));
        let found = store::item_lists::list(
            conn,
            owner,
            &filter,
            Sort::Newest,
            after.as_ref(),
            count(limit + 1),
        )?;
        return Ok(to_page(found, floor, limit));
    };

    // The rows of the rarest word are read; the other words only filter them.
    let others: Vec<&String> = query_words
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != rarest_index)
        .map(|(_, word)| word)
        .collect();
    scan_matches(conn, owner, &matches, (filter, &others), after, limit)
}

/// The words of a query, each once, up to the limit.
#[must_use]
pub fn query_words(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for token in tokens(text) {
        match token {
            Token::Word(word) => terms.push(shortened(&word)),
            // A single character is the beginning of a pair.
            Token::Run(run) if run.len() == 1 => terms.extend(run.iter().map(char::to_string)),
            Token::Run(run) => {
                terms.extend(run.windows(2).map(|pair| pair.iter().collect::<String>()));
            }
            Token::Symbol(symbol) => terms.push(symbol.to_string()),
        }
    }
    terms.truncate(MAX_QUERY_WORDS);
    terms.sort_unstable();
    terms.dedup();
    terms
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns the indexed words that begin with `word`, or `Common` if there are more than `MAX_MEANINGS`.
fn resolve_word(conn: &mut Conn, owner: UserId, word: &str) -> Result<ParsedWord> {
    let (mut at, end) = prefix_range(word);
    let mut matches = Vec::new();
    // Whether the next query may return `at` itself: true only for the first, because later ones start at a word that
    // was already found.
    let mut includes_start = true;
    // Each query seeks the next distinct word, so that the rows of a frequent word are not read.
    while let Some(next) = store::search_words::find_next(conn, owner, &at, includes_start, &end)? {
        matches.push(next.clone());
        if matches.len() > MAX_MEANINGS {
            return Ok(ParsedWord::Common);
        }
        (at, includes_start) = (next, false);
    }
    Ok(ParsedWord::Words(matches))
}

/// The word that the fewest items have, by its index; `None` if all are common.
fn rarest_word(
    conn: &mut Conn,
    owner: UserId,
    terms: &[ParsedWord],
) -> Result<Option<(usize, Vec<String>)>> {
    let mut best: Option<(i64, usize, Vec<String>)> = None;
    for (index, term) in terms.iter().enumerate() {
        // A common word does not narrow the search.
        let ParsedWord::Words(matches) = term else { continue };
        let mut items = 0;
        // Counting stops at the lowest number so far, because a word with more items is not the rarest. The first word
        // is counted up to the number of rows that one step may read.
        let most = best.as_ref().map_or(MAX_ROWS_PER_STEP, |(least, _, _)| *least);
        for word in matches {
            items += store::search_words::count(conn, owner, word, most)?;
            if items >= most {
                break;
            }
        }
        if best.as_ref().is_none_or(|(least, _, _)| items < *least) {
            best = Some((items, index, matches.clone()));
        }
    }

    Ok(best.map(|(_, index, matches)| (index, matches)))
}

/// Returns a page of the items that have one of the words in `matches` and, as prefixes, all words in `others`, newest
/// first, and where the next page begins.
fn scan_matches(
    conn: &mut Conn,
    owner: UserId,
    matches: &[String],
    (filter, others): (&ItemFilter, &[&String]),
    after: Option<SearchPosition>,
    limit: usize,
) -> Result<(Vec<Item>, Option<Cursor>)> {
    // The bound is shared by all words with this prefix.
    let rows_per_word = MAX_ROWS_PER_STEP / count(matches.len().max(1));

    let mut floor: Option<SearchPosition> = None;
    for word in matches {
        let reached = store::search_words::find_floor(conn, owner, word, after, rows_per_word)?;
        // The page must end where the rows of every word have been read.
        floor = floor.max(reached);
    }

    // Only items above the floor are listed: below it, the rows of some word have not been read.
    let mut found = Vec::new();
    for word in matches {
        found.extend(store::search_words::list_with(
            conn,
            owner,
            word,
            (filter, others),
            (after, floor),
            count(limit + 1),
        )?);
    }

    found.sort_unstable_by_key(|item| std::cmp::Reverse((item.shown_at, item.id)));
    // An item that has several of the words is found several times.
    found.dedup_by_key(|item| item.id);
    Ok(to_page(found, floor, limit))
}

fn to_page(
    mut found: Vec<Item>,
    floor: Option<SearchPosition>,
    limit: usize,
) -> (Vec<Item>, Option<Cursor>) {
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
    fn words_are_folded_so_that_case_and_accents_do_not_matter() {
        assert_eq!(words("IMG_2041.JPG"), ["img", "2041", "jpg"]);
        assert_eq!(words("Müller – Ærø, Straße"), ["muller", "aero", "strasse"]);
        assert_eq!(words("Canon EOS R5 f/2.8"), ["canon", "eos", "r5", "f", "2", "8"]);
        assert_eq!(words("東京タワー"), ["東京", "京タ", "タワ", "ワー", "ー"]);
        assert_eq!(query_words("タワー"), ["タワ", "ワー"]);
        assert_eq!(
            (words("🎂👍🏽"), query_words("京")),
            (vec!["🎂".into(), "👍".into()], vec!["京".into()])
        );
        assert_eq!(words(" \u{202e}!? "), Vec::<String>::new());
    }
}
