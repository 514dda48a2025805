//! Putting right what a killed process left: for the server, before it serves.

use super::Services;
use super::{moving, resumable};
use crate::error::Result;

/// Takes back moves that were cut short, and what was on its way in: none of it was acknowledged.
/// Resumable uploads stay.
///
/// # Errors
/// The database's and the system's.
pub fn recover(services: &Services) -> Result<()> {
    moving::undo_unfinished(services)?;
    let swept = services.tree.sweep_incoming()? + resumable::sweep(services)?;
    if swept > 0 {
        tracing::info!("{swept} unfinished uploads taken away");
    }
    Ok(())
}
