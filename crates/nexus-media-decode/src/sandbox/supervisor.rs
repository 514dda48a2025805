//! Starts sandboxed worker processes: one file per process, with a time limit and an output limit. Workers are never
//! reused.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Exit code of a worker that could not be locked down and therefore did nothing.
pub const EXIT_NO_SANDBOX: i32 = 70;
/// Exit code of a worker that cannot decode its input; its output says why.
pub const EXIT_REFUSED: i32 = 3;

/// Why there is no result.
#[derive(Debug)]
pub enum SandboxError {
    /// The decoder rejected the file.
    Refused(String),
    /// The worker was killed by a signal or wrote invalid output.
    Died(String),
    /// The worker exceeded its time limit.
    TimedOut,
    /// The worker could not be started or locked down.
    Unavailable(String),
    /// This process ran out of disk, memory or descriptors.
    System(io::Error),
}

impl std::fmt::Display for SandboxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(why) | Self::Died(why) | Self::Unavailable(why) => f.write_str(why),
            Self::TimedOut => f.write_str("took too long"),
            Self::System(cause) => write!(f, "{cause}"),
        }
    }
}

/// Standard input of the worker.
pub enum Input {
    File(File),
    Bytes(Vec<u8>),
}

/// A task for one worker.
pub struct SandboxTask<'a> {
    pub arguments: &'a [&'a str],
    /// Its whole environment.
    pub environment: &'a [(&'a str, &'a str)],
    pub input: Input,
    /// Longest output in bytes.
    pub max_output: usize,
    pub timeout: Duration,
}

/// Starts workers from one program: the server itself.
#[derive(Clone)]
pub struct SandboxSupervisor {
    program: PathBuf,
}

impl SandboxSupervisor {
    #[must_use]
    pub const fn new(program: PathBuf) -> Self {
        Self { program }
    }

    /// Runs one worker to its end and returns its output.
    ///
    /// # Errors
    /// [`SandboxError`]; the worker has ended in any case.
    pub fn run(&self, task: SandboxTask<'_>) -> Result<Vec<u8>, SandboxError> {
        let input = match task.input {
            Input::File(file) => file,
            Input::Bytes(bytes) => memory_file(&bytes).map_err(SandboxError::System)?,
        };

        // Nothing of the server's environment is passed on.
        let spawn_result = Command::new(&self.program)
            .arg("sandbox-worker")
            .args(task.arguments)
            .env_clear()
            .envs(task.environment.iter().copied())
            .current_dir("/")
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();

        let mut child = spawn_result.map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                SandboxError::Unavailable(format!("the decoder cannot be started: {cause}"))
            }
            // No descriptor, process or memory left: temporary.
            _ => SandboxError::System(cause),
        })?;

        // The deadline covers reading and waiting.
        let deadline = Instant::now() + task.timeout;
        let output = read_output(&mut child, task.max_output, deadline);
        // After a timeout or too much output, the worker may still run.
        if output.is_err() {
            drop(child.kill());
        }

        // Waits also after an error, so that no zombie process is left.
        let status = child.wait().map_err(SandboxError::System)?;
        classify_exit(status, output?)
    }
}

fn memory_file(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(rustix::fs::memfd_create("input", rustix::fs::MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

/// Reads the output to its end and waits for the worker to exit.
fn read_output(
    child: &mut Child,
    max_output: usize,
    deadline: Instant,
) -> Result<Vec<u8>, SandboxError> {
    // A pidfd is readable once the process has ended, so its end can be awaited with a deadline.
    let pidfd = pidfd_open(Pid::from_child(child), PidfdFlags::empty())
        .map_err(|cause| SandboxError::System(cause.into()))?;
    let mut output = Vec::new();

    // The pipe closes when the child ends or stops writing.
    if let Some(mut pipe) = child.stdout.take() {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            poll_fd(&pipe, deadline)?;
            let length = pipe.read(&mut chunk).map_err(SandboxError::System)?;
            if length == 0 {
                break;
            }
            output.extend_from_slice(chunk.get(..length).unwrap_or_default());
            if output.len() > max_output {
                return Err(SandboxError::Died("wrote more output than allowed".into()));
            }
        }
    }

    // The child has closed its output but may still run.
    poll_fd(&pidfd, deadline)?;
    Ok(output)
}

/// Waits until a descriptor is readable or its other end is closed; `TimedOut` after the deadline.
fn poll_fd(fd: &impl std::os::fd::AsFd, deadline: Instant) -> Result<(), SandboxError> {
    loop {
        let remaining = deadline.saturating_duration_since(Instant::now());
        let remaining = Timespec {
            tv_sec: remaining.as_secs().try_into().unwrap_or(0),
            tv_nsec: remaining.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&remaining)) {
            Ok(0) => return Err(SandboxError::TimedOut),
            Ok(_) => return Ok(()),
            // A signal interrupted the wait, which is repeated with the remaining time.
            Err(rustix::io::Errno::INTR) => {}
            Err(cause) => return Err(SandboxError::System(cause.into())),
        }
    }
}

/// Returns the output of a worker that succeeded. Otherwise derives the error from its exit code or signal.
fn classify_exit(status: ExitStatus, output: Vec<u8>) -> Result<Vec<u8>, SandboxError> {
    // A worker that fails writes the reason instead of a result; at most 300 bytes of it are used.
    let message = || {
        String::from_utf8_lossy(output.get(..output.len().min(300)).unwrap_or_default())
            .into_owned()
    };

    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(output),
        (Some(EXIT_REFUSED), _) => Err(SandboxError::Refused(message())),
        (Some(EXIT_NO_SANDBOX), _) => Err(SandboxError::Unavailable(message())),
        // External tools have exit codes of their own.
        (Some(code), _) => {
            Err(SandboxError::Refused(format!("the decoder gave up (exit code {code})")))
        }
        (_, Some(libc::SIGSYS)) => {
            Err(SandboxError::Died("made a forbidden system call and was killed".into()))
        }
        // The kernel sends this signal at the limit on CPU time.
        (_, Some(libc::SIGXCPU)) => Err(SandboxError::TimedOut),
        // The supervisor reports its own timeout earlier, so the kernel has sent this signal: at the hard limit on CPU
        // time or because memory ran out.
        (_, Some(libc::SIGKILL)) => {
            Err(SandboxError::Died("exceeded its timeout or memory limit".into()))
        }
        (_, Some(signal)) => Err(SandboxError::Died(format!("was killed by signal {signal}"))),
        _ => Err(SandboxError::Died("ended without an exit code".into())),
    }
}
