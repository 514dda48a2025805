//! `nexus-media backup …` and `nexus-media move`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::arguments::{BackupCommand, MoveArguments};
use super::output::{confirm_by_typing, print_message, print_result_as, table};
use super::password::value_or_file;
use crate::config::Retention;
use crate::config::Settings;
use crate::domain::backup::{self, BackupSet, OmittedFile};
use crate::domain::ops::{copy_database, crash_recovery};
use crate::error::{Error, Result, format_bytes};
use crate::state::Services;

fn backup_folder(settings: &Settings, command: &BackupCommand) -> Result<PathBuf> {
    let (BackupCommand::Create { dir }
    | BackupCommand::List { dir }
    | BackupCommand::Verify { dir, .. }
    | BackupCommand::Restore { dir, .. }
    | BackupCommand::Prune { dir, .. }) = command;
    let folder = dir.clone().or_else(|| settings.backup_dir.clone());
    folder.ok_or_else(|| Error::field("dir", "Name the backup folder, or set NEXUS_BACKUP_DIR."))
}

/// Runs a subcommand of `backup`. Each subcommand takes only the locks that it needs.
///
/// # Errors
/// `Conflict` when a backup is incomplete or the folder does not exist.
pub fn run(settings: Settings, command: &BackupCommand, is_json: bool) -> Result<()> {
    let folder = backup_folder(&settings, command)?;
    let is_only_read = matches!(command, BackupCommand::List { .. } | BackupCommand::Verify { .. });
    if is_only_read && !folder.is_dir() {
        return Err(Error::Conflict(format!("There is no folder {}.", folder.display())));
    }

    match command {
        // These need only the backup folder, so they also work on a machine without an installation. `set` is the name
        // of a backup; by default the newest is used.
        BackupCommand::List { .. } => list(&folder, is_json),
        BackupCommand::Verify { set, quick, .. } => {
            verify(&settings, &folder, set.as_deref(), *quick, is_json)
        }
        BackupCommand::Create { .. } => create(&open_recovered(settings)?, &folder, is_json),
        BackupCommand::Prune { keep, dry_run, .. } => {
            prune(&open_recovered(settings)?, &folder, keep.as_deref(), *dry_run, is_json)
        }
        // A restore replaces everything, so it excludes a running server.
        BackupCommand::Restore { set, skip_damaged, yes, .. } => restore(
            &crash_recovery::open_claimed(settings)?,
            &folder,
            set.as_deref(),
            *skip_damaged,
            *yes,
            is_json,
        ),
    }
}

/// Opens the services without holding the lock, so that a server may start meanwhile. The lock is only taken for crash
/// recovery.
fn open_recovered(settings: Settings) -> Result<Services> {
    crash_recovery::ensure_mounted(&crash_recovery::open_recovered(settings.clone())?)?;
    Services::open(settings)
}

/// Reports progress every 1000 files.
fn report(done: u64) {
    if done.is_multiple_of(1000) {
        print_message(&format!("{done} files"));
    }
}

fn omitted_rows(left: &[OmittedFile]) -> (Vec<Value>, Vec<String>) {
    let rows = left.iter().map(|one| json!({ "path": one.path(), "why": one.why })).collect();
    (rows, left.iter().map(|one| format!("left     {}: {}", one.path(), one.why)).collect())
}

/// Creates a backup and prints its totals and the files that it omits. Fails if a file is omitted for another reason
/// than that its owner deleted it.
fn create(services: &Services, folder: &Path, is_json: bool) -> Result<()> {
    // `report` prints the progress.
    let created = backup::create(
        services,
        &mut backup::open_repository(&services.settings, folder)?,
        &mut report,
    )?;

    let (omitted_json, mut output_lines) = omitted_rows(&created.left);
    let value = json!({
        "backup": created.name, "files": created.files, "bytes": created.bytes,
        "new_contents": created.new_files, "new_bytes": created.new_bytes, "left": omitted_json,
    });

    output_lines.push(format!(
        "{}: {} files ({}), of which {} are new ({})",
        created.name,
        created.files,
        format_bytes(created.bytes),
        created.new_files,
        format_bytes(created.new_bytes)
    ));

    print_result_as(is_json, &value, &output_lines.join("\n"))?;
    // Files that their owners deleted during the backup are not failures.
    let is_whole = created.left.iter().all(|omitted_file| omitted_file.is_deleted);

    if is_whole {
        Ok(())
    } else {
        Err(Error::Conflict("Some files could not be read. Run nexus-media check.".into()))
    }
}

/// Lists the backups in a folder with their size and the server version that made them, oldest first.
fn list(folder: &Path, is_json: bool) -> Result<()> {
    let sets = backup::list(folder)?;

    // A set is one backup. An unreadable set is listed as well, because it takes up space.
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
                vec![
                    set.name.clone(),
                    format!("{} files", about.files),
                    format_bytes(about.bytes),
                    about.made_by.clone(),
                ]
            }
            None => vec![set.name.clone(), "cannot be read".into()],
        })
        .collect();

    let words = if words.is_empty() {
        format!("There are no backups in {}.", folder.display())
    } else {
        table(&words)
    };
    print_result_as(is_json, &Value::Array(rows), &words)
}

/// Verifies a backup (`set` is its name, or `None` for the newest) and prints what is missing or damaged, which makes
/// the command fail. With `is_quick`, only the lengths of the stored file contents are compared, not their hashes.
fn verify(
    settings: &Settings,
    folder: &Path,
    set: Option<&str>,
    is_quick: bool,
    is_json: bool,
) -> Result<()> {
    let repository = backup::open_repository(settings, folder)?;
    let verification =
        backup::verify(&repository, &BackupSet::open(&repository, set)?, is_quick, &mut report)?;
    let rows: Vec<_> =
        verification.broken.iter().map(|(path, why)| json!({ "path": path, "why": why })).collect();
    let mut output_lines: Vec<String> =
        verification.broken.iter().map(|(path, why)| format!("broken   {path} {why}")).collect();

    output_lines.push(format!(
        "{}: {} files ({}) in {} contents, {} broken",
        verification.name,
        verification.files,
        format_bytes(verification.bytes),
        verification.contents,
        rows.len()
    ));

    let value = json!({
        "backup": verification.name, "files": verification.files, "bytes": verification.bytes, "contents": verification.contents, "broken": rows,
    });
    print_result_as(is_json, &value, &output_lines.join("\n"))?;
    if rows.is_empty() { Ok(()) } else { Err(Error::Conflict("This backup is not whole.".into())) }
}

/// Replaces the database and all files by a backup (`set` is its name); with `skip_damaged`, damaged files are left out
/// instead of ending the restore. At a terminal, the name of the backup must be typed first, unless `--yes` is given,
/// which sets `is_sure`.
fn restore(
    services: &Services,
    folder: &Path,
    set: Option<&str>,
    skip_damaged: bool,
    is_sure: bool,
    is_json: bool,
) -> Result<()> {
    let mut repository = backup::open_repository(&services.settings, folder)?;
    let set = BackupSet::open(&repository, set)?;

    // The current state is backed up first, so a script need not confirm.
    if !is_sure && std::io::stdin().is_terminal() {
        let name = &set.name;
        let question = format!(
            "Type {name} to replace everything by this backup. The current state is backed up first."
        );
        if !confirm_by_typing(&question, name)? {
            return Err(Error::Conflict("Nothing was changed.".into()));
        }
    }

    let restored = backup::restore(services, &mut repository, &set, skip_damaged, &mut report)?;
    let (omitted_json, mut output_lines) = omitted_rows(&restored.left);

    // JSON and text come from the same report.
    let value = json!({
        "backup": restored.name, "people": restored.people, "files": restored.files, "bytes": restored.bytes, "unchanged": restored.unchanged,
        "restore_point": restored.restore_point, "aside": restored.aside, "left": omitted_json,
    });

    output_lines.push(format!(
        "{} is back: {} people, {} files ({}), {} of them untouched",
        restored.name,
        restored.people,
        restored.files,
        format_bytes(restored.bytes),
        restored.unchanged
    ));

    // The restore point is a backup of the previous state; `aside` is the directory that contains the previous folders.
    output_lines.extend(
        restored.restore_point.map(|point| format!("What was here before is the backup {point}.")),
    );
    output_lines.extend(restored.aside.map(|aside| {
        format!("Its folders lie in {}; remove them when all is well.", aside.display())
    }));
    output_lines.push("Everybody logs in again; access tokens are made again.".into());
    print_result_as(is_json, &value, &output_lines.join("\n"))
}

/// Removes the backups that the retention rule does not keep, or only lists them in a dry run. The rule is `--keep`,
/// otherwise the setting.
fn prune(
    services: &Services,
    folder: &Path,
    keep: Option<&str>,
    is_dry: bool,
    is_json: bool,
) -> Result<()> {
    let keep = match keep {
        Some(text) => {
            Retention::parse(text).ok_or_else(|| Error::field("keep", "Say it as 7d 4w 12m."))?
        }
        None => services.settings.backup_keep,
    };

    // Opening the repository excludes other processes, so that no backup is created meanwhile; a dry run needs this as
    // well.
    let pruned =
        backup::prune(&backup::open_repository(&services.settings, folder)?, keep, is_dry)?;
    let value = json!({
        "kept": pruned.kept, "removed": pruned.removed, "contents": pruned.contents, "bytes": pruned.bytes, "dry_run": is_dry,
    });
    let verb = if is_dry { "would go" } else { "removed" };
    let mut output_lines: Vec<String> =
        pruned.removed.iter().map(|name| format!("{verb:<9}{name}")).collect();

    output_lines.push(format!(
        "{} backups kept, {} {verb}, {} contents {verb} ({})",
        pruned.kept.len(),
        pruned.removed.len(),
        pruned.contents,
        format_bytes(pruned.bytes)
    ));
    print_result_as(is_json, &value, &output_lines.join("\n"))
}

/// Copies all tables to another database and prints the rows and the checksum of each. The settings are not changed.
pub fn change_database(
    services: &Services,
    arguments: &MoveArguments,
    is_json: bool,
) -> Result<()> {
    let url = value_or_file("to", arguments.to.as_ref(), arguments.to_file.as_deref())?;
    let copied_tables = copy_database::copy_to(services, &url)?;

    let rows: Vec<_> = copied_tables
        .iter()
        .map(|copied| json!({ "table": copied.table, "rows": copied.rows, "checksum": copied.checksum }))
        .collect();

    let mut lines: Vec<Vec<String>> = copied_tables
        .iter()
        .map(|copied| {
            vec![copied.table.to_owned(), copied.rows.to_string(), copied.checksum.clone()]
        })
        .collect();

    lines.insert(0, vec!["table".into(), "rows".into(), "checksum, the same on both sides".into()]);
    let words = format!(
        "{}\nSet DATABASE_URL to the new address. The old database is as it was.",
        table(&lines)
    );
    print_result_as(is_json, &json!({ "tables": rows }), &words)
}
