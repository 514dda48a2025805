//! `nexus-media backup …` and `move`: keeping what there is, and putting it elsewhere.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use serde_json::{Value, json};

use super::arguments::{BackupCommand, MoveArguments};
use super::output::{answer_as, say, table};
use super::password::first_line_of;
use crate::config::Retention;
use crate::domain::backup::{self, Left, Set};
use crate::domain::{Services, databases};
use crate::error::{Error, Result, bytes_in_words};

/// # Errors
/// The domain's; `Conflict` when a backup is not whole.
pub fn run(services: &Services, command: &BackupCommand, is_json: bool) -> Result<()> {
    let (BackupCommand::Create { dir }
    | BackupCommand::List { dir }
    | BackupCommand::Verify { dir, .. }
    | BackupCommand::Restore { dir, .. }
    | BackupCommand::Prune { dir, .. }) = command;
    let folder = dir.clone().or_else(|| services.settings.backup_dir.clone());
    let folder = folder.ok_or_else(|| Error::field("dir", "Say the folder of backups, or set NEXUS_BACKUP_DIR."))?;
    match command {
        BackupCommand::Create { .. } => create(services, &folder, is_json),
        BackupCommand::List { .. } => list(&folder, is_json),
        BackupCommand::Verify { set, quick, .. } => verify(services, &folder, set.as_deref(), *quick, is_json),
        BackupCommand::Restore { set, skip_damaged, yes, .. } => {
            restore(services, &folder, set.as_deref(), *skip_damaged, *yes, is_json)
        }
        BackupCommand::Prune { keep, dry_run, .. } => prune(services, &folder, keep.as_deref(), *dry_run, is_json),
    }
}

fn told(done: u64) {
    say(&format!("{done} files"));
}

fn rows_of(left: &[Left]) -> (Vec<Value>, Vec<String>) {
    let rows = left.iter().map(|one| json!({ "path": one.path(), "why": one.why })).collect();
    (rows, left.iter().map(|one| format!("left     {}: {}", one.path(), one.why)).collect())
}

fn create(services: &Services, folder: &Path, is_json: bool) -> Result<()> {
    let made = backup::create(services, &mut backup::open(services, folder)?, &mut told)?;
    let (left, mut words) = rows_of(&made.left);
    let value = json!({
        "backup": made.name, "files": made.files, "bytes": made.bytes,
        "new_contents": made.new_files, "new_bytes": made.new_bytes, "left": left,
    });
    words.push(format!(
        "{}: {} files ({}), of which {} are new ({})",
        made.name,
        made.files,
        bytes_in_words(made.bytes),
        made.new_files,
        bytes_in_words(made.new_bytes)
    ));
    answer_as(is_json, &value, &words.join("\n"))?;
    let is_whole = made.left.iter().all(|one| one.is_deleted);
    if is_whole { Ok(()) } else { Err(Error::Conflict("Some files could not be read. Run nexus-media check.".into())) }
}

fn list(folder: &Path, is_json: bool) -> Result<()> {
    let sets = backup::list(folder)?;
    let rows: Vec<Value> = sets
        .iter()
        .map(|set| match &set.about {
            Some(about) => json!({
                "backup": set.name, "made_at": about.made_at, "made_by": about.made_by,
                "files": about.files, "bytes": about.bytes, "left": about.left,
            }),
            None => json!({ "backup": set.name, "unreadable": true }),
        })
        .collect();
    let words: Vec<Vec<String>> = sets
        .iter()
        .map(|set| match &set.about {
            Some(about) => {
                vec![set.name.clone(), format!("{} files", about.files), bytes_in_words(about.bytes), about.made_by.clone()]
            }
            None => vec![set.name.clone(), "cannot be read".into()],
        })
        .collect();
    let words = if words.is_empty() { format!("There are no backups in {}.", folder.display()) } else { table(&words) };
    answer_as(is_json, &Value::Array(rows), &words)
}

fn verify(services: &Services, folder: &Path, set: Option<&str>, is_quick: bool, is_json: bool) -> Result<()> {
    let vault = backup::open(services, folder)?;
    let found = backup::verify(&vault, &Set::open(&vault, set)?, is_quick, &mut told)?;
    let rows: Vec<_> = found.broken.iter().map(|(path, why)| json!({ "path": path, "why": why })).collect();
    let mut words: Vec<String> = found.broken.iter().map(|(path, why)| format!("broken   {path} {why}")).collect();
    words.push(format!(
        "{}: {} files ({}) in {} contents, {} broken",
        found.name,
        found.files,
        bytes_in_words(found.bytes),
        found.contents,
        rows.len()
    ));
    let value = json!({
        "backup": found.name, "files": found.files, "bytes": found.bytes, "contents": found.contents, "broken": rows,
    });
    answer_as(is_json, &value, &words.join("\n"))?;
    if rows.is_empty() { Ok(()) } else { Err(Error::Conflict("This backup is not whole.".into())) }
}

fn restore(
    services: &Services,
    folder: &Path,
    set: Option<&str>,
    skips_damaged: bool,
    is_sure: bool,
    is_json: bool,
) -> Result<()> {
    services.claim()?;
    let mut vault = backup::open(services, folder)?;
    let set = Set::open(&vault, set)?;
    // What is here becomes a backup first, so a script need not be asked.
    if !is_sure && std::io::stdin().is_terminal() {
        confirm(&set.name)?;
    }
    let done = backup::restore(services, &mut vault, &set, skips_damaged, &mut told)?;
    let (left, mut words) = rows_of(&done.left);
    let value = json!({
        "backup": done.name, "people": done.people, "files": done.files, "bytes": done.bytes, "unchanged": done.unchanged,
        "restore_point": done.restore_point, "aside": done.aside, "left": left,
    });
    words.push(format!(
        "{} is back: {} people, {} files ({}), {} of them untouched",
        done.name,
        done.people,
        done.files,
        bytes_in_words(done.bytes),
        done.unchanged
    ));
    words.extend(done.restore_point.map(|point| format!("What was here before is the backup {point}.")));
    words.extend(done.aside.map(|aside| format!("Its folders lie in {}; remove them when all is well.", aside.display())));
    words.push("Everybody logs in again; access tokens are made again.".into());
    answer_as(is_json, &value, &words.join("\n"))
}

fn confirm(name: &str) -> Result<()> {
    say(&format!("Type {name} to put this backup in the place of everything that is here. A backup of that is made first."));
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    if typed.trim() == name { Ok(()) } else { Err(Error::Conflict("Nothing was changed.".into())) }
}

fn prune(services: &Services, folder: &Path, keep: Option<&str>, is_dry: bool, is_json: bool) -> Result<()> {
    let keep = match keep {
        Some(text) => Retention::parse(text).ok_or_else(|| Error::field("keep", "Say it as 7d 4w 12m."))?,
        None => services.settings.backup_keep,
    };
    let done = backup::prune(&backup::open(services, folder)?, keep, is_dry)?;
    let value = json!({
        "kept": done.kept, "removed": done.removed, "contents": done.contents, "bytes": done.bytes, "dry_run": is_dry,
    });
    let verb = if is_dry { "would go" } else { "removed" };
    let mut words: Vec<String> = done.removed.iter().map(|name| format!("{verb:<9}{name}")).collect();
    words.push(format!(
        "{} backups kept, {} {verb}, {} contents {verb} ({})",
        done.kept.len(),
        done.removed.len(),
        done.contents,
        bytes_in_words(done.bytes)
    ));
    answer_as(is_json, &value, &words.join("\n"))
}

/// # Errors
/// The domain's.
pub fn change_database(services: &Services, arguments: &MoveArguments, is_json: bool) -> Result<()> {
    services.claim()?;
    let url = match (&arguments.to, &arguments.to_file) {
        (Some(url), _) => url.clone(),
        (None, Some(file)) => first_line_of(file)?,
        (None, None) => return Err(Error::field("to", "Say where the other database is.")),
    };
    let moved = databases::move_to(services, &url)?;
    let rows: Vec<_> =
        moved.iter().map(|one| json!({ "table": one.table, "rows": one.rows, "checksum": one.checksum })).collect();
    let mut lines: Vec<Vec<String>> =
        moved.iter().map(|one| vec![one.table.to_owned(), one.rows.to_string(), one.checksum.clone()]).collect();
    lines.insert(0, vec!["table".into(), "rows".into(), "checksum, the same on both sides".into()]);
    let words = format!("{}\nSet DATABASE_URL to the new address. The old database is as it was.", table(&lines));
    answer_as(is_json, &json!({ "tables": rows }), &words)
}
