//! Putting right what a killed process left: for the server, before it serves.

use super::Services;
use super::{backup, moving, resumable};
use crate::error::Result;

/// Ends a restore that was cut short; takes back moves that were, and what was on its way in: none of it was acknowledged.
/// Resumable uploads stay.
///
/// # Errors
/// The database's and the system's.
pub fn recover(services: &Services) -> Result<()> {
    backup::finish_restore(services)?;
    moving::undo_unfinished(services)?;
    let swept = services.tree.sweep_incoming()? + resumable::sweep(services)?;
    if swept > 0 {
        tracing::info!("{swept} unfinished uploads taken away");
    }
    Ok(())
}
