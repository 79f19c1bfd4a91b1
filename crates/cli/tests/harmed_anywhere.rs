//! The program is killed at each system call that changes something outside of it, on each of its ways: taking in, sending,
//! renewing a sign-in, signing in and out, its very first start, the first start of a newer version. Or its disk fails at one of the calls that write to it, once or
//! from then on. After that it is run in peace: nothing may be lost, nothing may be there twice, and the library must open.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;
#[path = "common/tracer.rs"]
mod tracer;
#[path = "common/ways.rs"]
mod ways;

use std::time::Instant;

use common::Home;
use nix::errno::Errno;
use tracer::{Calls, Harm, can_trace};
use ways::{WAYS, Way, clean, signed_in};

/// Points of each way in `./dev test`, spread over all of them; every one by `./dev soak`.
const SAMPLE: u64 = 8;
/// Points of each way and fault of the disk in `./dev test`.
const SAMPLE_OF_DISK: u64 = 2;
/// How a disk fails: full, over its quota, read-only, broken; once or from then on. The first half are tried in `./dev test`.
const FAULTS: [fn(u64) -> Harm; 8] = [
    |at| Harm::FailOn(at, Errno::ENOSPC),
    |at| Harm::Fail(at, Errno::EDQUOT),
    |at| Harm::FailOn(at, Errno::EROFS),
    |at| Harm::Fail(at, Errno::EIO),
    |at| Harm::Fail(at, Errno::ENOSPC),
    |at| Harm::FailOn(at, Errno::EDQUOT),
    |at| Harm::Fail(at, Errno::EROFS),
    |at| Harm::FailOn(at, Errno::EIO),
];

/// Of all ways the first: those that put something on the disk that must not be lost.
const WAYS_THAT_WRITE: usize = 4;

/// What is done to a way: at which calls, and how.
struct Attack<'a> {
    calls: &'a Calls,
    harm: fn(u64) -> Harm,
    /// At so many points at most.
    most: u64,
}

impl Attack<'_> {
    /// Harms a way at its points; gives how many it has, and how many runs were harmed.
    fn sweep(&self, way: &Way, home: &Home, numbers: &mut u32) -> (u64, u32) {
        let mut run = |harm| {
            *numbers += 1;
            let command = (way.prepare)(home, *numbers);
            let traced = tracer::run(command.command(home), self.calls, harm).unwrap();
            assert!(
                !traced.stderr.contains("panicked"),
                "{}: {traced:?}",
                way.name
            );
            (way.check)(home, *numbers, &command, &traced);
            traced
        };
        let whole = run(Harm::None);
        assert_eq!(whole.code, Some(0), "{}: {whole:?}", way.name);
        let points = whole.calls.min(self.most);
        let harmed = (1..=points).filter(|point| {
            let traced = run((self.harm)(point * whole.calls / points));
            traced.harmed.is_some()
        });
        let harmed = harmed.count();
        assert!(harmed > 0, "{}: nothing was harmed", way.name);
        (whole.calls, u32::try_from(harmed).unwrap())
    }
}

fn killed(most: u64) {
    if !can_trace() {
        return;
    }
    for way in &WAYS {
        let (home, mut numbers) = (signed_in(), 0);
        let attack = Attack {
            calls: &Calls::Outside,
            harm: Harm::Kill,
            most,
        };
        let began = Instant::now();
        let (calls, harmed) = attack.sweep(way, &home, &mut numbers);
        clean(&home);
        let seconds = began.elapsed().as_secs();
        eprintln!(
            "{}: {calls} calls, killed in {harmed} runs, {seconds} s",
            way.name
        );
    }
}

fn disk_fails(faults: &[fn(u64) -> Harm], most: u64) {
    if !can_trace() {
        return;
    }
    for way in WAYS.iter().take(WAYS_THAT_WRITE) {
        let (home, mut numbers) = (signed_in(), 0);
        let calls = Calls::WritesBelow(home.folder.path().canonicalize().unwrap());
        let began = Instant::now();
        let (mut runs, mut most_calls) = (0, 0);
        for harm in faults {
            let calls = &calls;
            let (calls, harmed) = Attack {
                calls,
                harm: *harm,
                most,
            }
            .sweep(way, &home, &mut numbers);
            clean(&home);
            runs += harmed;
            most_calls = most_calls.max(calls);
        }
        let seconds = began.elapsed().as_secs();
        eprintln!(
            "{}: {most_calls} writing calls, {runs} runs with a failing disk, {seconds} s",
            way.name
        );
    }
}

#[test]
fn killed_at_some_call_of_every_way() {
    killed(SAMPLE);
}

#[test]
fn a_disk_that_fails_at_some_call() {
    disk_fails(&FAULTS[..4], SAMPLE_OF_DISK);
}

#[test]
#[ignore = "takes many minutes: ./dev soak"]
fn soak_killed_at_every_call_of_every_way() {
    killed(u64::MAX);
}

#[test]
#[ignore = "takes many minutes: ./dev soak"]
fn soak_a_disk_that_fails_at_every_call() {
    disk_fails(&FAULTS, u64::MAX);
}
