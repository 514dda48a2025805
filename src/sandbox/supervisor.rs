//! Starts caged children and looks after them: one file each, a time, a length, and no second chance.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// The exit code of a child that could not be shut in, and so did nothing.
pub const EXIT_NO_SANDBOX: i32 = 70;
/// The exit code of a child that has read its input and says in its answer why it makes nothing of it.
pub const EXIT_REFUSED: i32 = 3;

/// Why there is no answer.
#[derive(Debug)]
pub enum SandboxError {
    /// The decoder says what is wrong with the file.
    Refused(String),
    /// It died: by a signal, or with nonsense as its answer.
    Died(String),
    /// It took longer than it may.
    TimedOut,
    /// It could not be shut in, or not be started.
    NoCage(String),
    /// Our own disk or memory.
    System(io::Error),
}

impl std::fmt::Display for SandboxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(why) | Self::Died(why) | Self::NoCage(why) => f.write_str(why),
            Self::TimedOut => f.write_str("took too long"),
            Self::System(cause) => write!(f, "{cause}"),
        }
    }
}

/// What stands on the child's standard input.
pub enum Input {
    File(File),
    Bytes(Vec<u8>),
}

/// One thing for one child to do.
pub struct SandboxTask<'a> {
    pub arguments: &'a [&'a str],
    /// All of its environment.
    pub environment: &'a [(&'a str, &'a str)],
    pub input: Input,
    /// Bytes of answer.
    pub most: usize,
    pub time: Duration,
}

/// Starts children of one program: our own.
#[derive(Clone)]
pub struct SandboxSupervisor {
    program: PathBuf,
}

impl SandboxSupervisor {
    #[must_use]
    pub const fn new(program: PathBuf) -> Self {
        Self { program }
    }

    /// Runs one child to its end and returns its answer.
    ///
    /// # Errors
    /// [`Failure`]; the child is gone then.
    pub fn run(&self, task: SandboxTask<'_>) -> Result<Vec<u8>, SandboxError> {
        let input = match task.input {
            Input::File(file) => file,
            Input::Bytes(bytes) => memory_file(&bytes).map_err(SandboxError::System)?,
        };
        let started = Command::new(&self.program)
            .arg("cage")
            .args(task.arguments)
            .env_clear()
            .envs(task.environment.iter().copied())
            .current_dir("/")
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = started.map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                SandboxError::NoCage(format!("the decoder cannot be started: {cause}"))
            }
            // No descriptor, process or memory left: that passes.
            _ => SandboxError::System(cause),
        })?;
        let until = Instant::now() + task.time;
        let answered = read_output(&mut child, task.most, until);
        if answered.is_err() {
            drop(child.kill());
        }
        let ended = child.wait().map_err(SandboxError::System)?;
        classify_exit(ended, answered?)
    }
}

fn memory_file(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(rustix::fs::memfd_create("input", rustix::fs::MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

/// Reads the answer to its end and waits for the child's.
fn read_output(child: &mut Child, most: usize, until: Instant) -> Result<Vec<u8>, SandboxError> {
    let pidfd = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).map_err(|cause| SandboxError::System(cause.into()))?;
    let mut answer = Vec::new();
    if let Some(mut pipe) = child.stdout.take() {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            poll_fd(&pipe, until)?;
            let length = pipe.read(&mut chunk).map_err(SandboxError::System)?;
            if length == 0 {
                break;
            }
            answer.extend_from_slice(chunk.get(..length).unwrap_or_default());
            if answer.len() > most {
                return Err(SandboxError::Died("said more than it may".into()));
            }
        }
    }
    poll_fd(&pidfd, until)?;
    Ok(answer)
}

fn poll_fd(fd: &impl std::os::fd::AsFd, until: Instant) -> Result<(), SandboxError> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs().try_into().unwrap_or(0), tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&left)) {
            Ok(0) => return Err(SandboxError::TimedOut),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(cause) => return Err(SandboxError::System(cause.into())),
        }
    }
}

fn classify_exit(ended: ExitStatus, answer: Vec<u8>) -> Result<Vec<u8>, SandboxError> {
    let said = || String::from_utf8_lossy(answer.get(..answer.len().min(300)).unwrap_or_default()).into_owned();
    match (ended.code(), ended.signal()) {
        (Some(0), _) => Ok(answer),
        (Some(EXIT_REFUSED), _) => Err(SandboxError::Refused(said())),
        (Some(EXIT_NO_SANDBOX), _) => Err(SandboxError::NoCage(said())),
        (Some(code), _) => Err(SandboxError::Refused(format!("its decoder gave up ({code})"))),
        (_, Some(libc::SIGSYS)) => Err(SandboxError::Died("tried what it must not, and was killed".into())),
        (_, Some(libc::SIGXCPU)) => Err(SandboxError::TimedOut),
        (_, Some(libc::SIGKILL)) => Err(SandboxError::Died("used more time or memory than it may".into())),
        (_, Some(signal)) => Err(SandboxError::Died(format!("was ended by signal {signal}"))),
        _ => Err(SandboxError::Died("ended without a word".into())),
    }
}
