//! The memory of the running program, in which tokens stand, is no other program's: the real one is started, as an ordinary user,
//! and the kernel is asked about it.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::Home;
use common::skipped::{partly_skipped, skipped};
use rustix::process::{Resource, Rlimit, getrlimit, getuid, setrlimit};

/// The user that the program runs as where the test is root's.
const NOBODY: u32 = 65534;
const ROOT: u32 = 0;

/// A program that is ended with the test.
struct Running(Child);

impl Running {
    /// With all the core dump that may be, and as an ordinary user.
    fn start(mut command: Command) -> Running {
        if getuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Running(command.spawn().unwrap())
    }

    /// Who may look into its memory: the kernel gives these files to root once nobody else may.
    fn owner_of_memory(&self) -> u32 {
        let memory = fs::metadata(format!("/proc/{}/mem", self.0.id()));
        memory.unwrap().uid()
    }

    /// How large its core dump may be: now, and at most.
    fn core_dump(&self) -> Vec<String> {
        let limits = fs::read_to_string(format!("/proc/{}/limits", self.0.id())).unwrap();
        let mut lines = limits.lines();
        let line = lines.find_map(|line| line.strip_prefix("Max core file size"));
        let words = line.unwrap().split_whitespace();
        words.take(2).map(str::to_owned).collect()
    }

    /// Waits for what it makes when it has begun.
    fn has_made(&mut self, path: &Path) {
        while !path.exists() {
            assert!(self.0.try_wait().unwrap().is_none(), "it has ended");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Allows the programs that this starts the largest core dump that this user may allow.
fn allow_core_dumps() {
    let mut limit = getrlimit(Resource::Core);
    if getuid().is_root() {
        limit.maximum = None;
    }
    let limit = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Core, limit).unwrap();
}

/// Gives the folder and all in it to the user that the program runs as.
fn give(path: &Path) {
    if !getuid().is_root() {
        return;
    }
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        entries.for_each(|entry| give(&entry.unwrap().path()));
    }
}

#[test]
fn nobody_else_may_look_into_the_running_program() {
    allow_core_dumps();
    let home = Home::new();
    // Where this was built, another user may not be able to go.
    let program = home.path("trackdock-cli");
    fs::copy(env!("CARGO_BIN_EXE_trackdock-cli"), &program).unwrap();
    give(home.folder.path());

    // What the kernel says of a program that does nothing about it.
    let mut other = Command::new("sleep");
    other.arg("600");
    let other = Running::start(other);
    if other.owner_of_memory() == ROOT {
        return skipped("who may look into the program", "all is root's here");
    }
    let dumps = other.core_dump();

    let data = home.data();
    let device = home.device();
    let as_built = home.command(&["sync", "--watch", "--device", device.to_str().unwrap()]);
    let mut command = Command::new(program);
    command.args(as_built.get_args());
    let mut running = Running::start(command);
    running.has_made(&data.join("library.db"));
    assert_eq!(running.owner_of_memory(), ROOT);
    assert_eq!(running.core_dump(), ["0", "0"]);
    if dumps[0] == "0" {
        partly_skipped("core dumps of the program", "none are allowed here");
    }
}
