//! The house: arrows point down, and no two files import each other in a circle.
#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Floors from the roof down; a file imports from its own floor and those beneath.
const FLOORS: [&[&str]; 13] = [
    &["main"],
    &["cli"],
    &["app"],
    &["http"],
    &["domain"],
    &["state"],
    &["store"],
    &["model"],
    &["db", "storage"],
    &["media"],
    &["sandbox", "clamd"],
    &["config", "os"],
    &["error", "failpoints", "telemetry"],
];

fn floor_of(module: &str) -> usize {
    let top = module.split("::").next().unwrap_or_default();
    FLOORS.iter().position(|floor| floor.contains(&top)).unwrap_or_else(|| panic!("{top} stands on no floor"))
}

/// Every module with the modules its `use` lines name.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let modules: BTreeMap<String, PathBuf> = files.iter().map(|path| (module_of(&root, path), path.clone())).collect();
    let mut imports = BTreeMap::new();
    for (module, path) in &modules {
        let text = std::fs::read_to_string(path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let is_folder = path.ends_with("mod.rs");
        let mut named = BTreeSet::new();
        for path in used_paths(text) {
            let absolute = absolute(module, is_folder, &path);
            named.extend(room_of(&absolute, &modules).filter(|other| other != module));
        }
        imports.insert(module.clone(), named);
    }
    imports
}

/// The module a path leads to: the longest part of it that is one; through a door to the room behind it.
fn room_of(path: &str, modules: &BTreeMap<String, PathBuf>) -> Option<String> {
    let mut part = path;
    let module = loop {
        if modules.contains_key(part) {
            break part;
        }
        part = part.rsplit_once("::")?.0;
    };
    let name = path[part.len()..].trim_start_matches("::").split("::").next().unwrap_or_default();
    if name.is_empty() || !is_door(module) {
        return Some(module.to_owned());
    }
    let text = std::fs::read_to_string(&modules[module]).unwrap();
    let behind = used_paths(&text).into_iter().find(|shown| shown.rsplit("::").next() == Some(name));
    let behind = behind.map(|shown| absolute(module, true, shown.trim_start_matches("self::")));
    behind.filter(|shown| shown != path).and_then(|shown| room_of(&shown, modules)).or_else(|| Some(module.to_owned()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("lib.rs") {
            files.push(path);
        }
    }
}

fn module_of(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap().with_extension("");
    let parts: Vec<_> = relative.iter().map(|part| part.to_str().unwrap()).filter(|part| *part != "mod").collect();
    parts.join("::")
}

/// `use a::{b, c::{d, e}};` as `a::b`, `a::c::d`, `a::c::e`; and paths written out in the code.
fn used_paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("use ") {
        let is_item = rest[..start].chars().next_back().is_none_or(|before| before == '\n' || before == ' ');
        let Some(end) = rest[start..].find(';') else { break };
        if is_item {
            expand("", rest[start + 4..start + end].trim(), &mut paths);
        }
        rest = &rest[start + 4..];
    }
    for marker in ["crate::", "super::"] {
        for (index, _) in text.match_indices(marker) {
            let path: String = text[index..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
            paths.push(path);
        }
    }
    paths
}

fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    match tree.split_once('{') {
        Some((head, inner)) => {
            let inner = inner.strip_suffix('}').unwrap_or(inner);
            let (mut depth, mut start) = (0, 0);
            for (index, c) in inner.char_indices().chain([(inner.len(), ',')]) {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        expand(&format!("{prefix}{head}"), inner[start..index].trim(), paths);
                        start = index + 1;
                    }
                    _ => {}
                }
            }
        }
        None if !tree.is_empty() => paths.push(format!("{prefix}{}", tree.split(" as ").next().unwrap_or(tree))),
        None => {}
    }
}

fn absolute(module: &str, is_folder: bool, path: &str) -> String {
    let mut rest = path;
    if let Some(inner) = rest.strip_prefix("crate::") {
        return inner.to_owned();
    }
    if !rest.starts_with("super::") {
        // A room within, or a crate from outside.
        return format!("{module}::{}", rest.trim_start_matches("self::"));
    }
    let mut here: Vec<&str> = module.split("::").collect();
    if !is_folder {
        here.pop();
    }
    let mut is_first = true;
    while let Some(inner) = rest.strip_prefix("super::") {
        if !is_first || is_folder {
            here.pop();
        }
        is_first = false;
        rest = inner;
    }
    here.push(rest);
    here.join("::")
}

/// A `mod.rs` that only names its rooms is a door, not a room.
fn is_door(module: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(module.replace("::", "/")).join("mod.rs");
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    text.lines().all(|line| {
        let line = line.trim();
        line.is_empty()
            || line.starts_with("//")
            || line.contains("mod ")
            || line.starts_with("#[")
            || line.starts_with("pub use")
            || line.starts_with("use ")
    })
}

#[test]
fn arrows_point_down() {
    let mut wrong = Vec::new();
    for (module, named) in imports() {
        for other in named {
            if floor_of(&other) < floor_of(&module) {
                wrong.push(format!("{module} imports {other} from above"));
            }
            if floor_of(&other) == floor_of(&module)
                && other.split("::").next() != module.split("::").next()
                && floor_of(&module) < 10
            {
                wrong.push(format!("{module} imports {other} from beside"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_two_files_import_each_other_in_a_circle() {
    let imports: BTreeMap<_, BTreeSet<_>> = imports()
        .into_iter()
        .filter(|(module, _)| !is_door(module))
        .map(|(module, named)| (module, named.into_iter().filter(|other| !is_door(other)).collect()))
        .collect();
    // Take away files that import nothing that is left, until none is left: what stays is in a circle.
    let mut left = imports;
    loop {
        let free: Vec<String> = left
            .iter()
            .filter(|(_, named)| named.iter().all(|other| !left.contains_key(other)))
            .map(|(module, _)| module.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        for module in free {
            left.remove(&module);
        }
    }
    assert!(left.is_empty(), "in or above a circle: {left:#?}");
}

#[test]
fn only_the_database_folder_knows_which_database_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    for path in files.iter().filter(|path| !path.starts_with(root.join("db")) && !path.starts_with(root.join("config"))) {
        let text = std::fs::read_to_string(path).unwrap().to_lowercase();
        for word in ["sqlite", "mysql", "mariadb"] {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
}

#[test]
fn only_bytes_and_settings_touch_the_file_system() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    for path in files
        .iter()
        .filter(|path| ["storage", "media", "sandbox", "config"].iter().all(|layer| !path.starts_with(root.join(layer))))
    {
        let text = std::fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for call in [
            "std::fs::read",
            "std::fs::write",
            "std::fs::remove",
            "std::fs::create",
            "std::fs::rename",
            "OpenOptions",
            "File::open",
            "File::create",
        ] {
            assert!(!code.contains(call), "{} calls {call}", path.display());
        }
    }
}

#[test]
fn only_the_walls_of_the_cage_are_unsafe() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    for path in files.iter().filter(|path| !path.ends_with("sandbox/lockdown.rs")) {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(
            !["unsafe {", "unsafe fn", "unsafe impl", "(unsafe_code"].iter().any(|word| text.contains(word)),
            "{} says unsafe",
            path.display()
        );
    }
}

#[test]
fn every_file_says_in_its_first_line_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{}", path.display());
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        assert!(code.lines().count() <= 400, "{} is long: what is its second idea?", path.display());
    }
}

#[test]
fn every_test_that_the_asvs_table_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    collect(&root.join("tests"), &mut files);
    let texts: Vec<_> = files.iter().map(|path| (path, std::fs::read_to_string(path).unwrap())).collect();
    let page = std::fs::read_to_string(root.join("docs/ASVS.md")).unwrap();
    let named: Vec<_> = page.split('`').filter_map(|code| code.split_once("::")).collect();
    assert!(named.len() > 50, "{named:?}");
    for (file, name) in named {
        let there = |(path, text): &(&PathBuf, String)| {
            path.file_stem().is_some_and(|stem| stem == file) && text.contains(&format!("fn {name}("))
        };
        assert!(texts.iter().any(there), "{file}::{name}");
    }
}
