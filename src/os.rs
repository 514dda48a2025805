//! Work that lets everything else go first.

use crate::error::Result;

/// How much everything else goes first, as `nice` counts it.
const NICENESS: i32 = 10;

/// Lowers the priority of this thread, and of those it starts, for good.
///
/// # Errors
/// The system's.
pub fn lower_priority() -> Result<()> {
    rustix::process::nice(NICENESS).map_err(std::io::Error::from)?;
    Ok(())
}
