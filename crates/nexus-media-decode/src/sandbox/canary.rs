//! System calls that must kill a sandboxed process; debug builds only, for tests.

use std::io;

/// Makes the named system call in a locked-down worker, which tests start to verify that the sandbox kills the process
/// for it. It only returns if the process was not killed.
///
/// # Errors
/// `InvalidInput` for an unknown name.
pub fn run(name: &str) -> io::Result<()> {
    // Each of these must kill the process.
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
        // No system call, to verify that a worker without a forbidden call survives.
        "none" => return Ok(()),
        _ => return Err(io::Error::from(io::ErrorKind::InvalidInput)),
    };

    // All arguments are zero, because the filter kills the process for the number of the call.
    super::lockdown::raw_syscall(number);
    Ok(())
}
