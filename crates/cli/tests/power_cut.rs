//! The power goes while the program works: at its calls that make something last or say that it is done, and at any moment. After
//! that the disk is mounted again: what was said to be done is there, the library is sound, and the program goes on.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;
#[path = "common/dice.rs"]
mod dice;
#[path = "common/disk.rs"]
mod disk;
#[path = "common/tracer.rs"]
mod tracer;
#[path = "common/ways.rs"]
mod ways;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use common::skipped::{partly_skipped, skipped};
use common::{Home, ended};
use dice::Dice;
use disk::Disk;
use serde_json::Value;
use tracer::{Calls, Harm, TRACING, Traced, no_tracing};
use ways::told::{is_promise, line_is_so};
use ways::{Said, WAYS, Way, clean};

/// Cuts of each way in `./dev test`: at named points, spread over all of them, and at moments.
const SAMPLE: (u64, u64) = (2, 2);
/// The same in `./dev soak`: every point.
const ALL: (u64, u64) = (u64::MAX, 40);
/// Each so many cuts at a moment are followed by another, while the program comes back from the first.
const AGAIN: u64 = 3;
/// The named points are planned by the shortest of so many undisturbed runs: the first makes folders that the others find.
const UNDISTURBED: u32 = 2;
/// A named point is reached in one of so many runs, or the test has failed.
const TRIES: u32 = 40;
/// Each way of `./dev test` has two ends, its named points, its moments, and one more while it comes back.
const SAMPLE_CUTS: u32 = 7;
/// Of all ways together, in `./dev soak`.
const ALL_CUTS: u32 = 300;
/// Moments lie within this share of an undisturbed run: some come when it has just ended.
const BEYOND: f64 = 1.1;
/// The home's data lies on the disk; all else of it, the device and the services too, outlives the cuts.
struct World {
    home: Home,
    disk: Disk,
    runs: u32,
}

/// How many times the power went.
#[derive(Default)]
struct Count {
    /// While the program ran.
    running: u32,
    /// When it had ended.
    ended: u32,
}

impl Count {
    fn add(&mut self, run: &Traced) {
        match run.code {
            None => self.running += 1,
            Some(_) => self.ended += 1,
        }
    }

    fn all(&self) -> u32 {
        self.running + self.ended
    }
}

impl World {
    fn new(disk: Disk) -> World {
        let home = Home::on(&disk.place());
        home.sign_in();
        World {
            home,
            disk,
            runs: 0,
        }
    }

    /// Sets a way up, so that it starts from what is on the disk.
    fn prepared(&mut self, way: &Way) -> Said {
        self.runs += 1;
        let command = (way.prepare)(&self.home, self.runs);
        self.disk.restart();
        command
    }

    /// Runs a command, the power going at one of its calls, or else when it has ended.
    fn at_call(&self, command: &Said, harm: Harm) -> Traced {
        let calls = Calls::Lasting(self.disk.place());
        let run = tracer::run_until(command.command(&self.home), &calls, harm, &|| {
            self.disk.cut()
        });
        self.disk.cut();
        self.disk.restart();
        run.unwrap()
    }

    /// Runs a command, the power going after this time.
    fn at_moment(&self, command: &Said, moment: Duration) -> Traced {
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| self.home.path(name));
        let mut started = command.command(&self.home);
        started.stdout(File::create(&stdout).unwrap());
        started.stderr(File::create(&stderr).unwrap());
        let mut child = started.spawn().unwrap();
        std::thread::sleep(moment);
        self.disk.cut();
        child.kill().unwrap();
        let code = child.wait().unwrap().code();
        self.disk.restart();
        Traced {
            calls: 0,
            log: Vec::new(),
            recovered: false,
            harmed: Some(format!("after {moment:?}")),
            code,
            stdout: fs::read_to_string(stdout).unwrap(),
            stderr: fs::read_to_string(stderr).unwrap(),
        }
    }

    /// What was said before the power went is so, and the library is sound.
    fn holds(&self, way: &Way, command: &Said, run: &Traced) {
        assert!(!run.stderr.contains("panicked"), "{}: {run:?}", way.name);
        let mut lines = run.stdout.lines();
        let told = lines
            .by_ref()
            .map(|line| serde_json::from_str(line).unwrap());
        let told: Vec<Value> = told.collect();
        for line in &told {
            self.is_so(command, line, run);
        }
        let kept = told.iter().any(|line| line["event"] == "taken_in");
        // A library whose first start was cut short is no library yet.
        if command.data == self.home.data() || kept {
            let doctor = ended(self.home.command_in(&command.data, &["doctor"]));
            let mut wrong = doctor.lines;
            // What was being taken in has its file before its row; going on, it finds the file and gives it the row.
            let on_its_way = |finding: &Value| !kept && is_stray(finding);
            wrong.retain(|finding| finding["ok"] != true && !on_its_way(finding));
            assert!(wrong.is_empty(), "{}: {run:?} {wrong:#?}", way.name);
        }
    }

    fn is_so(&self, command: &Said, line: &Value, run: &Traced) {
        if is_promise(line) {
            line_is_so(&self.home, &command.data, self.runs, line, run);
        } else {
            // What went wrong is no promise, and may be the power.
            let is_none = line["event"] == "upload" || line["error"].is_object();
            assert!(is_none, "{line}: {run:?}");
        }
    }

    /// Cuts the power at so many named points of a way, spread over all of them; gives at how many.
    fn named(&mut self, way: &Way, most: u64, dice: &mut Dice, count: &mut Count) -> u64 {
        let undisturbed = (0..UNDISTURBED).map(|_| {
            let command = self.prepared(way);
            let whole = self.at_call(&command, Harm::None);
            assert_eq!(whole.code, Some(0), "{}: {whole:?}", way.name);
            names_last(way, &whole);
            self.checked(way, &command, &whole);
            count.add(&whole);
            whole.calls
        });
        // Each call has two: before anything of it is done, and when all of it is.
        let planned = 2 * undisturbed.min().unwrap();
        let points = planned.min(most);
        assert!(points > 0, "{}: no named point", way.name);
        for point in 1..=points {
            let point = dice.within(point, points, planned);
            let call = point.div_ceil(2);
            let harm = if point % 2 == 1 {
                Harm::Kill(call)
            } else {
                Harm::KillAfter(call)
            };
            let reached = (0..TRIES).any(|_| {
                let command = self.prepared(way);
                let run = self.at_call(&command, harm);
                self.checked(way, &command, &run);
                count.add(&run);
                run.harmed.is_some()
            });
            assert!(reached, "{}: never came to call {call}", way.name);
        }
        points
    }

    /// Cuts the power at moments of a way.
    fn moments(&mut self, way: &Way, cuts: u64, dice: &mut Dice, count: &mut Count) {
        let command = self.prepared(way);
        let began = Instant::now();
        let whole = ended(command.command(&self.home));
        let lasts = began.elapsed().mul_f64(BEYOND);
        assert_eq!(whole.code, Some(0), "{}: {whole:#?}", way.name);
        for cut in 0..cuts {
            let command = self.prepared(way);
            let mut run = self.at_moment(&command, lasts.mul_f64(dice.share()));
            count.add(&run);
            if cut % AGAIN == 1 {
                self.holds(way, &command, &run);
                run = self.at_moment(&command, lasts.mul_f64(dice.share()));
                count.add(&run);
            }
            self.checked(way, &command, &run);
        }
    }

    fn checked(&self, way: &Way, command: &Said, run: &Traced) {
        self.holds(way, command, run);
        (way.check)(&self.home, self.runs, command, run);
        clean(&self.home);
    }
}

/// Before a line is said, and at the end, the folder of each new name has been asked to last. ext4 keeps more than it is asked for:
/// a name that is forgotten comes to light here, and not by a cut.
fn names_last(way: &Way, whole: &Traced) {
    let mut forgotten = BTreeSet::new();
    for call in whole.log.iter().map(String::as_str).chain(["ends"]) {
        let (name, target) = call.split_once(' ').unwrap_or((call, ""));
        match name {
            "mkdir" | "mkdirat" | "rename" | "renameat" | "renameat2" => {
                forgotten.extend(Path::new(target).parent());
            }
            "fsync" => drop(forgotten.remove(Path::new(target))),
            "write" | "ends" => {
                assert!(
                    forgotten.is_empty(),
                    "{}: {call}: {forgotten:?} {:#?}",
                    way.name,
                    whole.log
                );
            }
            _ => {}
        }
    }
}

/// Whether the doctor found a file that no activity belongs to.
fn is_stray(finding: &Value) -> bool {
    let what = finding["what"].as_str().unwrap_or_default();
    what.contains("lies among the originals")
}

fn cut((named, moments): (u64, u64), at_least: u32) {
    if disk_or_word().is_none() {
        return;
    }
    let untraced = no_tracing();
    if let Some(missing) = &untraced {
        partly_skipped(TRACING, missing);
    }
    let (seed, mut all) = (dice::seed(), 0);
    for way in &WAYS {
        let disk = Disk::new().unwrap();
        let (mut world, mut count, began) = (World::new(disk), Count::default(), Instant::now());
        let mut dice = Dice::of(seed, way.name);
        let points = if untraced.is_none() {
            world.named(way, named, &mut dice, &mut count)
        } else {
            0
        };
        world.moments(way, moments, &mut dice, &mut count);
        world.disk.sound();
        all += count.all();
        eprintln!(
            "{}: {points} named points, {} cuts, {} of them while it ran, {} s",
            way.name,
            count.all(),
            count.running,
            began.elapsed().as_secs()
        );
    }
    eprintln!("{all} power cuts");
    assert!(
        all >= at_least || untraced.is_some(),
        "{all} of {at_least} power cuts"
    );
}

/// A disk; without one the test is skipped.
fn disk_or_word() -> Option<Disk> {
    match Disk::new() {
        Ok(disk) => Some(disk),
        Err(missing) => {
            skipped("power cuts", missing);
            None
        }
    }
}

#[test]
fn the_power_goes_at_some_points_of_every_way() {
    cut(SAMPLE, SAMPLE_CUTS * u32::try_from(WAYS.len()).unwrap());
}

#[test]
#[ignore = "takes many minutes: ./dev soak"]
fn soak_the_power_goes_at_every_point_of_every_way() {
    cut(ALL, ALL_CUTS);
}

/// The proof of the proof: a cut takes what it must.
#[test]
fn a_cut_takes_what_was_not_asked_to_last() {
    let Some(disk) = disk_or_word() else {
        return;
    };
    let at = |name: &str| disk.place().join(name);
    let write = |name: &str, lasts: bool| {
        let mut file = File::create(at(name)).unwrap();
        file.write_all(b"some bytes").unwrap();
        if lasts {
            file.sync_all().unwrap();
        }
    };
    write("renamed over", true);
    write("new", false);
    fs::rename(at("new"), at("renamed over")).unwrap();
    write("forgotten", false);
    write("asked for", true);
    write("later", false);
    fs::rename(at("asked for"), at("name not asked for")).unwrap();
    disk.cut();
    File::create(at("too late")).unwrap_err();
    disk.restart();
    assert_eq!(fs::read(at("asked for")).unwrap(), b"some bytes");
    assert!(fs::read(at("forgotten")).unwrap_or_default().is_empty());
    assert!(fs::read(at("renamed over")).unwrap().is_empty());
    for name in ["later", "name not asked for", "too late"] {
        assert!(!at(name).exists(), "{name}");
    }
    disk.sound();
}
