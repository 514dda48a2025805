//! The catalog of texts: complete, and translated into every language that is offered. `UPDATE=1` writes
//! `locales/nexus.pot`.
#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a failing test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A text: its plural form, if it has one, and the files in which it is.
#[derive(Default)]
struct Text {
    plural: Option<String>,
    files: BTreeSet<String>,
}

type Catalog = BTreeMap<String, Text>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
}

/// The string literal at the beginning of `text`, and what follows it.
fn literal(text: &str) -> Option<(String, &str)> {
    let rest = text.trim_start().strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = rest.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '"' => return Some((value, &rest[index + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                '\n' => {
                    // A literal that continues on the next line.
                    let following = rest[index + 2..].trim_start();
                    let skipped = rest.len() - index - 2 - following.len();
                    for _ in 0..rest[index + 2..index + 2 + skipped].chars().count() {
                        chars.next();
                    }
                }
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

/// What follows the first argument of a call, after its comma.
fn after_argument(text: &str) -> Option<&str> {
    let mut depth = 0;
    for (index, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return None,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => return Some(&text[index + 1..]),
            _ => {}
        }
    }
    None
}

/// The places in `code` directly after a call of `name`, which is a word of its own.
fn calls<'a>(code: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(name).filter_map(move |(index, _)| {
        let before = code[..index].chars().next_back();
        let is_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        (!is_word).then(|| &code[index + name.len()..])
    })
}

fn collect(code: &str, file: &str, catalog: &mut Catalog) {
    let mut add = |text: String, plural: Option<String>| {
        let known = catalog.entry(text).or_default();
        known.files.insert(file.to_owned());
        known.plural = plural.or(known.plural.take());
    };
    for name in ["msg!(", "fill!(", "t(", "tf(", "tr(", "msg("] {
        for argument in calls(code, name) {
            if let Some((text, _)) = literal(argument) {
                add(text, None);
            }
        }
    }
    for argument in calls(code, "nt(") {
        let one = after_argument(argument).and_then(literal);
        if let Some((one, rest)) = one
            && let Some((many, _)) = rest.trim_start().strip_prefix(',').and_then(literal)
        {
            add(one, Some(many));
        }
    }
    for argument in calls(code, "count_of(") {
        let noun = after_argument(argument).and_then(literal);
        if let Some((noun, _)) = noun {
            let plural = match noun.as_str() {
                "person" => "people".to_owned(),
                noun if noun.ends_with("sh") || noun.ends_with("ch") => format!("{noun}es"),
                noun => format!("{noun}s"),
            };
            add(format!("{{n}} {noun}"), Some(format!("{{n}} {plural}")));
        }
    }
    // Messages of errors.
    for argument in calls(code, "#[error(") {
        if let Some((text, _)) = literal(argument)
            && !text.contains('{')
        {
            add(text, None);
        }
    }
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::new();
    for (folder, extension) in [("src", "rs"), ("templates", "html"), ("static/js", "js")] {
        let mut found = Vec::new();
        files(&root().join(folder), extension, &mut found);
        for path in found {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            let code = std::fs::read_to_string(&path).unwrap();
            // Tests and the API's documentation are not translated.
            let code = code.split("#[cfg(test)]").next().unwrap_or_default();
            if !["src/language.rs", "src/http/api/docs.rs"].contains(&name.as_str())
                && !name.starts_with("src/cli")
            {
                collect(code, &name, &mut catalog);
            }
        }
    }
    catalog
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn template(catalog: &Catalog) -> String {
    let mut text = String::from(
        "msgid \"\"\nmsgstr \"\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n\"Plural-Forms: nplurals=2; plural=(n != 1);\\n\"\n",
    );
    for (key, Text { plural, files }) in catalog {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let _ = write!(text, "\n#: {}\nmsgid {}\n", files.join(" "), quoted(key));
        match plural {
            Some(plural) => {
                let _ = write!(
                    text,
                    "msgid_plural {}\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n",
                    quoted(plural)
                );
            }
            None => text.push_str("msgstr \"\"\n"),
        }
    }
    text
}

#[test]
fn the_catalog_has_every_text() {
    let path = root().join("locales/nexus.pot");
    let wanted = template(&catalog());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "locales/nexus.pot: UPDATE=1 cargo test --test languages");
}

#[test]
fn every_text_is_translated() {
    let text = std::fs::read_to_string(root().join("locales/de.po")).unwrap();
    let mut translated = BTreeSet::new();
    for entry in text.split("\n\n") {
        let joined = entry.replace("\"\n\"", "");
        let key = joined.lines().find_map(|line| line.strip_prefix("msgid "));
        let is_empty =
            joined.lines().any(|line| line.starts_with("msgstr") && line.ends_with(" \"\""));
        if let Some((key, _)) = key.and_then(literal).filter(|_| !is_empty) {
            translated.insert(key);
        }
    }
    let catalog = catalog();
    let missing: Vec<&String> = catalog.keys().filter(|key| !translated.contains(*key)).collect();
    assert!(missing.is_empty(), "locales/de.po has no translation of {missing:#?}");
}

#[test]
fn templates_have_no_text_that_is_not_translated() {
    let mut found = Vec::new();
    files(&root().join("templates"), "html", &mut found);
    let mut wrong = Vec::new();
    for path in found
        .iter()
        .filter(|path| !path.ends_with("api_docs.html") && !path.ends_with("track_attributes.html"))
    {
        let code = std::fs::read_to_string(path).unwrap();
        let mut rest = code.as_str();
        // Text outside of tags and of what is between braces.
        while let Some(index) = rest.find(['<', '{']) {
            let (text, after) = rest.split_at(index);
            let words = text
                .split_whitespace()
                .filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1);
            let bare: Vec<&str> = words
                .filter(|word| {
                    ![
                        "Nexus", "API", "SHA-256", "Ctrl", "Esc", "Home", "End", "Del", "Enter",
                        "Shift", "Space",
                    ]
                    .contains(word)
                })
                .collect();
            if !bare.is_empty() {
                wrong.push(format!("{}: {}", path.display(), bare.join(" ")));
            }
            rest = if let Some(after) = after.strip_prefix("{{") {
                after.split_once("}}").map_or("", |(_, rest)| rest)
            } else if let Some(after) = after.strip_prefix("{%") {
                after.split_once("%}").map_or("", |(_, rest)| rest)
            } else {
                after.strip_prefix('{').unwrap_or_else(|| end_of_tag(after))
            };
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What follows an HTML tag, whose attributes may have braces with quotes.
fn end_of_tag(tag: &str) -> &str {
    let mut rest = tag;
    let mut is_quoted = false;
    while let Some(index) = rest.find(['"', '>', '{']) {
        let mark = &rest[index..];
        let after = &mark[1..];
        if mark.starts_with('>') && !is_quoted {
            return after;
        }
        is_quoted ^= mark.starts_with('"');
        rest = if mark.starts_with("{{") {
            after.split_once("}}").map_or("", |(_, rest)| rest)
        } else if mark.starts_with("{%") {
            after.split_once("%}").map_or("", |(_, rest)| rest)
        } else {
            after
        };
    }
    ""
}
