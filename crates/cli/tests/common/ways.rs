//! The ways of the program that are harmed: how each is set up, and what must hold when it has been run again in peace. Knows not
//! what the harm is.
#![allow(dead_code, reason = "each test file uses its own part of this")]

#[path = "sign_ins.rs"]
mod sign_ins;
#[path = "told.rs"]
pub(crate) mod told;
#[path = "version_1.rs"]
mod version_1;

use std::fmt::Debug;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sandbox::Expire;
use serde_json::Value;

use crate::common::{BOTH, Ended, Home, SERVICES, ended, fit, ride};
use crate::tracer::{self, Traced};
use sign_ins::{first_sign_in, signs_in, signs_in_first, signs_out, stored_refresh_in, with_rides};

/// Chooses ways by parts of their names, with commas between them.
const ASKED_FOR: &str = "TRACKDOCK_WAYS";

const MAP_MY_TRACKS: &str = SERVICES[0];
const TREK_POINT: &str = SERVICES[1];

/// Until the sandbox has let go of a program that has ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// A command, and the data folder that it is for.
pub(crate) struct Said {
    pub(crate) data: PathBuf,
    pub(crate) words: Vec<String>,
    /// The file that it reads, if it reads any.
    stdin: Option<PathBuf>,
    /// How often each service had been shown a spent token before.
    spent_shown: [u64; 2],
    /// The sign-in that was stored before, for each service.
    stored: [Option<String>; 2],
}

/// One way of the program, harmed at a call of it; and what must hold afterwards.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// Sets up what the way needs; the answer is the command. `n` is a number of its own for each run, from 1.
    pub(crate) prepare: fn(&Home, n: u32) -> Said,
    /// Goes on in peace and looks.
    pub(crate) check: fn(&Home, n: u32, command: &Said, killed: &Traced),
}

pub(crate) const WAYS: [Way; 11] = [
    Way {
        name: "taking in",
        prepare: |home, n| {
            let file = home.path(&format!("{n}.fit"));
            std::fs::write(&file, fit(n)).unwrap();
            said(home, &["import", file.to_str().unwrap()])
        },
        check: |home, n, command, harmed| {
            told::is_so(home, &command.data, n, harmed, |data| {
                kept_once_in(home, data, n);
            });
            again(home, command, harmed);
            kept_once(home, n);
        },
    },
    Way {
        name: "sending",
        prepare: sync_of,
        check: |home, n, command, harmed| {
            told::is_so(home, &command.data, n, harmed, |data| {
                sent_once_in(home, data, n, harmed);
            });
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
                data: home.beside_data(n),
                ..said(home, &["import", file.to_str().unwrap()])
            }
        },
        check: |home, n, command, harmed| {
            told::is_so(home, &command.data, n, harmed, |data| {
                kept_once_in(home, data, n);
            });
            again(home, command, harmed);
            kept_once_in(home, &command.data, n);
            let header = std::fs::read(command.data.join("library.db")).unwrap();
            assert_eq!(
                header[18..20],
                [2, 2],
                "no write-ahead log after {harmed:?}"
            );
            clean_in(home, &command.data, harmed);
            std::fs::remove_dir_all(&command.data).unwrap();
        },
    },
    Way {
        name: "its first start after version 1",
        prepare: version_1::import,
        check: version_1::check,
    },
    Way {
        name: "renewing a sign-in",
        prepare: |home, n| {
            home.sandbox.expire(None, Expire::Access);
            sync_of(home, n)
        },
        check: renewed,
    },
    Way {
        name: "signing in to Map My Tracks for the first time",
        prepare: |home, n| first_sign_in(home, n, MAP_MY_TRACKS),
        check: |home, n, command, harmed| signs_in_first(home, MAP_MY_TRACKS, n, command, harmed),
    },
    Way {
        name: "signing in to Trek Point for the first time",
        prepare: |home, n| first_sign_in(home, n, TREK_POINT),
        check: |home, n, command, harmed| signs_in_first(home, TREK_POINT, n, command, harmed),
    },
    Way {
        name: "signing in to Map My Tracks",
        prepare: |home, n| with_rides(home, n, &["login", MAP_MY_TRACKS]),
        check: |home, n, command, harmed| signs_in(home, MAP_MY_TRACKS, n, command, harmed),
    },
    Way {
        name: "signing in to Trek Point",
        prepare: |home, n| with_rides(home, n, &["login", TREK_POINT]),
        check: |home, n, command, harmed| signs_in(home, TREK_POINT, n, command, harmed),
    },
    Way {
        name: "signing out of Map My Tracks",
        prepare: |home, n| with_rides(home, n, &["logout", MAP_MY_TRACKS]),
        check: |home, n, command, harmed| signs_out(home, MAP_MY_TRACKS, n, command, harmed),
    },
    Way {
        name: "signing out of Trek Point",
        prepare: |home, n| with_rides(home, n, &["logout", TREK_POINT]),
        check: |home, n, command, harmed| signs_out(home, TREK_POINT, n, command, harmed),
    },
];

/// The ways that are asked for; all of them where nothing is.
pub(crate) fn chosen() -> Vec<&'static Way> {
    match std::env::var(ASKED_FOR) {
        Ok(asked) if !asked.is_empty() => {
            chosen_by(&asked).unwrap_or_else(|why| panic!("{ASKED_FOR}: {why}"))
        }
        _ => WAYS.iter().collect(),
    }
}

/// The ways whose names have one of these parts in them.
///
/// # Errors
/// A part that no name has is a mistake: nothing would be tried.
pub(crate) fn chosen_by(asked: &str) -> Result<Vec<&'static Way>, String> {
    let parts: Vec<&str> = asked.split(',').map(str::trim).collect();
    let fits = |way: &Way, part: &str| !part.is_empty() && way.name.contains(part);
    for part in &parts {
        if !WAYS.iter().any(|way| fits(way, part)) {
            let names: Vec<&str> = WAYS.iter().map(|way| way.name).collect();
            let names = names.join(", ");
            return Err(format!(
                "no way has {part:?} in its name; there are: {names}"
            ));
        }
    }
    let asked_for = |way: &&Way| parts.iter().any(|part| fits(way, part));
    Ok(WAYS.iter().filter(asked_for).collect())
}

pub(crate) fn said(home: &Home, words: &[&str]) -> Said {
    Said {
        data: home.data(),
        stdin: None,
        spent_shown: spent_shown(home),
        stored: SERVICES.map(|service| stored_refresh_in(&home.data(), service)),
        words: words.iter().copied().map(str::to_owned).collect(),
    }
}

fn sync_of(home: &Home, n: u32) -> Said {
    home.put(&format!("{n}/GARMIN/Activity/{n}.fit"), &fit(n));
    let device = home.device().join(n.to_string());
    said(home, &["sync", "--device", device.to_str().unwrap()])
}

impl Said {
    pub(crate) fn command(&self, home: &Home) -> Command {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let mut command = home.command_in(&self.data, &words);
        if let Some(path) = &self.stdin {
            command.stdin(File::open(path).unwrap());
            command.env(tracer::STDIN, path);
        }
        command
    }
}

pub(crate) fn run_of(home: &Home, command: &Said) -> Ended {
    ended(command.command(home))
}

/// The same in peace: it must end well.
#[track_caller]
pub(crate) fn again(home: &Home, command: &Said, killed: &Traced) {
    let ended = run_of(home, command);
    assert_eq!(ended.code, Some(0), "{killed:?}: {ended:#?}");
}

/// The rows of one ride in the history.
pub(crate) fn rows(home: &Home, n: u32) -> Vec<Value> {
    rows_in(home, &home.data(), n)
}

pub(crate) fn rows_in(home: &Home, data: &Path, n: u32) -> Vec<Value> {
    let start = ride(n).start.unwrap().to_string();
    let mut rows = ended(home.command_in(data, &["history"])).lines;
    rows.retain(|row| row["start"].as_str() == Some(&start));
    rows
}

/// The ride is in the library once, byte for byte.
#[track_caller]
pub(crate) fn kept_once(home: &Home, n: u32) {
    kept_once_in(home, &home.data(), n);
}

/// As [`kept_once`], in another data folder; gives its row in the history.
#[track_caller]
pub(crate) fn kept_once_in(home: &Home, data: &Path, n: u32) -> Value {
    let mut rows = rows_in(home, data, n);
    assert_eq!(rows.len(), 1, "{n}: {rows:#?}");
    let out = home.path("exported.fit");
    let id = rows[0]["id"].to_string();
    let exported = ended(home.command_in(data, &["export", &id, "--out", out.to_str().unwrap()]));
    assert_eq!(exported.code, Some(0), "{exported:#?}");
    assert_eq!(std::fs::read(&out).unwrap(), fit(n));
    std::fs::remove_file(out).unwrap();
    rows.remove(0)
}

/// The ride is at both services once, and the library knows it.
#[track_caller]
pub(crate) fn sent_once(home: &Home, n: u32, harmed: &Traced) {
    sent_once_in(home, &home.data(), n, harmed);
}

#[track_caller]
fn sent_once_in(home: &Home, data: &Path, n: u32, harmed: &Traced) {
    let row = kept_once_in(home, data, n);
    for service in BOTH {
        let received = home.received(service);
        let times = received.iter().filter(|bytes| **bytes == fit(n)).count();
        assert_eq!(times, 1, "{service:?} after {harmed:?}");
    }
    // What Map My Tracks has it recognises: that it got the file twice shows nowhere else. One lost answer allows it once.
    let in_doubt = harmed.harmed.is_some() && !told::said_sent(harmed, MAP_MY_TRACKS);
    let came = home.came(BOTH[0], &fit(n));
    assert!(
        came <= 1 + usize::from(in_doubt),
        "Map My Tracks got it {came} times: {harmed:?}"
    );
    let uploads = row["uploads"].as_array().unwrap();
    for upload in uploads {
        let state = upload["state"].as_str().unwrap();
        assert!(
            matches!(state, "sent" | "existing"),
            "{upload} after {harmed:?}"
        );
    }
    assert_eq!(uploads.len(), BOTH.len());
}

/// An answer that was lost with the new tokens, or that could not be stored until the end, costs the sign-in at that service, and
/// nothing else does. Who ends well has lost none.
#[track_caller]
fn renewed(home: &Home, n: u32, command: &Said, harmed: &Traced) {
    quiet(home);
    let is_lost = |service: &&str| {
        let stored = stored_refresh_in(&home.data(), service);
        let stored = stored.unwrap_or_else(|| panic!("no sign-in is stored: {harmed:?}"));
        !home.sandbox.is_live(&stored)
    };
    let lost: Vec<&str> = SERVICES.into_iter().filter(is_lost).collect();
    let may_lose = harmed.harmed.is_some() && !harmed.recovered && harmed.code != Some(0);
    assert!(may_lose || lost.is_empty(), "{lost:?}: {harmed:?}");
    let shown = spent_shown(home);
    assert_eq!(shown, command.spent_shown, "in one run: {harmed:?}");
    // What could not go yet waits, and that is no trouble: of the services only what was said is promised.
    told::is_so(home, &command.data, n, harmed, |data| {
        kept_once_in(home, data, n);
    });
    // What could not go without the new tokens waits half a minute; it is told to go now.
    ended(home.command_in(&command.data, &["retry", "--all"]));
    let peace = run_of(home, command);
    let is_well = peace.code == Some(0);
    assert_eq!(is_well, lost.is_empty(), "{lost:?}: {harmed:?} {peace:#?}");
    let mut out = home.well(&["accounts"]);
    out.retain(|account| account["state"] != "connected");
    let out: Vec<&Value> = out.iter().map(|account| &account["service"]).collect();
    assert_eq!(out, lost, "{harmed:?} {peace:#?}");
    for service in &lost {
        home.well(&["login", service]);
    }
    again(home, command, harmed);
    for (at, service) in SERVICES.iter().enumerate() {
        // A service may take the second showing of a refresh token for a theft.
        let again = spent_shown(home)[at] - shown[at];
        let allowed = u64::from(lost.contains(service));
        assert!(again <= allowed, "{service}: {again} times: {harmed:?}");
    }
    sent_once(home, n, harmed);
}

/// How often each service was shown a code or a refresh token that was spent.
fn spent_shown(home: &Home) -> [u64; 2] {
    let tokens = home.sandbox.tokens();
    SERVICES.map(|service| tokens[service].replays)
}

/// Waits until the sandbox has done, or given up, all that a program asked of it which has ended: until the kernel knows no
/// connection to it any more.
fn quiet(home: &Home) {
    let base = home.sandbox.base();
    let port: u16 = base.rsplit(':').next().unwrap().parse().unwrap();
    let local = format!("0100007F:{port:04X}");
    // Established, being made, or closed at the other end alone.
    let is_open = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        words.next() == Some(&local) && matches!(words.nth(1), Some("01" | "03" | "08"))
    };
    let began = Instant::now();
    while std::fs::read_to_string("/proc/net/tcp")
        .unwrap()
        .lines()
        .any(is_open)
    {
        assert!(began.elapsed() < PATIENCE, "the sandbox still works");
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub(crate) fn signed_in() -> Home {
    let home = Home::new();
    home.sign_in();
    home
}

pub(crate) fn clean(home: &Home) {
    clean_in(home, &home.data(), &"all of it");
}

/// The doctor has nothing to say against a data folder.
#[track_caller]
pub(crate) fn clean_in(home: &Home, data: &Path, after: &impl Debug) {
    let doctor = ended(home.command_in(data, &["doctor"]));
    assert_eq!(doctor.code, Some(0), "after {after:?}: {doctor:#?}");
}
