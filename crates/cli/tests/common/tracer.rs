//! Runs a program under ptrace and harms it at one of its system calls: it is killed as it enters the call, or the call fails.
//! Counts over all threads of the program, which `strace` does for each by itself. Linux on x86-64 alone.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::libc::{self, user_regs_struct as Registers};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::common::skipped::skipped;

/// What is skipped where programs cannot be traced.
pub(crate) const TRACING: &str = "what harms the program at one of its calls, by ptrace";

/// A command that is traced reads the file that this variable of it names; without it, nothing.
pub(crate) const STDIN: &str = "TRACED_STDIN";

/// What is done to the program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harm {
    /// Nothing; the calls are counted.
    None,
    /// SIGKILL as it enters the call of this number, from 1.
    Kill(u64),
    /// SIGKILL as it is about to empty a file in a folder of this name.
    KillBeforeEmptying(&'static str),
    /// SIGKILL as it leaves the call of this number.
    KillAfter(u64),
    /// The call of this number does nothing and fails so.
    Fail(u64, Errno),
    /// From the call of this number on they all do.
    FailOn(u64, Errno),
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Traced {
    /// Calls that were counted.
    pub(crate) calls: u64,
    /// What they were, in their order: name and target; "failed" before it if it did.
    pub(crate) log: Vec<String>,
    /// The name and target of the call that was harmed first.
    pub(crate) harmed: Option<String>,
    /// One call failed, and all after it went well: whatever was undone by it can be done again.
    pub(crate) recovered: bool,
    /// The exit code; none if it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Which calls are counted.
#[derive(Clone, Debug)]
pub(crate) enum Calls {
    /// All that change something outside of the program, or tell it of such a change.
    Outside,
    /// Those that write to files below this folder.
    WritesBelow(PathBuf),
    /// Those that decide what of this folder outlives a power cut: what is asked to be on the disk, what gets or loses a name.
    /// And each line on stdout: what it says must be so from then on.
    Lasting(PathBuf),
}

const OUTSIDE: [(i64, &str); 36] = [
    (libc::SYS_write, "write"),
    (libc::SYS_pwrite64, "pwrite64"),
    (libc::SYS_writev, "writev"),
    (libc::SYS_fsync, "fsync"),
    (libc::SYS_fdatasync, "fdatasync"),
    (libc::SYS_rename, "rename"),
    (libc::SYS_renameat, "renameat"),
    (libc::SYS_renameat2, "renameat2"),
    (libc::SYS_unlink, "unlink"),
    (libc::SYS_unlinkat, "unlinkat"),
    (libc::SYS_mkdir, "mkdir"),
    (libc::SYS_mkdirat, "mkdirat"),
    (libc::SYS_rmdir, "rmdir"),
    (libc::SYS_ftruncate, "ftruncate"),
    (libc::SYS_fallocate, "fallocate"),
    (libc::SYS_link, "link"),
    (libc::SYS_linkat, "linkat"),
    (libc::SYS_copy_file_range, "copy_file_range"),
    (libc::SYS_fchmod, "fchmod"),
    (libc::SYS_chmod, "chmod"),
    (libc::SYS_fchmodat, "fchmodat"),
    (libc::SYS_pwritev, "pwritev"),
    (libc::SYS_pwritev2, "pwritev2"),
    (libc::SYS_sendfile, "sendfile"),
    (libc::SYS_bind, "bind"),
    (libc::SYS_listen, "listen"),
    (libc::SYS_shutdown, "shutdown"),
    (libc::SYS_sendmmsg, "sendmmsg"),
    (libc::SYS_flock, "flock"),
    (libc::SYS_fcntl, "fcntl"),
    (libc::SYS_connect, "connect"),
    (libc::SYS_sendto, "sendto"),
    (libc::SYS_sendmsg, "sendmsg"),
    (libc::SYS_recvfrom, "recvfrom"),
    (libc::SYS_openat, "openat"),
    (libc::SYS_open, "open"),
];

/// The number of the standard output among a program's open files.
const STDOUT: u64 = 1;

/// Calls that write to a file which is open.
const WRITES: [i64; 12] = [
    libc::SYS_write,
    libc::SYS_pwrite64,
    libc::SYS_writev,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_sendfile,
    libc::SYS_copy_file_range,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fchmod,
];
/// Of these, those that ask for something to be on the disk, or change its length.
const LASTING: [i64; 3] = [libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_ftruncate];
/// Calls that change a folder. What they name lies in the program's memory.
const FOLDERS: [i64; 10] = [
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_mkdir,
    libc::SYS_mkdirat,
    libc::SYS_link,
    libc::SYS_linkat,
    libc::SYS_unlink,
    libc::SYS_unlinkat,
    libc::SYS_rmdir,
];
/// Calls that change the rights of what they name. That is a write, too; but nobody asks for it to last.
const RIGHTS: [i64; 2] = [libc::SYS_chmod, libc::SYS_fchmodat];

impl Calls {
    /// The name and target of a call that is counted.
    fn counted(&self, thread: Pid, registers: &Registers) -> Option<String> {
        let number = i64::try_from(registers.orig_rax).ok()?;
        let (_, name) = OUTSIDE.iter().find(|(known, _)| *known == number)?;
        let opens = [libc::SYS_openat, libc::SYS_open].contains(&number);
        let flags = if number == libc::SYS_open {
            registers.rsi
        } else {
            registers.rdx
        };
        let creates =
            i32::try_from(flags & 0xFFFF_FFFF).is_ok_and(|flags| flags & libc::O_CREAT != 0);
        if opens && !creates {
            return None;
        }
        let file = match number {
            libc::SYS_copy_file_range => registers.rdx,
            _ => registers.rdi,
        };
        let target = fs::read_link(format!("/proc/{thread}/fd/{file}"));
        let target = target.unwrap_or_default();
        if number == libc::SYS_fcntl && !locks(registers) {
            return None;
        }
        if let Calls::WritesBelow(folder) = self {
            let below = WRITES.contains(&number) && target.starts_with(folder);
            let named = FOLDERS.contains(&number) || RIGHTS.contains(&number);
            if !below && !opens && !named {
                return None;
            }
        }
        let named = named_at(number, registers).map(|at| text_at(thread, at));
        if let Calls::WritesBelow(_) = self
            && makes_nothing(number, named.as_deref())
        {
            return None;
        }
        if let Calls::Lasting(folder) = self {
            let says = number == libc::SYS_write && registers.rdi == STDOUT;
            let names = named.as_ref().is_some_and(|path| path.starts_with(folder))
                && !RIGHTS.contains(&number);
            let asks = LASTING.contains(&number) && target.starts_with(folder);
            if !says && !names && !asks {
                return None;
            }
        }
        Some(format!("{name} {}", named.unwrap_or(target).display()))
    }
}

/// Whether it is asked for a folder that is there already. Every disk says so, also one that is full or read-only.
fn makes_nothing(number: i64, named: Option<&Path>) -> bool {
    [libc::SYS_mkdir, libc::SYS_mkdirat].contains(&number) && named.is_some_and(Path::exists)
}

/// Where in its memory a call's new name lies, or the only one.
fn named_at(number: i64, registers: &Registers) -> Option<u64> {
    match number {
        libc::SYS_mkdir | libc::SYS_rmdir | libc::SYS_unlink | libc::SYS_open | libc::SYS_chmod => {
            Some(registers.rdi)
        }
        libc::SYS_rename
        | libc::SYS_link
        | libc::SYS_mkdirat
        | libc::SYS_unlinkat
        | libc::SYS_openat
        | libc::SYS_fchmodat => Some(registers.rsi),
        libc::SYS_renameat | libc::SYS_renameat2 | libc::SYS_linkat => Some(registers.r10),
        _ => None,
    }
}

/// A path in a thread's memory.
fn text_at(thread: Pid, at: u64) -> PathBuf {
    let mut text = vec![0; 4096];
    let memory = fs::File::open(format!("/proc/{thread}/mem"));
    let read = memory.and_then(|memory| memory.read_at(&mut text, at));
    text.truncate(read.unwrap_or(0));
    let end = text.iter().position(|byte| *byte == 0);
    text.truncate(end.unwrap_or(0));
    PathBuf::from(OsString::from_vec(text))
}

/// Whether an `fcntl` sets a lock.
fn locks(registers: &Registers) -> bool {
    let command = i32::try_from(registers.rsi).unwrap_or(-1);
    [libc::F_SETLK, libc::F_SETLKW, libc::F_OFD_SETLK].contains(&command)
}

/// Whether programs can be traced here at all; without it the test is skipped.
pub(crate) fn can_trace() -> bool {
    let missing = no_tracing();
    if let Some(missing) = &missing {
        skipped(TRACING, missing);
    }
    missing.is_none()
}

/// Why programs cannot be traced here, if they cannot.
pub(crate) fn no_tracing() -> Option<String> {
    match run(Command::new("true"), &Calls::Outside, Harm::None) {
        Ok(traced) if traced.code == Some(0) => None,
        other => Some(format!("{other:?}")),
    }
}

/// Runs a command to its end, with what it says on stderr.
///
/// # Errors
/// It could not be traced.
pub(crate) fn run(command: Command, calls: &Calls, harm: Harm) -> nix::Result<Traced> {
    run_until(command, calls, harm, &|| {})
}

/// As [`run`]; `before` is called just before it is killed, while the thread that made the call stands still.
///
/// # Errors
/// It could not be traced.
pub(crate) fn run_until(
    command: Command,
    calls: &Calls,
    harm: Harm,
    before: &dyn Fn(),
) -> nix::Result<Traced> {
    let outputs = tempfile::tempdir().map_err(|_| Errno::EIO)?;
    let child = stopped(&command, outputs.path()).map_err(|_| Errno::EIO)?;
    let held = hold(child);
    if held.is_err() {
        // Nobody else would ever let it go on.
        kill(child, Signal::SIGKILL)?;
        waitpid(child, None)?;
    }
    held?;
    let mut watch = Watch {
        child,
        calls,
        harm,
        before,
        leaving: None,
        began: false,
        count: 0,
        log: Vec::new(),
        inside: HashMap::new(),
        harmed: None,
        failing: HashMap::new(),
    };
    let code = watch.until_the_end()?;
    let said = |name| fs::read_to_string(outputs.path().join(name)).unwrap_or_default();
    Ok(Traced {
        calls: watch.count,
        log: watch.log,
        recovered: watch.harmed.is_some() && matches!(harm, Harm::Fail(..)),
        harmed: watch.harmed,
        code,
        stdout: said("stdout"),
        stderr: said("stderr"),
    })
}

/// Takes a program that stops itself under the trace, and lets it go on.
fn hold(child: Pid) -> nix::Result<()> {
    waitpid(child, Some(WaitPidFlag::WUNTRACED))?;
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACECLONE // its threads; programs that it starts run on their own
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(child, options)?;
    kill(child, Signal::SIGCONT)
}

/// Starts the command, which stops itself before it becomes the program.
fn stopped(command: &Command, outputs: &Path) -> std::io::Result<Pid> {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "kill -STOP $$; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(stdin_of(command)?)
        .stdout(fs::File::create(outputs.join("stdout"))?)
        .stderr(fs::File::create(outputs.join("stderr"))?);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let child = shell.spawn()?;
    i32::try_from(child.id())
        .map(Pid::from_raw)
        .map_err(std::io::Error::other)
}

/// A command does not tell what it would read.
fn stdin_of(command: &Command) -> std::io::Result<Stdio> {
    let mut variables = command.get_envs();
    match variables.find(|(name, _)| *name == STDIN) {
        Some((_, Some(path))) => fs::File::open(path).map(Stdio::from),
        _ => Ok(Stdio::null()),
    }
}

struct Watch<'a> {
    child: Pid,
    calls: &'a Calls,
    harm: Harm,
    before: &'a dyn Fn(),
    /// The thread that is to be killed as it leaves its call.
    leaving: Option<Pid>,
    /// Whether the shell has become the program.
    began: bool,
    count: u64,
    log: Vec<String>,
    /// Threads in a call that is counted, and its place in the log.
    inside: HashMap<Pid, usize>,
    harmed: Option<String>,
    /// Threads whose call has been taken from them, and how it is to fail.
    failing: HashMap<Pid, Errno>,
}

impl Watch<'_> {
    /// Lets it run from call to call; the answer is its exit code, none if it was killed.
    fn until_the_end(&mut self) -> nix::Result<Option<i32>> {
        loop {
            // Only what this thread traces: tests beside it have children of their own.
            let own = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
            match waitpid(None, Some(own))? {
                WaitStatus::Exited(pid, code) if pid == self.child => return Ok(Some(code)),
                WaitStatus::Signaled(pid, ..) if pid == self.child => return Ok(None),
                WaitStatus::PtraceSyscall(thread) => {
                    // The thread may be gone: all of them die together.
                    let _ = self.at_call(thread);
                    let _ = ptrace::syscall(thread, None);
                }
                WaitStatus::Stopped(thread, signal) => {
                    let _ = ptrace::syscall(thread, Some(signal));
                }
                WaitStatus::PtraceEvent(thread, _, event) => {
                    self.began |= event == libc::PTRACE_EVENT_EXEC;
                    let _ = ptrace::syscall(thread, None);
                }
                _ => {}
            }
        }
    }

    fn kill(&self) -> nix::Result<()> {
        (self.before)();
        kill(self.child, Signal::SIGKILL)
    }

    /// A thread enters a call or leaves it.
    fn at_call(&mut self, thread: Pid) -> nix::Result<()> {
        let mut registers = ptrace::getregs(thread)?;
        if let Some(errno) = self.failing.remove(&thread) {
            registers.rax = minus(errno);
            return ptrace::setregs(thread, registers);
        }
        if let Some(call) = self.inside.remove(&thread)
            && registers.rax.cast_signed() < 0
        {
            self.log[call].insert_str(0, "failed ");
        }
        if self.leaving == Some(thread) {
            return self.kill();
        }
        // On entering the answer is set to this; no call that is counted ever ends with it.
        if registers.rax != minus(Errno::ENOSYS) || !self.began {
            return Ok(());
        }
        let Some(call) = self.calls.counted(thread, &registers) else {
            return Ok(());
        };
        self.count += 1;
        self.inside.insert(thread, self.log.len());
        self.log.push(call.clone());
        let errno = match self.harm {
            Harm::Kill(at) if at == self.count => {
                self.harmed = Some(call);
                return self.kill();
            }
            Harm::KillBeforeEmptying(folder) if empties_in(folder, &call) => {
                self.harmed = Some(call);
                return self.kill();
            }
            Harm::KillAfter(at) if at == self.count => {
                self.harmed = Some(format!("after {call}"));
                self.leaving = Some(thread);
                return Ok(());
            }
            Harm::Fail(at, errno) if at == self.count => errno,
            Harm::FailOn(at, errno) if at <= self.count => errno,
            _ => return Ok(()),
        };
        self.harmed.get_or_insert(call);
        self.failing.insert(thread, errno);
        registers.orig_rax = u64::MAX; // no call at all
        ptrace::setregs(thread, registers)
    }
}

/// Whether a call of the log empties a file that lies in a folder of this name.
fn empties_in(folder: &str, call: &str) -> bool {
    let Some((name, path)) = call.split_once(' ') else {
        return false;
    };
    let within = Path::new(path).parent().and_then(Path::file_name);
    name == "ftruncate" && within.is_some_and(|name| name == folder)
}

fn minus(errno: Errno) -> u64 {
    (-i64::from(errno as i32)).cast_unsigned()
}
