//! The program is killed at each system call that changes something outside of it, on each of its ways: taking in, sending,
//! renewing a sign-in, signing in and out, its very first start, the first start of a newer version. Or its disk fails at one of the
//! calls that write to it, once or from then on. After that it is run in peace: nothing may be lost, nothing may be there twice, and
//! the library must open. `TRACKDOCK_WAYS` chooses ways by parts of their names (`renewing,signing in`); without it all are tried.
//! Where not every point is tried, the day chooses which, or `TRACKDOCK_SEED`: each run says its seed.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;
#[path = "common/dice.rs"]
mod dice;
#[path = "common/tracer.rs"]
mod tracer;
#[path = "common/ways.rs"]
mod ways;

use std::time::Instant;

use common::Home;
use dice::Dice;
use nix::errno::Errno;
use tracer::{Calls, Harm, Traced, can_trace};
use ways::{WAYS, Way, chosen, chosen_by, clean, signed_in};

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

/// The points are planned by the shortest of so many undisturbed runs: threads and the network make some longer than others.
const UNDISTURBED: usize = 3;
/// A point is reached in one of so many runs, or the test has failed.
const TRIES: usize = 40;

/// A way that is harmed again and again, in one home.
struct Attack<'a> {
    way: &'a Way,
    home: Home,
    calls: Calls,
    runs: u32,
    dice: Dice,
}

impl Attack<'_> {
    fn on(way: &Way, seed: u64, calls: impl Fn(&Home) -> Calls) -> Attack<'_> {
        let home = signed_in();
        Attack {
            way,
            calls: calls(&home),
            home,
            runs: 0,
            dice: Dice::of(seed, way.name),
        }
    }

    /// One run, and all that must hold after it.
    fn run(&mut self, harm: Harm) -> Traced {
        self.runs += 1;
        let way = self.way;
        let command = (way.prepare)(&self.home, self.runs);
        let traced = tracer::run(command.command(&self.home), &self.calls, harm).unwrap();
        let name = way.name;
        assert!(!traced.stderr.contains("panicked"), "{name}: {traced:?}");
        (way.check)(&self.home, self.runs, &command, &traced);
        traced
    }

    /// How many calls every run has.
    fn planned(&mut self) -> u64 {
        let undisturbed = (0..UNDISTURBED).map(|_| {
            let whole = self.run(Harm::None);
            assert_eq!(whole.code, Some(0), "{}: {whole:?}", self.way.name);
            whole.calls
        });
        undisturbed.min().unwrap()
    }

    /// Harms the way at so many of its planned points, each of which is reached, and, where these are all of them, at those that
    /// only a longer run has. Gives how many runs were harmed.
    fn sweep(&mut self, harm: fn(u64) -> Harm, planned: u64, most: u64) -> u64 {
        let points = planned.min(most);
        assert!(points > 0, "{}: nothing to harm", self.way.name);
        for point in 1..=points {
            let at = self.dice.within(point, points, planned);
            let reached = (0..TRIES).any(|_| self.run(harm(at)).harmed.is_some());
            assert!(reached, "{}: never came to call {at}", self.way.name);
        }
        let mut harmed = points;
        while points == planned && self.run(harm(harmed + 1)).harmed.is_some() {
            harmed += 1;
        }
        clean(&self.home);
        harmed
    }
}

fn killed(most: u64) {
    if !can_trace() {
        return;
    }
    let seed = dice::seed();
    for way in chosen() {
        let began = Instant::now();
        let mut attack = Attack::on(way, seed, |_| Calls::Outside);
        let planned = attack.planned();
        let harmed = attack.sweep(Harm::Kill, planned, most);
        let seconds = began.elapsed().as_secs();
        eprintln!(
            "{}: {planned} calls in every run, killed at {harmed}, {seconds} s",
            way.name
        );
    }
}

fn disk_fails(faults: &[fn(u64) -> Harm], most: u64) {
    if !can_trace() {
        return;
    }
    let seed = dice::seed();
    for way in chosen() {
        let began = Instant::now();
        let mut attack = Attack::on(way, seed, |home| {
            Calls::WritesBelow(home.folder.path().canonicalize().unwrap())
        });
        let planned = attack.planned();
        let harmed: u64 = faults
            .iter()
            .map(|harm| attack.sweep(*harm, planned, most))
            .sum();
        let seconds = began.elapsed().as_secs();
        eprintln!(
            "{}: {planned} writing calls in every run, {harmed} runs with a failing disk, {seconds} s",
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
fn ways_are_chosen_by_parts_of_their_names() {
    #[track_caller]
    fn check(asked: &str, count: usize) {
        assert_eq!(chosen_by(asked).unwrap().len(), count, "{asked:?}");
    }
    check("renewing", 1);
    check("first start", 2);
    check("for the first time", 2);
    check("signing in, renewing,signing", 7);
    for nothing in ["", "renewed", "renewing,", "signing,renewed"] {
        let why = chosen_by(nothing).err().unwrap();
        let all_are_named = WAYS.iter().all(|way| why.contains(way.name));
        assert!(all_are_named, "{nothing:?}: {why}");
    }
}

/// Of some ways alone: `TRACKDOCK_WAYS="renewing,signing"`.
#[test]
#[ignore = "takes many minutes: ./dev soak"]
fn soak_killed_at_every_call_of_every_way() {
    killed(u64::MAX);
}

/// Of some ways alone: `TRACKDOCK_WAYS="renewing,signing"`.
#[test]
#[ignore = "takes many minutes: ./dev soak"]
fn soak_a_disk_that_fails_at_every_call() {
    disk_fails(&FAULTS, u64::MAX);
}
