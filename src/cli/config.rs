//! `nexus-media config …` and `nexus-media migrate …`.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::arguments::{ConfigCommand, MigrateCommand};
use super::output::{print_message, print_result, print_result_as, table};
use crate::config::FirstAdmin;
use crate::config::{OPTIONS, SettingOption, nearest_variable};
use crate::config::{RawSettings, Settings};
use crate::db::{Db, database_file};
use crate::error::{Error, Result};
use crate::state::Services;

/// Formats every setting as a Markdown table: the content of `docs/CONFIGURE.md`.
fn reference() -> String {
    let row = |option: &SettingOption| {
        // The variable with the suffix `_FILE` contains the path of a file with the secret. Some secrets can only be
        // given this way.
        let variable = match (option.is_file_only, option.is_secret) {
            (true, _) => format!("`{}_FILE`", option.variable),
            (_, true) => format!("`{0}`, `{0}_FILE`", option.variable),
            _ => format!("`{}`", option.variable),
        };

        let default =
            if option.default.is_empty() { String::new() } else { format!("`{}`", option.default) };
        // An unescaped bar ends a table cell in Markdown.
        let help = option.help.replace('|', "\\|");

        if option.is_file_only {
            format!("| | {variable} | {default} | {help} |")
        } else {
            format!("| `{}` | {variable} | {default} | {help} |", option.name)
        }
    };
    let rows: Vec<_> = OPTIONS.iter().map(row).collect();
    format!("{REFERENCE_HEAD}{}\n{REFERENCE_FOOT}", rows.join("\n"))
}

const REFERENCE_HEAD: &str = "\
# Settings

This page is the output of `nexus-media config reference`; a test compares the two.

A command line flag (`--listen`, `--data-dir`, `--media-dir`) overrides a variable, a variable overrides the settings file, and
the file overrides the default. The settings file is the one given by `--config` or `NEXUS_CONFIG`, otherwise `nexus.toml` in the
working directory. An unknown name in it is an error. A secret can also be read from a file, whose path is in the variable with
the suffix `_FILE`.

| Name in the file | Variable | Default | Meaning |
|---|---|---|---|
";
const REFERENCE_FOOT: &str = "
`nexus-media config check` validates the settings (exit code 78 if they are invalid) and lists unknown variables;
`nexus-media config show` prints the effective settings without secrets. Sizes are whole numbers of bytes.";

/// Runs a subcommand of `config`, which checks or shows the effective settings, or prints the reference of all
/// settings.
///
/// # Errors
/// `Configuration` names what is wrong.
pub fn run(
    flags: &RawSettings,
    config: Option<&Path>,
    command: &ConfigCommand,
    is_json: bool,
) -> Result<()> {
    // Needs no settings, so that it works without an installation.
    if matches!(command, ConfigCommand::Reference) {
        return print_result(&reference());
    }

    let values = Settings::read_raw(flags, config)?;

    match command {
        // Handled above.
        ConfigCommand::Reference => Ok(()),
        ConfigCommand::Check => {
            let settings = Settings::from_raw(&values)?;
            Services::check(&settings)?;
            crate::http::check_base_path(&settings)?;
            // The first admin is only needed for a new installation.
            if database_file(&settings.database_url)?.is_some_and(|file| !file.exists()) {
                settings.first_admin.as_ref().map(FirstAdmin::ensure_complete).transpose()?;
            }
            let unknown = Settings::unknown_variables(std::env::vars().map(|(name, _)| name));
            // Most unknown variables are misspelled, so the most similar name is suggested.
            for name in &unknown {
                print_message(&format!(
                    "unknown setting {name}; did you mean {}?",
                    nearest_variable(name)
                ));
            }
            if !unknown.is_empty() {
                return Err(Error::Configuration(
                    "The environment contains unknown settings.".into(),
                ));
            }
            print_result_as(is_json, &json!({ "ok": true }), "The settings are valid.")
        }
        ConfigCommand::Show => {
            // Invalid settings are reported instead of displayed.
            Settings::from_raw(&values)?;
            let displayed = Settings::displayed(&values);
            let object: Map<_, _> = displayed
                .iter()
                .map(|(option, value)| (option.name.to_owned(), Value::from(value.clone())))
                .collect();
            let rows: Vec<_> = displayed
                .iter()
                .map(|(option, value)| {
                    vec![
                        option.name.to_owned(),
                        if value.is_empty() { "-".into() } else { value.clone() },
                    ]
                })
                .collect();
            print_result_as(is_json, &Value::Object(object), &table(&rows))
        }
    }
}

/// Runs a subcommand of `migrate`, which applies the pending migrations of the database schema or lists them.
///
/// # Errors
/// Those of [`Db::open`]; `Conflict` when the schema is not up to date.
pub fn migrate(settings: &Settings, command: &MigrateCommand, is_json: bool) -> Result<()> {
    match command {
        MigrateCommand::Run => {
            // Opening the database applies pending migrations.
            Db::open(&settings.database_url)?;
            print_result_as(is_json, &json!({ "pending": [] }), "The schema is up to date.")
        }
        MigrateCommand::Status => {
            let pending = Db::pending_migrations(&settings.database_url)?;
            if pending.is_empty() {
                return print_result_as(
                    is_json,
                    &json!({ "pending": [] }),
                    "The schema is up to date.",
                );
            }
            print_result_as(
                is_json,
                &json!({ "pending": pending }),
                &format!("Pending:\n{}", pending.join("\n")),
            )?;
            Err(Error::Conflict("The schema is not up to date: nexus-media migrate run".into()))
        }
    }
}
