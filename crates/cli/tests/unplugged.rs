//! A real FAT disk is pulled out or unmounted while the program reads it, and then plugged in again. Nothing corrupt may be kept,
//! nothing may be said to be kept that is not, and in the end every activity is there once. Only `./dev uml` runs this: it takes
//! a kernel of its own.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;
#[path = "common/fat.rs"]
mod fat;
#[path = "common/pulled.rs"]
mod pulled;

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use common::BOTH;
use fat::{Disk, unmount_lazily};
use nix::sys::signal::Signal;
use pulled::{Running, Score, When, World, chance, fewer_moments, moments, own_kernel};

/// Bytes of a long recording, and of some short ones; about.
const LONG_BYTES: f64 = 1.8e6;

/// What the kernel remembers of the disk when the program begins to read it.
#[derive(Clone, Copy, Debug)]
enum Memory {
    Nothing,
    /// How full it is: from then on it says so without asking the disk.
    Room,
    /// Its folders.
    Folders,
    /// Some of the files.
    Some,
    /// All of the files: they could be read on without the disk.
    All,
}

const MEMORIES: [Memory; 5] = [
    Memory::Nothing,
    Memory::Room,
    Memory::Folders,
    Memory::Some,
    Memory::All,
];

impl Memory {
    fn warm(self, world: &World) {
        let files = match self {
            Memory::Nothing => return,
            Memory::Room => {
                nix::sys::statvfs::statvfs(&world.home.device()).unwrap();
                return;
            }
            Memory::Folders => 0,
            Memory::Some => world.rides.len() / 2,
            Memory::All => world.rides.len(),
        };
        let folder = world.home.device().join("GARMIN/Activity");
        let names = fs::read_dir(folder).unwrap().flatten();
        for name in names.take(files) {
            fs::read(name.path()).unwrap();
        }
    }
}

/// What an unharmed sync reads and takes, for each memory.
static WHOLE: OnceLock<Vec<(u64, Duration)>> = OnceLock::new();

fn sync(world: &World, data: &Path) -> Running {
    let device = world.home.device();
    let words = ["sync", "--device", device.to_str().unwrap()];
    Running::start(world, world.home.command_in(data, &words))
}

fn unharmed(world: &World, memory: Memory) -> (u64, Duration) {
    let disk = world.plug_in();
    memory.warm(world);
    disk.slow_down();
    let data = world.library("data-unharmed");
    let (before, began) = (disk.read().unwrap(), Instant::now());
    let ended = sync(world, &data).end();
    let whole = (disk.read().unwrap() - before, began.elapsed());
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    world.everything_is_kept_once(&data);
    fs::remove_dir_all(data).unwrap();
    whole
}

/// The moments of taking in are spread over what an unharmed run takes: nine in ten come while it is at work, and half on a machine
/// that is twice as fast as it was when that run was timed.
const MIDWAY: f64 = 0.5;

/// Every so many moments the device is looked for once more before it is plugged in again. It has no divisor in common with the
/// numbers of memories that the moments go through, so that this comes with each of them.
const LOOKED_FOR: usize = 3;

/// So many moments of taking in by the bytes that were read, and half as many by the time. Each sort goes through what the kernel
/// may remember; where that is all of the files no bytes are read, and there is only the time.
fn spread(whole: &[(u64, Duration)], moments: u32) -> Vec<(Memory, When)> {
    let part = |number: u32, all: u32| (f64::from(number) + chance(number)) / f64::from(all);
    let known = || MEMORIES.into_iter().zip(whole.iter().copied());
    let read = known().filter(|(memory, _)| !matches!(memory, Memory::All));
    let by_bytes = read
        .cycle()
        .zip(0..moments)
        .map(|((memory, (bytes, _)), number)| {
            let bytes = bytes as f64 * part(number, moments);
            (memory, When::Read(bytes as u64))
        });
    let half = moments.div_ceil(2);
    let by_time = known()
        .cycle()
        .zip(0..half)
        .map(|((memory, (_, time)), number)| {
            (memory, When::After(time.mul_f64(part(number, half))))
        });
    by_bytes.chain(by_time).collect()
}

/// Harms a sync at the moments of [`spread`], each with a library of its own.
fn harmed_while_taking_in(name: &'static str, moments: u32, harm: fn(&World, &Disk) -> Left) {
    let world = World::of_many_rides();
    let whole = WHOLE.get_or_init(|| MEMORIES.map(|memory| unharmed(&world, memory)).to_vec());
    let mut score = Score::new(name, MIDWAY);
    for (number, (memory, when)) in spread(whole, moments).into_iter().enumerate() {
        score.moment(&format!("{memory:?} {when:?}"), || {
            let disk = world.plug_in();
            memory.warm(&world);
            disk.slow_down();
            let data = world.library(&format!("data-{number}"));
            let mut running = sync(&world, &data);
            let midway = running.wait_for(when, &disk);
            let left = harm(&world, &disk);
            let ended = running.end();
            match left {
                // It may have come too late to see anything but that.
                Left::EmptyFolder if ended.lines.is_empty() => {
                    world.library_is_sound(&data, &ended);
                }
                _ => world.nothing_is_wrong(&data, &ended),
            }
            if number % LOOKED_FOR == 0 {
                // Before anybody has cleared that away.
                let again = sync(&world, &data).end();
                world.library_is_sound(&data, &again);
            }
            drop(world.plug_in());
            let ended = sync(&world, &data).end();
            assert_eq!(ended.code, Some(0), "{ended:#?}");
            world.everything_is_kept_once(&data);
            fs::remove_dir_all(data).unwrap();
            midway
        });
    }
    score.end();
}

/// What there is after the harm where the device was.
enum Left {
    DeadDisk,
    EmptyFolder,
}

fn pull(_: &World, disk: &Disk) -> Left {
    disk.pull();
    Left::DeadDisk
}

fn fail_and_pull(_: &World, disk: &Disk) -> Left {
    disk.fail();
    std::thread::sleep(Duration::from_millis(600));
    disk.pull();
    Left::DeadDisk
}

fn unmount(world: &World, _: &Disk) -> Left {
    assert!(unmount_lazily(&world.home.device()));
    Left::EmptyFolder
}

#[test]
#[ignore = "takes a kernel of its own: ./dev uml"]
fn in_uml_pulled_out_while_taking_in() {
    if own_kernel() {
        harmed_while_taking_in("pulled out while taking in", moments(), pull);
    }
}

#[test]
#[ignore = "takes a kernel of its own: ./dev uml"]
fn in_uml_failing_before_it_is_pulled_out() {
    if own_kernel() {
        harmed_while_taking_in(
            "failing before it is pulled out",
            fewer_moments(),
            fail_and_pull,
        );
    }
}

#[test]
#[ignore = "takes a kernel of its own: ./dev uml"]
fn in_uml_unmounted_lazily_while_taking_in() {
    if own_kernel() {
        harmed_while_taking_in("unmounted lazily while taking in", fewer_moments(), unmount);
    }
}

#[test]
#[ignore = "takes a kernel of its own: ./dev uml"]
fn in_uml_pulled_out_while_sending() {
    if !own_kernel() {
        return;
    }
    let mut world = World::empty();
    world.home.sign_in();
    let mut score = Score::new("pulled out while sending", 0.0);
    for number in 0..fewer_moments() {
        world.record(4);
        score.moment(&format!("{number}"), || {
            let disk = world.plug_in();
            let mut running = sync(&world, &world.home.data());
            let time = Duration::from_millis(100).mul_f64(f64::from(number) + chance(number));
            let midway = running.wait_for(When::After(time), &disk);
            disk.pull();
            let ended = running.end();
            world.nothing_is_wrong(&world.home.data(), &ended);
            drop(world.plug_in());
            let ended = sync(&world, &world.home.data()).end();
            assert_eq!(ended.code, Some(0), "{ended:#?}");
            world.everything_is_kept_once(&world.home.data());
            for service in BOTH {
                let mut received = world.home.received(service);
                received.sort();
                let all: Vec<_> = world.rides.iter().cloned().collect();
                assert!(received == all, "{service:?} has {}", received.len());
            }
            midway
        });
    }
    score.end();
}

/// One run of `sync --watch` sees the disk come and go; each time there is more on it.
#[test]
#[ignore = "takes a kernel of its own: ./dev uml"]
fn in_uml_pulled_out_while_watching() {
    if !own_kernel() {
        return;
    }
    let mut world = World::empty();
    let data = world.home.data();
    let watch = world.home.command(&["sync", "--watch"]);
    let mut running = Running::start(&world, watch);
    let mut score = Score::new("pulled out while watching", 0.0);
    let rounds = fewer_moments();
    for number in 0..rounds {
        world.record(4);
        world.record_for_long(number);
        let part = (f64::from(number) + chance(number)) / f64::from(rounds);
        let when = When::Read((LONG_BYTES * part) as u64);
        score.moment(&format!("{number}, {when:?}"), || {
            let disk = world.plug_in();
            disk.slow_down();
            let midway = running.wait_for(when, &disk);
            assert!(midway, "it has ended: {:#?}", running.so_far());
            if number % 2 == 0 {
                disk.pull();
            } else {
                unmount_lazily(&world.home.device());
            }
            let kept = world.kept(&data);
            std::thread::sleep(Duration::from_millis(500));
            world.nothing_is_wrong(&data, &running.so_far());
            drop(world.plug_in());
            // A disk that is back so soon may look as if it had never gone; it is looked at again after a minute.
            let patience = Duration::from_secs(75);
            let is_all = running.wait_until(patience, || world.kept(&data) == world.rides.len());
            assert!(
                is_all,
                "{} kept of {}: {:#?}",
                world.kept(&data),
                world.rides.len(),
                running.so_far()
            );
            world.everything_is_kept_once(&data);
            unmount_lazily(&world.home.device());
            kept < world.rides.len()
        });
    }
    running.signal(Signal::SIGINT);
    let ended = running.end();
    world.nothing_is_wrong(&data, &ended);
    score.end();
}
