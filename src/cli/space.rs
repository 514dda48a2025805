//! `nexus-media space …`: spaces, by the same rules as the pages.

use std::io::IsTerminal;

use serde_json::{Value, json};

use super::arguments::SpaceCommand;
use super::output::{confirm_by_typing, print_message, print_result_as, table};
use super::user;
use crate::domain::accounts::spaces::{self, ListedSpace};
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::authority::Authority;
use crate::model::{User, UserId};
use crate::state::Services;

/// Runs a subcommand.
///
/// # Errors
/// `Conflict` for an unknown space; those of the change.
pub fn run(services: &Services, command: &SpaceCommand, is_json: bool) -> Result<()> {
    let actor = Actor::command_line();
    match command {
        SpaceCommand::List => list(services, is_json),
        SpaceCommand::Add { name, manager } => {
            let manager = user::find(services, manager)?;
            let id = spaces::create(services, &Authority::server(&manager), &actor, name)?;
            print_result_as(is_json, &json!({ "id": id.0 }), &format!("Space {id} created."))
        }
        SpaceCommand::Appoint { id, name } => {
            let space = find(services, *id)?;
            let person = spaces::appoint_manager(services, &actor, space.id, name)?;
            print_message(&format!("{} manages {}.", person.username, space.firstname));
            Ok(())
        }
        SpaceCommand::Quota { id, bytes } => {
            let space = find(services, *id)?;
            let bytes = i64::try_from(*bytes)
                .map_err(|_| Error::field("bytes", "The number is too large."))?;
            spaces::set_quota(services, &actor, space.id, bytes)?;
            let space = find(services, *id)?;
            print_message(&format!("{}: {}", space.firstname, user::storage_text(&space)));
            Ok(())
        }
        SpaceCommand::Remove { id, yes } => remove(services, &find(services, *id)?, *yes),
    }
}

fn find(services: &Services, id: i64) -> Result<User> {
    spaces::find(services, UserId(id)).map_err(|error| match error {
        Error::NotFound => Error::Conflict(format!("There is no space {id}.")),
        other => other,
    })
}

/// Prints all spaces, the oldest first.
fn list(services: &Services, is_json: bool) -> Result<()> {
    let mut found: Vec<ListedSpace> = Vec::new();
    let mut after = UserId(0);
    loop {
        let (page, next) = spaces::list_all(services, after)?;
        found.extend(page);
        match next {
            Some(next) => after = next,
            None => break,
        }
    }
    let value = |listed: &ListedSpace| {
        json!({
            "id": listed.space.id.0, "name": listed.space.firstname, "people": listed.people,
            "managers": listed.managers, "quota_bytes": listed.space.quota_bytes,
            "used_bytes": listed.space.used_bytes, "folder": listed.space.folder,
        })
    };
    let row = |listed: &ListedSpace| {
        vec![
            listed.space.id.to_string(),
            listed.space.firstname.clone(),
            listed.people.to_string(),
            listed.managers.join(", "),
            user::storage_text(&listed.space),
        ]
    };
    let heads = ["ID", "NAME", "PEOPLE", "MANAGERS", "STORED"].map(str::to_owned).to_vec();
    let words = if found.is_empty() {
        "No spaces.".to_owned()
    } else {
        table(&std::iter::once(heads).chain(found.iter().map(row)).collect::<Vec<_>>())
    };
    print_result_as(is_json, &Value::Array(found.iter().map(value).collect()), &words)
}

/// Deletes a space after its name was typed, or without confirmation if `is_confirmed`.
fn remove(services: &Services, space: &User, is_confirmed: bool) -> Result<()> {
    let (name, folder) = (&space.firstname, &space.folder);
    if !is_confirmed {
        if !std::io::stdin().is_terminal() {
            return Err(Error::field("yes", "Use --yes to delete a space without confirmation."));
        }
        let question =
            format!("Type {name} to delete this space. The folder {folder} stays on disk.");
        if !confirm_by_typing(&question, name)? {
            return Err(Error::Conflict("Nothing was deleted.".into()));
        }
    }
    spaces::delete(services, &Authority::server(space), &Actor::command_line())?;
    let folder = services.media_dir.path().join(folder);
    print_message(&format!("Deleted {name}. The files are still in {}.", folder.display()));
    Ok(())
}
