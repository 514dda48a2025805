//! Calls that a caged decoder must die of: only in debug builds, for tests.

use std::io;

/// Makes the call of that name. Whoever comes back from it has not been killed.
///
/// # Errors
/// `InvalidInput` for a name that is none of them.
pub fn run(name: &str) -> io::Result<()> {
    let number = match name {
        "open" => libc::SYS_open,
        "openat" => libc::SYS_openat,
        "socket" => libc::SYS_socket,
        "connect" => libc::SYS_connect,
        "execve" => libc::SYS_execve,
        "fork" => libc::SYS_fork,
        "clone" => libc::SYS_clone,
        "clone3" => libc::SYS_clone3,
        "ptrace" => libc::SYS_ptrace,
        "kill" => libc::SYS_kill,
        "tgkill" => libc::SYS_tgkill,
        "io_uring_setup" => libc::SYS_io_uring_setup,
        "mprotect" => libc::SYS_mprotect,
        "unlink" => libc::SYS_unlink,
        "rename" => libc::SYS_rename,
        "mount" => libc::SYS_mount,
        "bpf" => libc::SYS_bpf,
        "memfd_create" => libc::SYS_memfd_create,
        "process_vm_readv" => libc::SYS_process_vm_readv,
        "setuid" => libc::SYS_setuid,
        "none" => return Ok(()),
        _ => return Err(io::Error::from(io::ErrorKind::InvalidInput)),
    };
    super::lockdown::raw_syscall(number);
    Ok(())
}
