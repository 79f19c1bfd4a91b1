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

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use common::{BOTH, Home, SERVICES, ended, fit, ride};
use nix::errno::Errno;
use sandbox::Expire;
use tracer::{Calls, Harm, Traced, can_trace};

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

/// A command, and the data folder that it is for.
struct Said {
    data: PathBuf,
    words: Vec<String>,
}

/// Of all ways the first: those that put something on the disk that must not be lost.
const WAYS_THAT_WRITE: usize = 4;

/// Takes back what came after the first version of the database.
const BACK_TO_VERSION_1: &str = "ALTER TABLE upload DROP COLUMN looks; PRAGMA user_version = 1;";

/// One way of the program, harmed at a call of it; and what must hold afterwards.
struct Way {
    name: &'static str,
    /// Sets up what the way needs; the answer is the command. `n` is a number of its own for each run.
    prepare: fn(&Home, n: u32) -> Said,
    /// Goes on in peace and looks.
    check: fn(&Home, n: u32, command: &Said, killed: &Traced),
}

const WAYS: [Way; 7] = [
    Way {
        name: "taking in",
        prepare: |home, n| {
            let file = home.path(&format!("{n}.fit"));
            std::fs::write(&file, fit(n)).unwrap();
            said(home, &["import", file.to_str().unwrap()])
        },
        check: |home, n, command, harmed| {
            if harmed.code == Some(0) {
                kept_once(home, n); // what it says is done is done
            }
            again(home, command, harmed);
            kept_once(home, n);
        },
    },
    Way {
        name: "sending",
        prepare: sync_of,
        check: |home, n, command, harmed| {
            if harmed.code == Some(0) {
                sent_once(home, n, harmed);
            }
            again(home, command, harmed);
            sent_once(home, n, harmed);
        },
    },
    Way {
        name: "its first start",
        prepare: |home, n| {
            let file = home.path(&format!("{n}.fit"));
            std::fs::write(&file, fit(n)).unwrap();
            Said {
                data: home.path(&format!("data-{n}")),
                ..said(home, &["import", file.to_str().unwrap()])
            }
        },
        check: |home, n, command, harmed| {
            again(home, command, harmed);
            kept_once_in(home, &command.data, n);
            let header = std::fs::read(command.data.join("library.db")).unwrap();
            assert_eq!(
                header[18..20],
                [2, 2],
                "no write-ahead log after {harmed:?}"
            );
            let doctor = Said {
                data: command.data.clone(),
                ..said(home, &["doctor"])
            };
            let doctor = run_of(home, &doctor);
            assert!(!doctor.stderr.contains("panicked"), "{harmed:?} {doctor:?}");
            std::fs::remove_dir_all(&command.data).unwrap();
        },
    },
    Way {
        name: "its first start after version 1",
        prepare: |home, n| {
            let file = home.path(&format!("{n}.fit"));
            std::fs::write(&file, fit(n)).unwrap();
            let command = Said {
                data: home.path(&format!("data-{n}")),
                ..said(home, &["import", file.to_str().unwrap()])
            };
            assert_eq!(run_of(home, &command).code, Some(0));
            let db = rusqlite::Connection::open(command.data.join("library.db")).unwrap();
            db.execute_batch(BACK_TO_VERSION_1).unwrap();
            command
        },
        check: |home, n, command, harmed| {
            again(home, command, harmed);
            kept_once_in(home, &command.data, n);
            let version = |file: &str| -> i64 {
                let db = rusqlite::Connection::open(command.data.join(file)).unwrap();
                db.pragma_query_value(None, "user_version", |row| row.get(0))
                    .unwrap()
            };
            assert_eq!(version("library.db.before-2"), 1, "{harmed:?}");
            assert!(version("library.db") >= 2, "{harmed:?}");
            std::fs::remove_dir_all(&command.data).unwrap();
        },
    },
    Way {
        name: "renewing a sign-in",
        prepare: |home, n| {
            home.sandbox.expire(None, Expire::Access);
            sync_of(home, n)
        },
        check: |home, n, command, killed| {
            // An answer that was lost with the new tokens may cost a sign-in, and nothing else.
            let ended = run_of(home, command);
            if ended.code != Some(0) {
                home.sign_in();
                again(home, command, killed);
            }
            sent_once(home, n, killed);
        },
    },
    Way {
        name: "signing in",
        prepare: |home, _| said(home, &["login", SERVICES[1]]),
        check: |home, _, command, killed| {
            again(home, command, killed);
            assert_eq!(home.well(&["accounts"]).len(), 2, "{killed:?}");
        },
    },
    Way {
        name: "signing out",
        prepare: |home, _| said(home, &["logout", SERVICES[1]]),
        check: |home, _, command, killed| {
            // It may have been done already; then there is nobody to sign out.
            run_of(home, command);
            let secrets = std::fs::read_to_string(home.data().join("secrets.json"));
            let left = secrets.unwrap_or_default();
            assert!(!left.contains("trek-point"), "{killed:?}: {left}");
            let tokens = home.sandbox.tokens();
            let live = tokens[SERVICES[1]].refresh.live;
            assert_eq!(live, 0, "{killed:?}: still signed in at the service");
            home.well(&["login", SERVICES[1]]);
        },
    },
];

fn said(home: &Home, words: &[&str]) -> Said {
    Said {
        data: home.data(),
        words: words.iter().copied().map(str::to_owned).collect(),
    }
}

fn sync_of(home: &Home, n: u32) -> Said {
    home.put(&format!("{n}/GARMIN/Activity/{n}.fit"), &fit(n));
    let device = home.device().join(n.to_string());
    said(home, &["sync", "--device", device.to_str().unwrap()])
}

impl Said {
    fn command(&self, home: &Home) -> Command {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        home.command_in(&self.data, &words)
    }
}

fn run_of(home: &Home, command: &Said) -> common::Ended {
    ended(command.command(home))
}

/// The same in peace: it must end well.
#[track_caller]
fn again(home: &Home, command: &Said, killed: &Traced) {
    let ended = run_of(home, command);
    assert_eq!(ended.code, Some(0), "{killed:?}: {ended:#?}");
}

/// The rows of one ride in the history.
fn rows(home: &Home, n: u32) -> Vec<serde_json::Value> {
    rows_in(home, &home.data(), n)
}

fn rows_in(home: &Home, data: &Path, n: u32) -> Vec<serde_json::Value> {
    let start = ride(n).start.unwrap().to_string();
    let mut rows = ended(home.command_in(data, &["history"])).lines;
    rows.retain(|row| row["start"].as_str() == Some(&start));
    rows
}

/// The ride is in the library once, byte for byte.
#[track_caller]
fn kept_once(home: &Home, n: u32) {
    kept_once_in(home, &home.data(), n);
}

#[track_caller]
fn kept_once_in(home: &Home, data: &Path, n: u32) {
    let rows = rows_in(home, data, n);
    assert_eq!(rows.len(), 1, "{n}: {rows:#?}");
    let out = home.path("exported.fit");
    let id = rows[0]["id"].to_string();
    let exported = ended(home.command_in(data, &["export", &id, "--out", out.to_str().unwrap()]));
    assert_eq!(exported.code, Some(0), "{exported:#?}");
    assert_eq!(std::fs::read(&out).unwrap(), fit(n));
    std::fs::remove_file(out).unwrap();
}

/// The ride is at both services once, and the library knows it.
#[track_caller]
fn sent_once(home: &Home, n: u32, killed: &Traced) {
    kept_once(home, n);
    for service in BOTH {
        let received = home.received(service);
        let times = received.iter().filter(|bytes| **bytes == fit(n)).count();
        assert_eq!(times, 1, "{service:?} after {killed:?}");
    }
    let rows = rows(home, n);
    let uploads = rows[0]["uploads"].as_array().unwrap();
    for upload in uploads {
        let state = upload["state"].as_str().unwrap();
        assert!(
            matches!(state, "sent" | "existing"),
            "{upload} after {killed:?}"
        );
    }
    assert_eq!(uploads.len(), BOTH.len());
}

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

fn signed_in() -> Home {
    let home = Home::new();
    home.sign_in();
    home
}

fn clean(home: &Home) {
    let doctor = home.run(&["doctor"]);
    assert_eq!(doctor.code, Some(0), "{doctor:#?}");
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
