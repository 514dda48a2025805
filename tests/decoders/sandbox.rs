//! The sandbox: each forbidden system call kills the child.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

use rstest::rstest;

use super::*;

fn sandboxed(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program());
    child
        .arg("sandbox-worker")
        .args(arguments)
        .env_clear()
        .stdin(file(input))
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    child.spawn().unwrap().wait_with_output().unwrap()
}

#[rstest]
fn a_decoder_that_makes_any_other_system_call_is_killed(
    #[values(
        "open",
        "openat",
        "socket",
        "connect",
        "execve",
        "fork",
        "clone",
        "clone3",
        "ptrace",
        "kill",
        "tgkill",
        "io_uring_setup",
        "mprotect",
        "unlink",
        "rename",
        "mount",
        "bpf",
        "memfd_create",
        "process_vm_readv",
        "setuid"
    )]
    call: &str,
) {
    let ended = sandboxed(&["canary", call], b"").status;
    assert_eq!(ended.signal(), Some(libc::SIGSYS), "{call}: {ended}");
}

#[test]
fn a_canary_that_does_nothing_forbidden_survives() {
    let ended = sandboxed(&["canary", "none"], b"");
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(0), b"alive".as_slice()));
}

#[test]
fn an_external_tool_reads_its_one_file_and_no_other() {
    let own = sandboxed(&["tool", "/usr/bin/head", "-c99", "/proc/self/fd/0"], b"its own file");
    assert_eq!(own.stdout, b"its own file");
    for other in [
        "/etc/passwd",
        "/etc/hostname",
        "/proc/self/environ",
        "/proc/1/cmdline",
        "/tmp",
        "/etc/ssl/openssl.cnf",
    ] {
        let ended = sandboxed(&["tool", "/usr/bin/head", "-c99", other], b"");
        assert!(!ended.status.success() && ended.stdout.is_empty(), "{other}: {ended:?}");
    }
}

#[test]
fn an_external_tool_cannot_write_start_processes_or_open_connections() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made");
    let made = sandboxed(&["tool", "/bin/cp", "/proc/self/fd/0", path.to_str().unwrap()], b"bytes");
    assert!(!made.status.success() && !path.exists());
    // fork is not permitted, and no other program may be executed.
    let forked = sandboxed(&["tool", "/bin/sh", "-c", "/bin/true; /bin/true"], b"");
    assert_eq!(forked.status.signal(), Some(libc::SIGSYS));
    let replaced = sandboxed(&["tool", "/bin/sh", "-c", "exec /bin/ls /"], b"");
    assert!(!replaced.status.success() && replaced.stdout.is_empty());
    let fetched = sandboxed(&["tool", "/usr/bin/curl", "-s", "http://127.0.0.1:1/"], b"");
    assert_eq!(fetched.status.signal(), Some(libc::SIGSYS));
}

#[test]
fn an_external_tool_changes_neither_other_files_nor_its_own() {
    let mut other = Command::new("/bin/sleep").arg("60").spawn().unwrap();
    let ended = sandboxed(
        &["tool", "/usr/bin/prlimit", "--pid", &other.id().to_string(), "--nofile=7:7"],
        b"",
    );
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", other.id())).unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(ended.status.signal(), Some(libc::SIGSYS));
    assert!(
        !limits.lines().any(|line| line.starts_with("Max open files") && line.contains(" 7 ")),
        "{limits}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("original");
    std::fs::write(&path, "bytes").unwrap();
    let changed = Command::new(program())
        .args(["sandbox-worker", "tool", "/usr/bin/chattr", "+d", "/proc/self/fd/0"])
        .env_clear()
        .stdin(File::open(&path).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .output()
        .unwrap();
    assert!(!changed.status.success(), "{changed:?}");
    let flags = Command::new("/usr/bin/lsattr").arg(&path).output().unwrap();
    assert!(!String::from_utf8_lossy(&flags.stdout).split(' ').next().unwrap().contains('d'));
}

#[test]
fn without_a_working_sandbox_nothing_is_decoded() {
    // A kernel without Landlock, simulated by a program with the same output.
    let folder = tempfile::tempdir().unwrap();
    let stand_in = folder.path().join("program");
    std::fs::write(&stand_in, "#!/bin/sh\nprintf 'the kernel cannot shut decoders in'\nexit 70\n")
        .unwrap();
    std::fs::set_permissions(&stand_in, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let renderer = PreviewRenderer::new(stand_in);
    renderer.probe();
    assert_eq!(renderer.health(), RendererHealth::Off("the kernel cannot shut decoders in".into()));
    assert!(matches!(make(&renderer, b"", "image/png"), Err(SandboxError::Unavailable(_))));
}
