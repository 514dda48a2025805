//! What the C library offers for a whole process: its memory and its sockets.

use std::os::fd::{BorrowedFd, RawFd};

use rustix::net::{Shutdown, SocketAddrAny, getpeername, shutdown};

/// The resident memory of this process in KiB; 0 if the system does not tell.
#[must_use]
pub fn resident_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0);
    pages * (rustix::param::page_size() as u64) / 1024
}

/// Returns the memory to the system that was freed between blocks that are still in use.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "glibc offers this to C only")]
pub fn return_freed_memory() {
    // SAFETY: malloc_trim(3) may be called by any thread at any time.
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries return memory by themselves.
#[cfg(not(target_env = "gnu"))]
pub const fn return_freed_memory() {}

/// Shuts down every socket of this process whose peer `is_meant`, also those of libraries that do not give access to them.
#[expect(
    unsafe_code,
    reason = "a descriptor that belongs to a library is only known by its number"
)]
pub fn shut_down_sockets(is_meant: impl Fn(SocketAddrAny) -> bool) {
    for number in descriptors() {
        // SAFETY: the descriptor is only passed to system calls, which check it. Another thread may close it and reuse its
        // number, so its peer is compared immediately before the shutdown.
        let socket = unsafe { BorrowedFd::borrow_raw(number) };
        // Fails for files and for sockets that are not connected.
        if let Ok(Some(peer)) = getpeername(socket)
            && is_meant(peer)
        {
            // It may have been closed meanwhile.
            shutdown(socket, Shutdown::Both).unwrap_or_default();
        }
    }
}

/// The open descriptors of this process.
fn descriptors() -> Vec<RawFd> {
    let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
