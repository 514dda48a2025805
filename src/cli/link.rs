//! `nexus-media link …`: share links of all users.

use serde_json::json;

use super::arguments::LinkCommand;
use super::output::{print_message, print_result_as, table};
use crate::domain::sharing::share_link_lists::{self, LinkState};
use crate::domain::sharing::share_links;
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::audit::time_text;
use crate::model::{ShareLinkId, Subject, now};
use crate::state::Services;

/// Runs a subcommand.
///
/// # Errors
/// `Conflict` for an unknown id; database errors.
pub fn run(services: &Services, command: &LinkCommand, is_json: bool) -> Result<()> {
    match command {
        LinkCommand::List => list(services, is_json),
        LinkCommand::End { id } => {
            let unknown = || Error::Conflict(format!("There is no link {id}."));
            let parsed = ShareLinkId::parse(id).ok_or_else(unknown)?;
            share_links::end_any(services, &Actor::command_line(), parsed).map_err(|error| {
                match error {
                    Error::NotFound => unknown(),
                    error => error,
                }
            })?;
            print_message("Link ended.");
            Ok(())
        }
    }
}

/// Prints all links, the newest first; neither addresses nor names of what they show.
fn list(services: &Services, is_json: bool) -> Result<()> {
    let (mut values, mut rows) = (Vec::new(), Vec::new());
    let mut before = None;
    loop {
        let (links, next) = share_link_lists::list_all(services, before)?;
        for (link, owner) in &links {
            let state = LinkState::of(link, now()).as_str();
            let kind = link.subject().map_or("deleted", Subject::kind);
            let ends = link.ends_at.map(time_text);
            values.push(json!({
                "id": link.id.to_string(), "owner": owner.username, "kind": kind, "state": state,
                "visits": link.visits, "created_at": time_text(link.created_at), "ends_at": ends,
            }));
            rows.push(vec![
                link.id.to_string(),
                owner.username.clone(),
                kind.to_owned(),
                state.to_owned(),
                link.visits.to_string(),
                ends.unwrap_or_else(|| "-".to_owned()),
            ]);
        }
        before = next;
        if before.is_none() {
            break;
        }
    }
    let head = ["id", "owner", "kind", "state", "visits", "ends"].map(str::to_owned).to_vec();
    let words = if rows.is_empty() {
        "No links.".to_owned()
    } else {
        rows.insert(0, head);
        table(&rows)
    };
    print_result_as(is_json, &serde_json::Value::Array(values), &words)
}
