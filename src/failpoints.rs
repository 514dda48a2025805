//! Named points at which fault tests kill the server; empty in release builds.

/// Marks a point at which fault tests interrupt the server: the process kills itself with SIGKILL, as in a power cut,
/// at the failpoint whose number in order of execution is in `FAULT_AFTER`. It sleeps four seconds at the failpoint
/// named by `FAULT_LINGER`, so that something else can fail meanwhile.
#[cfg(debug_assertions)]
pub fn hit(name: &'static str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static AT: LazyLock<Option<u64>> =
        LazyLock::new(|| std::env::var("FAULT_AFTER").ok()?.parse().ok());
    static PASSED: AtomicU64 = AtomicU64::new(0);
    static LINGER: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("FAULT_LINGER").ok());

    if LINGER.as_deref() == Some(name) {
        std::thread::sleep(std::time::Duration::from_secs(4));
    }
    let Some(at) = *AT else { return };
    if PASSED.fetch_add(1, Ordering::Relaxed) + 1 == at {
        tracing::error!("failpoint {name}");
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Does nothing in release builds.
#[cfg(not(debug_assertions))]
pub const fn hit(_: &'static str) {}
