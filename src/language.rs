//! Languages of the pages. A text in English is the key of its translations, which the build takes from `locales/*.po`.
//!
//! The language of a request is known to everything that runs for it, so that texts are translated where they are made.
//! Without a request, and for programs that use the API, it is English.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::{Display, Write as _};
use std::future::Future;

/// A translated text: its key, and its forms. There are two if it depends on a number.
type Translation = (&'static str, &'static [&'static str]);

mod tables {
    use super::Translation;
    include!(concat!(env!("OUT_DIR"), "/languages.rs"));
}

tokio::task_local! {
    static CURRENT: Cell<Language>;
}

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    #[default]
    English,
    German,
    /// Made of the English texts, for tests: brackets, accents and more length show what is not translated or does not
    /// fit.
    #[cfg(debug_assertions)]
    Pseudo,
    /// As `Pseudo`, from right to left.
    #[cfg(debug_assertions)]
    PseudoFromRight,
}

impl Language {
    /// The languages that people choose from.
    pub const OFFERED: [Self; 2] = [Self::English, Self::German];

    /// BCP 47.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            #[cfg(debug_assertions)]
            Self::Pseudo => "en-XA",
            #[cfg(debug_assertions)]
            Self::PseudoFromRight => "ar-XB",
        }
    }

    /// Its own name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::German => "Deutsch",
            _ => "English",
        }
    }

    /// The direction of its script, as in HTML.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        match self {
            #[cfg(debug_assertions)]
            Self::PseudoFromRight => "rtl",
            _ => "ltr",
        }
    }

    /// The signs between thousands and before decimals.
    #[must_use]
    pub const fn number_signs(self) -> (char, char) {
        match self {
            Self::German => ('.', ','),
            _ => (',', '.'),
        }
    }

    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let is_code = |language: &Self| language.code().eq_ignore_ascii_case(code);
        #[cfg(debug_assertions)]
        if let Some(language) = [Self::Pseudo, Self::PseudoFromRight].into_iter().find(is_code) {
            return Some(language);
        }
        Self::OFFERED.into_iter().find(is_code)
    }

    /// The language that a client prefers, from the value of `Accept-Language`; `None` if it accepts none of ours.
    #[must_use]
    pub fn negotiate(header: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for range in header.split(',').take(10) {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q="));
            let weight: f32 = weight.map_or(Some(1.0), |text| text.parse().ok()).unwrap_or(0.0);
            // `de-AT` is German.
            let base = tag.split('-').next().unwrap_or_default();
            let language = Self::parse(tag).or_else(|| Self::parse(base));
            let Some(language) = language.filter(|_| weight > 0.0) else { continue };
            if best.is_none_or(|(most, _)| weight > most) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    fn table(self) -> &'static [Translation] {
        match self {
            Self::German => tables::DE,
            _ => &[],
        }
    }
}

/// Runs a request, whose language is first `language`.
pub async fn with_language<T>(language: Language, request: impl Future<Output = T>) -> T {
    CURRENT.scope(Cell::new(language), request).await
}

/// Runs a part of a request on another thread.
pub fn run_with_language<T>(language: Language, work: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(Cell::new(language), work)
}

/// Changes the language of the current request.
pub fn set_language(language: Language) {
    // Outside of a request, texts are English.
    let _ = CURRENT.try_with(|current| current.set(language));
}

/// The language of the current request.
#[must_use]
pub fn current_language() -> Language {
    CURRENT.try_with(Cell::get).unwrap_or_default()
}

/// The code of the current language, for templates.
#[must_use]
pub fn language() -> &'static str {
    current_language().code()
}

/// The languages that people choose from, for templates.
#[must_use]
pub const fn languages() -> [Language; 2] {
    Language::OFFERED
}

/// The direction of the current language, for templates.
#[must_use]
pub fn direction() -> &'static str {
    current_language().direction()
}

/// The text in the current language.
#[must_use]
pub fn t(text: &str) -> Cow<'_, str> {
    match current_language() {
        Language::English => Cow::Borrowed(text),
        #[cfg(debug_assertions)]
        Language::Pseudo | Language::PseudoFromRight => Cow::Owned(pseudo(text)),
        language => match find(language, text).and_then(|forms| forms.first()) {
            Some(translated) => Cow::Borrowed(*translated),
            None => Cow::Borrowed(text),
        },
    }
}

/// The text for a number, which replaces `{n}`.
#[must_use]
pub fn nt(number: i64, one: &str, many: &str) -> String {
    let language = current_language();
    let forms = find(language, one);
    // All languages so far have a form for one and another one.
    let (index, english) = if number == 1 { (0, one) } else { (1, many) };
    let pattern = match forms.and_then(|forms| forms.get(index)) {
        Some(form) => Cow::Borrowed(*form),
        None => t(english),
    };
    pattern.replace("{n}", &grouped(number))
}

/// The text in the current language with values in the places of their names: `{name}`.
#[must_use]
pub fn tr(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let translated = t(text);
    let mut rest = translated.as_ref();
    let mut filled = String::with_capacity(rest.len() + 32);
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, following)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => drop(write!(filled, "{value}")),
            None => drop(write!(filled, "{{{name}}}")),
        }
        rest = following;
    }
    filled.push_str(rest);
    filled
}

/// A text for a template, whose values are added one by one.
#[derive(Clone)]
pub struct Filled<'a> {
    text: &'a str,
    values: Vec<(&'static str, String)>,
}

/// Begins a text with values: `tf("Select {name}").with("name", name)`.
#[must_use]
pub fn tf(text: &str) -> Filled<'_> {
    Filled { text, values: Vec::new() }
}

impl Filled<'_> {
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.values.push((name, value.to_string()));
        self
    }
}

impl Display for Filled<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values: Vec<(&str, &dyn Display)> =
            self.values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
        f.write_str(&tr(self.text, &values))
    }
}

/// `1,234,567`, as the current language writes it.
#[must_use]
pub fn grouped(number: i64) -> String {
    let (sign, _) = current_language().number_signs();
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(sign);
        }
        text.push(digit);
    }
    text
}

/// Marks a text that is translated where it is shown.
#[macro_export]
macro_rules! msg {
    ($text:literal) => {
        $text
    };
}

/// A text with values: `fill!("At most {count} tags.", count = 5)`.
#[macro_export]
macro_rules! fill {
    ($text:literal, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::language::tr($text, &[$((stringify!($name), &$value as &dyn std::fmt::Display)),+])
    };
}

/// The texts of scripts in the current language, as JSON; `None` for English, which is in the scripts.
#[must_use]
pub fn script_texts() -> Option<&'static str> {
    match current_language() {
        Language::German => Some(tables::DE_SCRIPTS),
        _ => None,
    }
}

fn find(language: Language, text: &str) -> Option<&'static [&'static str]> {
    let table = language.table();
    let index = table.binary_search_by(|(key, _)| (*key).cmp(text)).ok()?;
    table.get(index).map(|(_, forms)| *forms)
}

/// `[Ŝéļéçţ {name}~~~]`: about a third longer, and names of values as they are.
#[cfg(debug_assertions)]
fn pseudo(text: &str) -> String {
    let mut changed = String::from("[");
    let mut is_name = false;
    for c in text.chars() {
        is_name = (is_name || c == '{') && c != '}';
        changed.push(match c {
            _ if is_name => c,
            'a' => 'á',
            'e' => 'é',
            'i' => 'î',
            'o' => 'ö',
            'u' => 'û',
            'A' => 'Å',
            'E' => 'É',
            'S' => 'Š',
            other => other,
        });
    }
    // In words, which can be wrapped.
    for index in 0..text.chars().count() / 3 {
        changed.push_str(if index > 0 && index.is_multiple_of(5) { " ~" } else { "~" });
    }
    changed.push(']');
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_a_client_prefers_is_chosen() {
        let of = Language::negotiate;
        assert_eq!(of("de-AT,de;q=0.9,en;q=0.8"), Some(Language::German));
        assert_eq!(of("fr, en;q=0.5, de;q=0.7"), Some(Language::German));
        assert_eq!(of("en-US,en;q=0.9,de;q=0.1"), Some(Language::English));
        for none in ["", "*", "fr", "de;q=0", "de;q=x", &"x,".repeat(5000)] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn texts_are_translated_with_their_values_and_numbers() {
        assert_eq!(
            (t("Photos"), nt(2, "{n} item", "{n} items")),
            ("Photos".into(), "2 items".into())
        );
        run_with_language(Language::German, || {
            assert_eq!(t("Photos"), "Fotos");
            assert_eq!(nt(1, "{n} item", "{n} items"), "1 Element");
            assert_eq!(nt(12_345, "{n} item", "{n} items"), "12.345 Elemente");
            assert_eq!(t("a text that nobody has translated"), "a text that nobody has translated");
            assert_eq!(
                tf("Select {name}").with("name", "{x}.jpg").to_string(),
                "{x}.jpg auswählen"
            );
        });
        assert_eq!(tr("{a} and {b} {", &[("a", &1)]), "1 and {b} {");
    }

    #[test]
    fn made_up_languages_show_what_is_not_translated() {
        run_with_language(Language::Pseudo, || {
            assert_eq!(t("Select {name}"), "[Šéléct {name}~~~~]");
            assert_eq!(Language::parse("ar-xb").unwrap().direction(), "rtl");
        });
    }
}
