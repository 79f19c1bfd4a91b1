//! The ways of the program that are harmed: how each is set up, and what must hold when it has been run again in peace. Knows not
//! what the harm is.
#![allow(dead_code, reason = "each test file uses its own part of this")]

#[path = "told.rs"]
pub(crate) mod told;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sandbox::Expire;
use serde_json::Value;

use crate::common::{BOTH, Ended, Home, SERVICES, ended, fit, ride};
use crate::tracer::Traced;

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
    /// How often each service had been shown a spent token before.
    spent_shown: [u64; 2],
}

/// Takes back what came after the first version of the database.
const BACK_TO_VERSION_1: &str = "ALTER TABLE upload DROP COLUMN looks; ALTER TABLE upload DROP COLUMN unready_since; PRAGMA user_version = 1;";

/// One way of the program, harmed at a call of it; and what must hold afterwards.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// Sets up what the way needs; the answer is the command. `n` is a number of its own for each run.
    pub(crate) prepare: fn(&Home, n: u32) -> Said,
    /// Goes on in peace and looks.
    pub(crate) check: fn(&Home, n: u32, command: &Said, killed: &Traced),
}

pub(crate) const WAYS: [Way; 9] = [
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
                data: home.beside_data(n),
                ..said(home, &["import", file.to_str().unwrap()])
            };
            assert_eq!(run_of(home, &command).code, Some(0));
            let db = rusqlite::Connection::open(command.data.join("library.db")).unwrap();
            db.execute_batch(BACK_TO_VERSION_1).unwrap();
            command
        },
        check: |home, n, command, harmed| {
            let after_version_1 = |data: &Path| {
                kept_once_in(home, data, n);
                let version = |file: &str| -> i64 {
                    let db = rusqlite::Connection::open(data.join(file)).unwrap();
                    db.pragma_query_value(None, "user_version", |row| row.get(0))
                        .unwrap()
                };
                assert_eq!(version("library.db.before-3"), 1, "{harmed:?}");
                assert!(version("library.db") >= 3, "{harmed:?}");
            };
            told::is_so(home, &command.data, n, harmed, after_version_1);
            again(home, command, harmed);
            after_version_1(&command.data);
            std::fs::remove_dir_all(&command.data).unwrap();
        },
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
        name: "signing in to Map My Tracks",
        prepare: |home, _| said(home, &["login", MAP_MY_TRACKS]),
        check: |home, _, command, harmed| signs_in(home, MAP_MY_TRACKS, command, harmed),
    },
    Way {
        name: "signing in to Trek Point",
        prepare: |home, _| said(home, &["login", TREK_POINT]),
        check: |home, _, command, harmed| signs_in(home, TREK_POINT, command, harmed),
    },
    Way {
        name: "signing out of Map My Tracks",
        prepare: |home, _| said(home, &["logout", MAP_MY_TRACKS]),
        check: |home, _, command, harmed| signs_out(home, MAP_MY_TRACKS, command, harmed),
    },
    Way {
        name: "signing out of Trek Point",
        prepare: |home, _| said(home, &["logout", TREK_POINT]),
        check: |home, _, command, harmed| signs_out(home, TREK_POINT, command, harmed),
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
        spent_shown: spent_shown(home),
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
        home.command_in(&self.data, &words)
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

#[track_caller]
pub(crate) fn kept_once_in(home: &Home, data: &Path, n: u32) {
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
pub(crate) fn sent_once(home: &Home, n: u32, harmed: &Traced) {
    sent_once_in(home, &home.data(), n, harmed);
}

#[track_caller]
fn sent_once_in(home: &Home, data: &Path, n: u32, harmed: &Traced) {
    kept_once_in(home, data, n);
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
    let rows = rows_in(home, data, n);
    let uploads = rows[0]["uploads"].as_array().unwrap();
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
        let stored = stored_refresh(home, service);
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

/// What it says is done is done; else it is done when it is tried again. One of the two services needs the client secret for it.
#[track_caller]
fn signs_in(home: &Home, service: &str, command: &Said, harmed: &Traced) {
    if harmed.code == Some(0) {
        connected(home, service, harmed);
    }
    again(home, command, harmed);
    connected(home, service, harmed);
}

/// Both accounts are there, and the sign-in that is stored is one that the service knows.
#[track_caller]
fn connected(home: &Home, service: &str, harmed: &Traced) {
    let accounts = home.well(&["accounts"]);
    assert_eq!(accounts.len(), SERVICES.len(), "{harmed:?}");
    let connected = accounts
        .iter()
        .all(|account| account["state"] == "connected");
    assert!(connected, "{harmed:?}: {accounts:#?}");
    let stored = stored_refresh(home, service).unwrap_or_default();
    let is_live = home.sandbox.is_live(&stored);
    assert!(is_live, "{harmed:?}: not signed in to {service}");
}

#[track_caller]
fn signs_out(home: &Home, service: &str, command: &Said, harmed: &Traced) {
    if harmed.code == Some(0) {
        signed_out(home, service, harmed);
    }
    // It may have been done already; then there is nobody to sign out.
    run_of(home, command);
    signed_out(home, service, harmed);
    // The client secret is the program's, not the account's: it has stayed.
    home.well(&["login", service]);
}

/// The refresh token of an account, as `--secrets file` keeps it.
fn stored_refresh(home: &Home, service: &str) -> Option<String> {
    let text = std::fs::read_to_string(home.data().join("secrets.json")).ok()?;
    let all: Value = serde_json::from_str(&text).unwrap();
    let account = all.get(format!("account:{service}"))?.as_str().unwrap();
    let account: Value = serde_json::from_str(account).unwrap();
    Some(account["refresh_token"].as_str().unwrap().to_owned())
}

/// The account's secrets are gone here, and its sign-in is gone at the service.
#[track_caller]
fn signed_out(home: &Home, service: &str, harmed: &Traced) {
    let left = stored_refresh(home, service);
    assert_eq!(left, None, "{harmed:?}");
    let live = home.sandbox.tokens()[service].refresh.live;
    assert_eq!(live, 0, "{harmed:?}: still signed in at {service}");
}

pub(crate) fn signed_in() -> Home {
    let home = Home::new();
    home.sign_in();
    home
}

pub(crate) fn clean(home: &Home) {
    let doctor = home.run(&["doctor"]);
    assert_eq!(doctor.code, Some(0), "{doctor:#?}");
}
