//! The structure that `ARCHITECTURE.md` describes: which module may import which, and who may touch what.
#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a failing test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The layers from top to bottom. A module imports from its own layer's folder and from lower layers.
const LAYERS: [&[&str]; 13] = [
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
    &["config", "thread_priority", "os"],
    &["error", "failpoints", "language", "sync", "telemetry", "text_fold"],
];

/// The order within `domain/`.
const DOMAIN: [&[&str]; 9] = [
    &["ops"],
    &["reconcile", "import", "malware", "uploads"],
    &["findings"],
    &["ingest", "auth"],
    &["previews", "accounts"],
    &["sharing"],
    &["library", "sessions", "backup"],
    &["file_moves"],
    &["audit", "clock"],
];

/// The order within `http/`.
const HTTP: [&[&str]; 9] = [
    &["middleware"],
    &["routes"],
    &["pages", "api"],
    &[
        "multipart_upload",
        "shared_media_response",
        "media_response",
        "link_address",
        "tus_upload",
        "metrics",
        "server",
    ],
    &["extract", "response", "static_files", "health"],
    &["space_paths"],
    &["rate_limit", "route", "run_blocking", "connections"],
    &["session_cookie", "csrf", "flash", "client_info", "safe_redirect", "error", "tus_headers"],
    &["link_paths"],
];

/// Modules by path (`domain::library::items`), each with the modules that it imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// All imports between source files. Imports of a `mod.rs` that only declares modules are resolved to what it
/// re-exports, and such files are left out.
fn imports() -> Imports {
    let modules = modules();
    let is_listed = |module: &String| !declares_only(module, &modules);
    let mut imports = BTreeMap::new();

    for (module, path) in modules.iter().filter(|(module, _)| is_listed(module)) {
        let is_folder = path.ends_with("mod.rs");
        let named = imported_paths(&code_of(path))
            .into_iter()
            .map(|path| absolute(module, is_folder, &path));
        let found = named.filter_map(|path| resolve(&path, &modules));
        imports.insert(
            module.clone(),
            found.filter(|other| other != module && is_listed(other)).collect(),
        );
    }
    imports
}

/// The module that defines `path`: the longest prefix that is a module, or what a re-export there leads to.
fn resolve(path: &str, modules: &BTreeMap<String, PathBuf>) -> Option<String> {
    let mut module = path;
    while !modules.contains_key(module) {
        module = module.rsplit_once("::")?.0;
    }
    let name = path[module.len()..].trim_start_matches("::").split("::").next().unwrap_or_default();
    if name.is_empty() || !declares_only(module, modules) {
        return Some(module.to_owned());
    }

    let text = std::fs::read_to_string(&modules[module]).unwrap();
    let exported =
        imported_paths(&text).into_iter().find(|shown| shown.rsplit("::").next() == Some(name));
    let exported = exported.map(|shown| absolute(module, true, shown.trim_start_matches("self::")));
    let target = exported.filter(|shown| shown != path).and_then(|shown| resolve(&shown, modules));
    target.or_else(|| Some(module.to_owned()))
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The crate of the decoders, whose modules count as modules of the server.
fn decode_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/nexus-media-decode/src")
}

fn source_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(&source_root(), &mut files);
    collect(&decode_root(), &mut files);
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn modules() -> BTreeMap<String, PathBuf> {
    let files = source_files().into_iter().filter(|path| !path.ends_with("lib.rs"));
    files.map(|path| (module_of(&path), path)).collect()
}

fn module_of(path: &Path) -> String {
    let relative = path.strip_prefix(source_root()).or_else(|_| path.strip_prefix(decode_root()));
    let relative = relative.unwrap().with_extension("");
    let parts = relative.iter().map(|part| part.to_str().unwrap()).filter(|part| *part != "mod");
    parts.collect::<Vec<_>>().join("::")
}

/// A file without its unit tests.
fn code_of(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

/// Expands `use a::{b, c::{d, e}};` to `a::b`, `a::c::d`, `a::c::e`, and adds the paths written out in the code.
fn imported_paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("use ") {
        let is_item =
            rest[..start].chars().next_back().is_none_or(|before| before == '\n' || before == ' ');
        let Some(end) = rest[start..].find(';') else { break };
        if is_item {
            expand("", rest[start + 4..start + end].trim(), &mut paths);
        }
        rest = &rest[start + 4..];
    }
    for marker in ["crate::", "super::"] {
        for (index, _) in text.match_indices(marker) {
            let path: String = text[index..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
                .collect();
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
        None if !tree.is_empty() => {
            paths.push(format!("{prefix}{}", tree.split(" as ").next().unwrap_or(tree)));
        }
        None => {}
    }
}

fn absolute(module: &str, is_folder: bool, path: &str) -> String {
    let mut rest = path;
    if let Some(inner) = rest.strip_prefix("crate::") {
        return inner.to_owned();
    }
    if !rest.starts_with("super::") {
        // A child module, or another crate.
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

/// Whether a module is a `mod.rs` with nothing but declarations and re-exports.
fn declares_only(module: &str, modules: &BTreeMap<String, PathBuf>) -> bool {
    let Some(path) = modules.get(module).filter(|path| path.ends_with("mod.rs")) else {
        return false;
    };
    let allowed = ["//", "#[", "use ", "pub use "];
    std::fs::read_to_string(path).unwrap().lines().map(str::trim).all(|line| {
        line.is_empty()
            || line.contains("mod ")
            || allowed.iter().any(|start| line.starts_with(start))
    })
}

/// The first component of `module` below `parent`.
fn component<'a>(module: &'a str, parent: &str) -> Option<&'a str> {
    let inner = if parent.is_empty() {
        Some(module)
    } else {
        module.strip_prefix(parent)?.strip_prefix("::")
    };
    inner?.split("::").next()
}

fn rank(order: &[&[&str]], name: &str) -> usize {
    let found = order.iter().position(|group| group.contains(&name));
    found.unwrap_or_else(|| panic!("{name} has no place in the order; see ARCHITECTURE.md"))
}

/// Imports below `parent` that go against `order`.
fn upward_imports(imports: &Imports, parent: &str, order: &[&[&str]]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (module, named) in imports {
        let Some(here) = component(module, parent) else { continue };
        for other in named {
            let Some(there) = component(other, parent) else { continue };
            if rank(order, there) < rank(order, here) {
                wrong.push(format!("{module} imports {other}, which is above it"));
            }
        }
    }
    wrong
}

/// What remains when modules that import nothing remaining are removed again and again: the modules in or above a cycle.
fn cyclic(mut imports: Imports) -> Imports {
    loop {
        let is_free =
            |named: &BTreeSet<String>| named.iter().all(|other| !imports.contains_key(other));
        let free: Vec<_> = imports
            .iter()
            .filter(|(_, named)| is_free(named))
            .map(|(module, _)| module.clone())
            .collect();
        if free.is_empty() {
            return imports;
        }
        imports.retain(|module, _| !free.contains(module));
    }
}

#[test]
fn modules_import_from_their_own_layer_and_lower_ones() {
    let imports = imports();
    let mut wrong = upward_imports(&imports, "", &LAYERS);

    // Layers of the same rank do not import each other, except for those without dependencies at the bottom.
    for (module, named) in &imports {
        let here = component(module, "").unwrap();
        let beside = named.iter().filter(|other| {
            let there = component(other, "").unwrap();
            there != here && rank(&LAYERS, there) == rank(&LAYERS, here) && rank(&LAYERS, here) < 10
        });
        wrong.extend(beside.map(|other| format!("{module} imports {other}, which is beside it")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modules_of_the_domain_follow_their_order() {
    let wrong = upward_imports(&imports(), "domain", &DOMAIN);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modules_of_http_follow_their_order() {
    let wrong = upward_imports(&imports(), "http", &HTTP);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn http_imports_neither_db_nor_store() {
    let mut wrong = Vec::new();
    for (module, named) in imports().iter().filter(|(module, _)| module.starts_with("http::")) {
        let lower = |other: &&String| ["db", "store"].contains(&component(other, "").unwrap());
        wrong.extend(named.iter().filter(lower).map(|other| format!("{module} imports {other}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn http_opens_no_database_connection() {
    let http = source_root().join("http");
    for path in source_files().iter().filter(|path| path.starts_with(&http)) {
        assert!(!code_of(path).contains(".db."), "{} uses the database", path.display());
    }
}

#[test]
fn no_files_import_each_other_in_a_cycle() {
    let cyclic = cyclic(imports());
    assert!(cyclic.is_empty(), "in or above a cycle: {cyclic:#?}");
}

#[test]
fn no_folders_import_each_other_in_a_cycle() {
    // For each folder, the imports between its direct children.
    let mut folders: BTreeMap<String, Imports> = BTreeMap::new();
    for (module, named) in imports() {
        for other in named {
            let common: Vec<_> = module
                .split("::")
                .zip(other.split("::"))
                .take_while(|(a, b)| a == b)
                .map(|(a, _)| a)
                .collect();
            let parent = common.join("::");
            let (Some(here), Some(there)) =
                (component(&module, &parent), component(&other, &parent))
            else {
                continue;
            };
            folders
                .entry(parent.clone())
                .or_default()
                .entry(here.to_owned())
                .or_default()
                .insert(there.to_owned());
        }
    }

    for (folder, children) in folders {
        let cyclic = cyclic(children);
        assert!(cyclic.is_empty(), "in {folder}, in or above a cycle: {cyclic:#?}");
    }
}

#[test]
fn only_the_database_layer_names_a_database() {
    let root = source_root();
    let is_exempt =
        |path: &PathBuf| path.starts_with(root.join("db")) || path.starts_with(root.join("config"));
    for path in source_files().iter().filter(|path| !is_exempt(path)) {
        let text = std::fs::read_to_string(path).unwrap().to_lowercase();
        for word in ["sqlite", "mysql", "mariadb"] {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
}

#[test]
fn only_storage_media_sandbox_and_config_touch_the_file_system() {
    let root = source_root();
    let is_exempt = |path: &PathBuf| {
        ["storage", "config"].iter().any(|layer| path.starts_with(root.join(layer)))
            || path.starts_with(decode_root())
            || path.ends_with("src/os.rs")
    };
    let calls = [
        "std::fs::read",
        "std::fs::write",
        "std::fs::remove",
        "std::fs::create",
        "std::fs::rename",
        "OpenOptions",
        "File::open",
        "File::create",
    ];
    for path in source_files().iter().filter(|path| !is_exempt(path)) {
        let code = code_of(path);
        for call in calls {
            let is_call =
                |(index, _): (usize, &str)| !code[..index].ends_with(char::is_alphanumeric);
            assert!(!code.match_indices(call).any(is_call), "{} calls {call}", path.display());
        }
    }
}

#[test]
fn only_the_sandbox_and_calls_of_the_c_library_are_unsafe() {
    let words = ["unsafe {", "unsafe fn", "unsafe impl", "(unsafe_code"];
    let is_exempt =
        |path: &PathBuf| path.ends_with("sandbox/lockdown.rs") || path.ends_with("src/os.rs");
    for path in source_files().iter().filter(|path| !is_exempt(path)) {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(!words.iter().any(|word| text.contains(word)), "{} is unsafe", path.display());
    }
}

#[test]
fn every_file_begins_with_its_purpose_and_is_short() {
    for path in source_files() {
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("//! "), "{}", path.display());
        let lines = code_of(&path).lines().count();
        assert!(
            lines <= 400,
            "{} has {lines} lines: which second subject does it hold?",
            path.display()
        );
    }
}

#[test]
fn every_test_that_the_asvs_table_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = source_files();
    collect(&root.join("tests"), &mut files);
    let texts: Vec<_> =
        files.iter().map(|path| (path, std::fs::read_to_string(path).unwrap())).collect();

    let page = std::fs::read_to_string(root.join("docs/ASVS.md")).unwrap();
    let named: Vec<_> = page.split('`').filter_map(|code| code.split_once("::")).collect();
    assert!(named.len() > 50, "{named:?}");
    for (file, name) in named {
        let defines = |(path, text): &(&PathBuf, String)| {
            path.file_stem().is_some_and(|stem| stem == file)
                && text.contains(&format!("fn {name}("))
        };
        assert!(texts.iter().any(defines), "{file}::{name}");
    }
}

/// Functions of the domain that write without a session: its user is not logged in yet, the server itself acts, or what is
/// written is not a change by the user.
const WRITES_WITHOUT_SESSION: [&str; 36] = [
    // The command line, and users of the users file at their login.
    "accounts/admin.rs::create_user",
    "accounts/first_run.rs::set_up",
    "accounts/first_run.rs::set_up_unattended",
    "accounts/register.rs::register",
    // A code, a refresh token or a password is what authorizes these.
    "auth/account_recovery.rs::recover",
    "auth/api_tokens.rs::refresh",
    "auth/login.rs::log_in",
    "backup/restore.rs::finish_restore",
    // What callers pass to these authorizes.
    "file_moves.rs::move_files",
    "file_moves.rs::move_files_locked",
    "file_moves.rs::with_item_locked",
    // Accepts what other programs did.
    "library/create_directory.rs::find_or_create",
    "reconcile/amend.rs::set_state",
    "reconcile/amend.rs::update_content",
    "reconcile/check_counts.rs::are_counts_right",
    // Records that a file is missing, or queues a lost preview.
    "library/open_item.rs::open",
    "previews/open.rs::open",
    // Follows from a change that was authorized, or from a new version of the server.
    "library/reindex.rs::bring_up_to_date",
    "library/reindex.rs::reindex",
    "library/xmp_files.rs::write_next",
    "sharing/shared_uploads.rs::tell_owner",
    "sharing/space_members.rs::tell_of_upload",
    "sharing/file_requests.rs::tell_owner",
    // Background tasks and the command line.
    "clock.rs::trusted_now",
    "previews/record.rs::store_result",
    "audit.rs::purge",
    "malware.rs::reset_waiting",
    "ops/housekeeping.rs::run_round",
    "ops/housekeeping.rs::write_last_seen",
    "sharing/grants.rs::end_expired",
    "sharing/notifications.rs::purge",
    "sharing/share_link_ends.rs::housekeeping",
    // Visitors of a link have no session.
    "sharing/share_link_visits.rs::count_download",
    "sharing/share_link_visits.rs::count_visit",
    "sharing/share_link_visits.rs::write_refusals",
    // Records that a page was opened.
    "sharing/grant_marks.rs::mark_seen",
];

#[test]
fn public_functions_of_the_domain_that_write_authorize_the_session() {
    let root = source_root().join("domain");
    let mut unauthorized = BTreeSet::new();
    for path in source_files().iter().filter(|path| path.starts_with(&root)) {
        let code = code_of(path);
        for (start, _) in code.match_indices("\npub") {
            let function = &code[start + 1..];
            let head = function.lines().next().unwrap();
            let Some((_, name)) = head.split_once("fn ") else { continue };
            let name = name.split(['(', '<']).next().unwrap();
            let body: String = function
                .split("\n}\n")
                .next()
                .unwrap()
                .split_whitespace()
                .collect::<Vec<_>>()
                .concat();
            let writes = [".write_library(", ".write_libraries(", ".db.write(", "move_files("];
            let checks =
                ["authorize(", "authorize_sender(", "with_admin_lock(", "change_access_level("];
            let has = |calls: &[&str]| calls.iter().any(|call| body.contains(call));
            if has(&writes) && !has(&checks) {
                let file = path.strip_prefix(&root).unwrap().display();
                unauthorized.insert(format!("{file}::{name}"));
            }
        }
    }
    let exempt = WRITES_WITHOUT_SESSION.map(str::to_owned).into();
    assert_eq!(unauthorized, exempt, "see domain/sessions/authorize.rs");
}
