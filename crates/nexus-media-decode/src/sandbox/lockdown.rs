//! Locks a process down: three descriptors, limited memory and time, no files, few system calls.
//!
//! The only file of this crate with `unsafe`, for system calls that no library wraps.
#![expect(
    unsafe_code,
    reason = "close_range has no safe wrapper, and canaries make calls that no library offers"
)]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

/// What tools read: libraries for the dynamic loader, and the fonts that a PDF names without containing them, with the
/// files that find them.
const TOOL_FOLDERS: [&str; 8] = [
    "/usr/lib",
    "/lib",
    "/lib64",
    "/etc/fonts",
    "/usr/share/fonts",
    "/usr/share/fontconfig",
    "/usr/share/poppler",
    "/var/cache/fontconfig",
];
/// Open files of an external tool.
const MAX_TOOL_DESCRIPTORS: u64 = 64;
/// Threads and processes of its user while it runs, including those of the server.
const MAX_TOOL_THREADS: u64 = 2048;

/// Limits of a sandboxed process.
#[derive(Debug, Clone, Copy)]
pub struct ResourceLimits {
    /// Bytes of address space.
    pub memory: u64,
    /// Seconds of CPU time.
    pub seconds: u64,
}

/// Locks this process down for good before it decodes what it has read: it can compute, read and write what is open,
/// and exit. Anything else kills it.
///
/// # Errors
/// The kernel does not support it; nothing may be decoded then.
pub fn lock_down(limits: ResourceLimits) -> io::Result<()> {
    close_descriptors()?;
    set_rlimits(limits)?;
    enforce_landlock(landlock_ruleset()?)?;
    setrlimit(Resource::Nofile, limit(0))?;
    setrlimit(Resource::Nproc, limit(0))?;
    apply_filter(&decoder_filter().map_err(io::Error::other)?).map_err(io::Error::other)
}

/// Locks this process down before it becomes the external tool `program`: it may read its libraries and the file on its
/// standard input, and start threads.
///
/// # Errors
/// The kernel does not support it; the tool must not be started then.
pub fn lock_down_tool(limits: ResourceLimits, program: &Path) -> io::Result<()> {
    close_descriptors()?;
    set_rlimits(limits)?;
    let mut rules = landlock_ruleset()?;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;

    // Folders that this system lacks get no rule.
    for folder in TOOL_FOLDERS {
        rules = add_landlock_rule(rules, PathFd::new(folder).ok(), read)?;
    }

    rules =
        add_landlock_rule(rules, PathFd::new("/etc/ld.so.cache").ok(), AccessFs::ReadFile.into())?;

    // The tool and the loader are the only programs that can start.
    for started in std::iter::once(program.to_owned()).chain(dynamic_loader()) {
        let fd = PathFd::new(&started).map_err(io::Error::other)?;
        rules = add_landlock_rule(rules, Some(fd), AccessFs::ReadFile | AccessFs::Execute)?;
    }

    // ffmpeg opens its input again as `/proc/self/fd/0`, which a rule must allow.
    let input = rustix::io::dup(rustix::stdio::stdin())?;

    // A memfd has no path, so no rule can name it, and none is needed.
    let name = std::fs::read_link("/proc/self/fd/0")?;
    let has_path = name.is_absolute()
        && !name.to_string_lossy().starts_with("/memfd:")
        && name != Path::new("/dev/null");
    rules = add_landlock_rule(rules, has_path.then_some(input), AccessFs::ReadFile.into())?;

    enforce_landlock(rules)?;
    // After Landlock, because setting it up needs further descriptors.
    setrlimit(Resource::Nofile, limit(MAX_TOOL_DESCRIPTORS))?;
    setrlimit(Resource::Nproc, limit(MAX_TOOL_THREADS))?;

    let (calls, absent) = tool_filters().map_err(io::Error::other)?;
    // `calls` comes last, because it also forbids adding filters.
    apply_filter(&absent).map_err(io::Error::other)?;
    apply_filter(&calls).map_err(io::Error::other)
}

/// Returns the dynamic loader, which the kernel starts together with a program.
fn dynamic_loader() -> Option<PathBuf> {
    let names = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
    names.iter().find_map(|name| std::fs::canonicalize(name).ok())
}

const fn limit(value: u64) -> Rlimit {
    Rlimit { current: Some(value), maximum: Some(value) }
}

/// Closes everything except standard input, output and error.
fn close_descriptors() -> io::Result<()> {
    // SAFETY: only closes numbers; nothing in this process owns a descriptor above 2 at this point.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
    if closed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn set_rlimits(limits: ResourceLimits) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // Best effort: without these, the process is just as locked down.
    rustix::process::nice(10).ok();
    std::fs::write("/proc/self/oom_score_adj", "1000").ok();
    setrlimit(Resource::As, limit(limits.memory))?;
    setrlimit(Resource::Cpu, limit(limits.seconds))?;
    setrlimit(Resource::Fsize, limit(0))?;
    setrlimit(Resource::Core, limit(0))?;
    Ok(())
}

/// Creates a Landlock ruleset that denies access to files and, if the kernel supports it, to the network and to other
/// processes. Rules added to it allow single paths.
fn landlock_ruleset() -> io::Result<landlock::RulesetCreated> {
    // Older kernels lack later features, which are left out; file access (version 1) is required.
    let abi = ABI::V6;
    Ruleset::default()
        .set_compatibility(landlock::CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .map(|rules| rules.set_compatibility(landlock::CompatLevel::BestEffort))
        .and_then(|rules| rules.handle_access(AccessFs::from_all(abi)))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(abi)))
        .and_then(|rules| rules.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .map_err(io::Error::other)
}

fn add_landlock_rule<F: std::os::fd::AsFd>(
    rules: landlock::RulesetCreated,
    path: Option<F>,
    access: landlock::BitFlags<AccessFs>,
) -> io::Result<landlock::RulesetCreated> {
    match path {
        Some(path) => rules.add_rule(PathBeneath::new(path, access)).map_err(io::Error::other),
        None => Ok(rules),
    }
}

fn enforce_landlock(rules: landlock::RulesetCreated) -> io::Result<()> {
    let status = rules.restrict_self().map_err(io::Error::other)?;
    if status.ruleset == RulesetStatus::NotEnforced || !status.no_new_privs {
        return Err(io::Error::other("this kernel has no Landlock"));
    }
    Ok(())
}

type SyscallRules = BTreeMap<i64, Vec<SeccompRule>>;
type FilterResult = Result<BpfProgram, seccompiler::BackendError>;

fn target_arch() -> Result<seccompiler::TargetArch, seccompiler::BackendError> {
    std::env::consts::ARCH.try_into()
}

fn compile_filter(
    rules: SyscallRules,
    default_action: SeccompAction,
    matched: SeccompAction,
) -> FilterResult {
    SeccompFilter::new(rules, default_action, matched, target_arch()?)?.try_into()
}

/// Returns rules that match a system call if its argument with this index satisfies `argument & mask == value`.
fn argument_masked_equal(
    argument: u8,
    mask: u64,
    value: u64,
) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    // `Qword` compares all 64 bits of the argument.
    let condition = SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Qword,
        SeccompCmpOp::MaskedEq(mask),
        value,
    )?;
    Ok(vec![SeccompRule::new(vec![condition])?])
}

/// A rule that matches a 32-bit argument.
fn argument_equal(argument: u8, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Eq,
        value,
    )?])
}

/// Builds the filter for decoders, which allows a few system calls and kills the process on any other.
fn decoder_filter() -> FilterResult {
    let mut rules: SyscallRules = [
        libc::SYS_read,
        libc::SYS_lseek,
        libc::SYS_write,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_brk,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_getrandom,
        // glibc asks for the amount of memory before it sorts.
        libc::SYS_sysinfo,
        libc::SYS_clock_gettime,
        libc::SYS_rt_sigreturn,
        libc::SYS_rt_sigprocmask,
        libc::SYS_sigaltstack,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ]
    // An empty list of rules matches every call, whatever its arguments.
    .map(|call| (call, Vec::new()))
    .into();

    // Memory may be mapped, but not as executable: argument 2 contains the protection flags.
    rules.insert(
        libc::SYS_mmap,
        // The conversion of PROT_EXEC, which is 4, cannot fail.
        argument_masked_equal(2, libc::PROT_EXEC.try_into().unwrap_or(4), 0)?,
    );
    // Kills the process by default, and allows the calls that match a rule.
    compile_filter(rules, SeccompAction::KillProcess, SeccompAction::Allow)
}

/// Two filters for external tools. The first allows what a dynamically linked program needs to start and to compute with
/// threads. The second makes some of these calls fail with ENOSYS: `clone3`, so that `clone` is used, whose flags can be
/// checked; `getpeername`, which a logging library calls; and `ioctl`, which can change files through read-only
/// descriptors.
fn tool_filters() -> Result<(BpfProgram, BpfProgram), seccompiler::BackendError> {
    let mut rules: SyscallRules = [
        libc::SYS_execve,
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_pread64,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_lseek,
        libc::SYS_openat,
        libc::SYS_close,
        libc::SYS_newfstatat,
        libc::SYS_fstat,
        libc::SYS_statx,
        libc::SYS_statfs,
        libc::SYS_fstatfs,
        libc::SYS_faccessat,
        libc::SYS_faccessat2,
        libc::SYS_readlinkat,
        libc::SYS_getdents64,
        libc::SYS_getcwd,
        libc::SYS_dup,
        libc::SYS_ioctl,
        libc::SYS_ftruncate,
        libc::SYS_unlinkat,
        libc::SYS_umask,
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_mprotect,
        libc::SYS_mlock,
        libc::SYS_brk,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_clone3,
        libc::SYS_getpeername,
        libc::SYS_set_tid_address,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_prctl,
        libc::SYS_get_mempolicy,
        libc::SYS_set_mempolicy,
        libc::SYS_sched_getaffinity,
        libc::SYS_sched_yield,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_getuid,
        libc::SYS_geteuid,
        libc::SYS_getgid,
        libc::SYS_getegid,
        libc::SYS_getrusage,
        libc::SYS_getrandom,
        libc::SYS_sysinfo,
        libc::SYS_uname,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_times,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ]
    .map(|call| (call, Vec::new()))
    .into();

    // Older glibc versions use these.
    #[cfg(target_arch = "x86_64")]
    rules.extend(
        [
            libc::SYS_open,
            libc::SYS_access,
            libc::SYS_stat,
            libc::SYS_lstat,
            libc::SYS_readlink,
            libc::SYS_unlink,
            libc::SYS_arch_prctl,
            libc::SYS_time,
        ]
        .map(|call| (call, Vec::new())),
    );

    // Only its own limits: the process id 0 is the caller.
    rules.insert(libc::SYS_prlimit64, vec![argument_equal(0, 0)?]);

    // Duplicating descriptors, reading their flags and setting close-on-exec, but no locks.
    let fcntls = [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_DUPFD_CLOEXEC];
    let fcntls: Result<Vec<_>, _> = fcntls
        .iter()
        .map(|command| argument_equal(1, u64::try_from(*command).unwrap_or(u64::MAX)))
        .collect();

    rules.insert(libc::SYS_fcntl, fcntls?);
    // `clone` may start threads, but not processes.
    let thread = u64::try_from(libc::CLONE_THREAD | libc::CLONE_VM).unwrap_or(u64::MAX);
    rules.insert(libc::SYS_clone, argument_masked_equal(0, thread, thread)?);

    // Kills the process by default, and allows the calls that match a rule.
    let calls = compile_filter(rules, SeccompAction::KillProcess, SeccompAction::Allow)?;
    // The conversion of ENOSYS, which is 38, cannot fail.
    let not_implemented = SeccompAction::Errno(u32::try_from(libc::ENOSYS).unwrap_or(38));
    let mut absent: SyscallRules = [libc::SYS_clone3, libc::SYS_getpeername, libc::SYS_ioctl]
        .map(|call| (call, Vec::new()))
        .into();

    // The tool must die with the server, so it may not change this setting.
    absent.insert(
        libc::SYS_prctl,
        vec![argument_equal(0, u64::try_from(libc::PR_SET_PDEATHSIG).unwrap_or(1))?],
    );

    // The reverse: calls are allowed by default, and those that match a rule fail with ENOSYS.
    let absent = compile_filter(absent, SeccompAction::Allow, not_implemented)?;
    Ok((calls, absent))
}

/// Standard input, for a process that may neither open nor close files.
pub struct StandardInput;

impl io::Read for StandardInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(rustix::stdio::stdin(), buffer)?)
    }
}

impl io::Seek for StandardInput {
    fn seek(&mut self, position: io::SeekFrom) -> io::Result<u64> {
        let position = match position {
            io::SeekFrom::Start(from) => rustix::fs::SeekFrom::Start(from),
            io::SeekFrom::End(from) => rustix::fs::SeekFrom::End(from),
            io::SeekFrom::Current(from) => rustix::fs::SeekFrom::Current(from),
        };
        Ok(rustix::fs::seek(rustix::stdio::stdin(), position)?)
    }
}

/// Makes a system call with zero arguments, for canaries.
#[cfg(debug_assertions)]
pub(crate) fn raw_syscall(number: i64) -> i64 {
    // SAFETY: null pointers and zero lengths; the kernel rejects the call or kills the process.
    unsafe { libc::syscall(number, 0_u64, 0_u64, 0_u64, 0_u64, 0_u64, 0_u64) }
}
