//! Returns memory to the system after a peak.
//!
//! The allocator keeps what was freed between blocks that are still in use until it is asked to return it.

use std::time::Duration;

use crate::os;
use crate::sync::run_on_blocking_pool;

/// How often the memory is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(20);
/// Memory above the lowest that was seen, with which it is returned.
const MIN_EXCESS_KIB: u64 = 16 * 1024;

/// Checks the memory of the process as long as the server runs.
pub(crate) async fn run_memory_trim() {
    // Before the first requests.
    let mut lowest = os::resident_kib();
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        let checked = run_on_blocking_pool(move || {
            if os::resident_kib() > lowest.saturating_add(MIN_EXCESS_KIB) {
                os::return_freed_memory();
            }
            Ok(os::resident_kib())
        });
        lowest = checked.await.unwrap_or(lowest).min(lowest);
    }
}
