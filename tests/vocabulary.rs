//! Comments use the terms of `ARCHITECTURE.md`, not the words that they replaced.
#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

use std::path::{Path, PathBuf};

/// Words that name nothing precisely, or that stand for a term.
const RETIRED: [&str; 14] = [
    "whoever",
    "everybody",
    "somebody",
    "house",
    "door",
    "cage",
    "keeper",
    "studio",
    "vault",
    "bell",
    "gate",
    "edge",
    "thing",
    "things",
];

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The text of a line's comment, if it has one.
fn comment(line: &str) -> Option<&str> {
    let (code, comment) = line.split_once("//")?;
    // An odd number of quotes before it: a URL in a string.
    (code.matches('"').count() % 2 == 0).then_some(comment)
}

#[test]
fn comments_use_no_retired_words() {
    let mut files = Vec::new();
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 200, "{} files", files.len());

    let mut found = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let words = comment(line).unwrap_or_default().split(|c: char| !c.is_alphanumeric());
            found.extend(
                words
                    .filter(|word| RETIRED.contains(&word.to_lowercase().as_str()))
                    .map(|word| format!("{}:{}: {word}", path.display(), number + 1)),
            );
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
