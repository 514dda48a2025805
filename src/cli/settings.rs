//! `nexus-media config …` and `migrate …`: what is set, and the schema.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::arguments::{ConfigCommand, MigrateCommand};
use super::output::{answer_as, say, table};
use crate::config::{Given, Settings, nearest_variable};
use crate::db::Db;
use crate::error::{Error, Result};

/// # Errors
/// `Configuration` names what is wrong.
pub fn run(flags: &Given, config: Option<&Path>, command: &ConfigCommand, is_json: bool) -> Result<()> {
    let values = Settings::given(flags, config)?;
    match command {
        ConfigCommand::Check => {
            Settings::from_given(&values)?;
            let unknown = Settings::unknown_variables(std::env::vars().map(|(name, _)| name));
            for name in &unknown {
                say(&format!("{name} is no setting; did you mean {}?", nearest_variable(name)));
            }
            if !unknown.is_empty() {
                return Err(Error::Configuration("The environment has variables that set nothing.".into()));
            }
            answer_as(is_json, &json!({ "ok": true }), "The settings can be used.")
        }
        ConfigCommand::Show => {
            Settings::from_given(&values)?;
            let shown = Settings::shown(&values);
            let object: Map<_, _> = shown.iter().map(|(key, value)| (key.name.to_owned(), Value::from(value.clone()))).collect();
            let rows: Vec<_> = shown
                .iter()
                .map(|(key, value)| vec![key.name.to_owned(), if value.is_empty() { "-".into() } else { value.clone() }])
                .collect();
            answer_as(is_json, &Value::Object(object), &table(&rows))
        }
    }
}

/// # Errors
/// As [`Db::open`]; `Conflict` when the schema is not up to date.
pub fn migrate(settings: &Settings, command: &MigrateCommand, is_json: bool) -> Result<()> {
    match command {
        MigrateCommand::Run => {
            Db::open(&settings.database_url)?;
            answer_as(is_json, &json!({ "pending": [] }), "The schema is up to date.")
        }
        MigrateCommand::Status => {
            let pending = Db::pending_migrations(&settings.database_url)?;
            if pending.is_empty() {
                return answer_as(is_json, &json!({ "pending": [] }), "The schema is up to date.");
            }
            answer_as(is_json, &json!({ "pending": pending }), &format!("To be run:\n{}", pending.join("\n")))?;
            Err(Error::Conflict("The schema is not up to date: nexus-media migrate run".into()))
        }
    }
}
