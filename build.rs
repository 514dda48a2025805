//! Puts the browser's files into the binary: each with its media type and, where it pays, compressed with Brotli and gzip.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

#[expect(clippy::unnecessary_debug_formatting, reason = "the paths become Rust string literals")]
fn main() -> std::io::Result<()> {
    if knows_packed_relocations() {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    println!("cargo:rerun-if-changed=static");
    println!("cargo:rerun-if-changed=vendor");
    if !Path::new("vendor/common-passwords.txt").exists() {
        return Err(std::io::Error::other(
            "vendor/common-passwords.txt is missing: run `make browser-files` first",
        ));
    }
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=templates");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or(std::io::ErrorKind::NotFound)?);
    println!("cargo:rerun-if-changed=locales");
    write_languages(&out)?;
    let root = std::env::current_dir()?.join("static");
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    let sheet = join_style_sheets(&root.join("css"), &mut files, &out)?;
    files.push(sheet);
    files.sort();
    let mut hash = Sha256::new();
    // A debug build may serve changed files under the same version, so no other build must have cached them.
    hash.update(std::env::var("PROFILE").unwrap_or_default());
    let mut table = String::from("pub static FILES: &[StaticFile] = &[\n");
    for (number, path) in files.iter().enumerate() {
        let name = match path.strip_prefix(&root) {
            Ok(name) => name.to_string_lossy().into_owned(),
            Err(_) => format!("css/{STYLE_SHEET}"),
        };
        let bytes = std::fs::read(path)?;
        hash.update(name.as_bytes());
        hash.update(&bytes);
        let mut compressed = String::new();
        for (encoding, small) in [("br", brotli(&bytes)?), ("gzip", gzip(&bytes)?)] {
            if small.len() < bytes.len() {
                let file = out.join(format!("{number}.{encoding}"));
                std::fs::write(&file, &small)?;
                let _ = write!(compressed, "({encoding:?}, include_bytes!({file:?})), ");
            }
        }
        let mime = mime(&name);
        let _ = writeln!(
            table,
            "    StaticFile {{ name: {name:?}, mime: {mime:?}, bytes: include_bytes!({path:?}), compressed: &[{compressed}] }},"
        );
    }
    table.push_str("];\n");
    let version = hex::encode(hash.finalize()).chars().take(12).collect::<String>();
    let _ = writeln!(
        table,
        "/// Changes with any of the files.\npub const VERSION: &str = {version:?};\npub const BASE: &str = \"/static/{version}\";"
    );
    let _ = writeln!(
        table,
        "pub const STYLE_SHEET: &str = {STYLE_SHEET:?};\npub const STYLE_SHEET_PARTS: &[&str] = &{STYLE_SHEET_PARTS:?};"
    );
    std::fs::write(out.join("statics.rs"), table)
}

/// The one style sheet that pages load.
const STYLE_SHEET: &str = "nexus.css";

/// Its parts, in the order of the cascade.
const STYLE_SHEET_PARTS: [&str; 14] = [
    "tokens",
    "reset",
    "typography",
    "forms",
    "layout",
    "uploads",
    "library",
    "auth",
    "styles",
    "timeline",
    "music",
    "sharing",
    "viewer",
    "map",
];

/// Joins the parts in `folder` to one style sheet in `out`, and removes them from `files`.
fn join_style_sheets(
    folder: &Path,
    files: &mut Vec<PathBuf>,
    out: &Path,
) -> std::io::Result<PathBuf> {
    let mut text = String::new();
    for part in STYLE_SHEET_PARTS {
        text += &std::fs::read_to_string(folder.join(part).with_extension("css"))?;
    }

    let count = files.len();
    files.retain(|path| path.parent() != Some(folder));
    if count - files.len() != STYLE_SHEET_PARTS.len() {
        return Err(std::io::Error::other(
            "static/css has a file that STYLE_SHEET_PARTS does not name",
        ));
    }

    let joined = out.join(STYLE_SHEET);
    std::fs::write(&joined, text)?;
    Ok(joined)
}

/// From glibc 2.36 on the loader takes the executable's relocations packed: 0.7 MB less to store and to map.
fn knows_packed_relocations() -> bool {
    let version = std::process::Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let version = version
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    let number =
        version.trim().strip_prefix("glibc 2.").and_then(|minor| minor.parse::<u32>().ok());
    number.is_some_and(|minor| minor >= 36)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo:rerun-if-changed={}", path.display());
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn brotli(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let best = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &best)?;
    Ok(compressed)
}

fn mime(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// The languages that are offered, with the names of their tables.
const LANGUAGES: [(&str, &str); 1] = [("de", "DE")];

/// Makes tables of translations out of `locales/*.po`, sorted by their keys, and the texts of scripts as JSON.
fn write_languages(out: &Path) -> std::io::Result<()> {
    let mut tables = String::new();
    for (code, name) in LANGUAGES {
        let path = Path::new("locales").join(code).with_extension("po");
        let catalog = polib::po_file::parse(&path).map_err(std::io::Error::other)?;
        let mut entries = std::collections::BTreeMap::new();
        let mut scripts = std::collections::BTreeMap::new();
        for message in catalog.messages() {
            let forms: Vec<String> = if message.is_plural() {
                message.msgstr_plural().map_err(std::io::Error::other)?.clone()
            } else {
                vec![message.msgstr().map_err(std::io::Error::other)?.to_owned()]
            };
            if forms.iter().any(String::is_empty) || message.is_fuzzy() {
                continue;
            }
            let key = message.msgid();
            let plural = message.msgid_plural().unwrap_or_default();
            for form in &forms {
                check_translation(key, plural, form).map_err(|why| {
                    std::io::Error::other(format!("{}: “{key}”: {why}", path.display()))
                })?;
            }
            if message.source().contains("static/js") {
                scripts.insert(key.to_owned(), forms.clone());
            }
            entries.insert(key.to_owned(), forms);
        }

        let _ = writeln!(tables, "pub static {name}: &[Translation] = &[");
        for (key, forms) in &entries {
            let _ = writeln!(tables, "    ({key:?}, &{forms:?}),");
        }
        let json: Vec<String> = scripts
            .iter()
            .map(|(key, forms)| {
                format!("{}:[{}]", quoted(key), join(forms.iter().map(|form| quoted(form))))
            })
            .collect();
        let _ = writeln!(
            tables,
            "];\npub const {name}_SCRIPTS: &str = {:?};",
            format!("{{{}}}", json.join(","))
        );
    }
    std::fs::write(out.join("languages.rs"), tables)
}

fn join(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(",")
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Refuses a translation with other values than its key, or with HTML.
fn check_translation(key: &str, plural: &str, form: &str) -> Result<(), String> {
    let values = |text: &str| {
        let mut names: Vec<String> = text
            .split('{')
            .skip(1)
            .filter_map(|part| part.split_once('}').map(|(name, _)| name.to_owned()))
            .collect();
        names.sort();
        names.dedup();
        names
    };
    let (wanted, found) = (values(&format!("{key}{plural}")), values(form));
    let is_complete = if plural.is_empty() {
        found == wanted
    } else {
        // A form for one may leave the number out.
        found.iter().all(|name| wanted.contains(name))
    };
    if !is_complete {
        return Err(format!("the values are {found:?}, not {wanted:?}"));
    }
    if form.contains('<') && !key.contains('<') {
        return Err("translations have no HTML".into());
    }
    Ok(())
}
