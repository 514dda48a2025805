//! Returns memory to the system after a peak.
//!
//! The allocator keeps what was freed between blocks that are still in use; `malloc_trim` returns those pages.

use std::time::Duration;

use crate::sync::run_on_blocking_pool;

/// How often the memory is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(20);
/// Memory above the lowest that was seen, with which it is returned.
const MIN_EXCESS_KIB: u64 = 16 * 1024;

/// Checks the memory of the process as long as the server runs.
pub(crate) async fn run_memory_trim() {
    // Before the first requests.
    let mut lowest = resident_kib();
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        let checked = run_on_blocking_pool(move || {
            if resident_kib() > lowest.saturating_add(MIN_EXCESS_KIB) {
                trim();
            }
            Ok(resident_kib())
        });
        lowest = checked.await.unwrap_or(lowest).min(lowest);
    }
}

/// The resident memory of this process in KiB; 0 if the system does not tell.
fn resident_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0);
    pages * (rustix::param::page_size() as u64) / 1024
}

#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "glibc offers this to C only")]
fn trim() {
    // SAFETY: malloc_trim(3) may be called by any thread at any time.
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries return memory by themselves.
#[cfg(not(target_env = "gnu"))]
fn trim() {}
