//! The priority of threads.

use crate::error::Result;

/// The `nice` value of background work.
const NICENESS: i32 = 10;

/// Lowers the priority of this thread, and of threads it starts, for good.
pub fn lower_priority() -> Result<()> {
    rustix::process::nice(NICENESS).map_err(std::io::Error::from)?;
    Ok(())
}
