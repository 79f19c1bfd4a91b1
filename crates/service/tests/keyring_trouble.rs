//! A keyring that hangs, dies in a call, is locked or is started anew: each is told apart from none at all, in a sentence of
//! its own with what to do; and one that is there again is found. The keyring's library opens it once for each process, so each
//! is met in a process of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]
#![allow(clippy::print_stdout, reason = "the process tells what it was told")]

#[path = "common/bus.rs"]
mod bus;

use std::time::Duration;

use bus::{Bus, Met};
use service::{KeyringStore, SecretStore as _};

const ALONE: &str = "TRACKDOCK_TEST_PLAYED_KEYRING";
/// Of a client that waits for a keyring that is silent, and of one that is answered.
const SHORT: &str = "50";
const LONG: &str = "600000";

const DIED: &str = "org.freedesktop.DBus.Error.NoReply";
const GONE: &str = "org.freedesktop.DBus.Error.ServiceUnknown";
const LOCKED: &str = "org.freedesktop.Secret.Error.IsLocked";
const NO_SESSION: &str = "org.freedesktop.Secret.Error.NoSession";

/// What a process that asks three times is told, a line each.
fn asked_thrice(path: &std::path::Path, limit: &str) -> Vec<String> {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "asks_when_it_is_alone", "--nocapture"])
        .env(ALONE, limit)
        .env(
            "DBUS_SESSION_BUS_ADDRESS",
            format!("unix:path={}", path.display()),
        )
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let lines = said.lines().filter_map(|line| line.strip_prefix("told: "));
    lines.map(str::to_owned).collect()
}

/// Only in the processes of the other tests.
#[test]
fn asks_when_it_is_alone() {
    let Ok(limit) = std::env::var(ALONE) else {
        return;
    };
    println!();
    let limit = Duration::from_millis(limit.parse().unwrap());
    let store = KeyringStore::new("Trackdock test").with_limit(limit);
    for _ in 0..3 {
        match store.get("account:trek-point") {
            Ok(None) => println!("told: none"),
            Ok(Some(_)) => println!("told: one"),
            Err(error) => println!("told: {} | {error} | {}", error.code(), error.hint()),
        }
    }
}

/// Asks three times at a bus that meets the nth call of a name in this way; these are the words that each must be told in.
#[track_caller]
fn check(
    limit: &str,
    met: impl Fn(&str, usize) -> Met + Send + Sync + 'static,
    expected: [&[&str]; 3],
) -> Bus {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    let bus = Bus::start(&path, met);
    let told = asked_thrice(&path, limit);
    assert_eq!(told.len(), 3, "{told:?}");
    for (told, parts) in told.iter().zip(expected) {
        for part in parts {
            assert!(told.contains(part), "{part:?} is not in {told:?}");
        }
    }
    bus
}

const NONE: &[&str] = &["none"];
const TOLD_DIED: &[&str] = &[
    "keyring_died",
    "The keyring stopped before it answered",
    "Start the keyring again",
    "try again",
    "still signed in",
    "--secrets file",
];
const TOLD_SLOW: &[&str] = &[
    "keyring_slow",
    "The keyring did not answer within 10 seconds",
    "window that asks for the keyring's password",
    "still signed in",
    "--secrets file",
];
const TOLD_ABSENT: &[&str] = &["keyring_absent", "There is no keyring", "--secrets file"];
const TOLD_LOCKED: &[&str] = &["keyring_locked", "is locked", "still signed in"];

/// The nth call of this name is met so, everything else well.
fn at(call: &'static str, from: usize, met: Met) -> impl Fn(&str, usize) -> Met {
    move |name, nth| {
        if name == call && nth >= from {
            met
        } else {
            Met::Well
        }
    }
}

#[test]
fn the_played_keyring_is_understood() {
    let bus = check(LONG, |_, _| Met::Well, [NONE; 3]);
    assert_eq!((bus.count("OpenSession"), bus.count("SearchItems")), (1, 3));
}

#[test]
fn a_keyring_that_hangs_is_slow() {
    for call in ["Hello", "OpenSession", "SearchItems"] {
        check(SHORT, at(call, 0, Met::Silence), [TOLD_SLOW; 3]);
    }
}

#[test]
fn a_keyring_that_dies_in_a_call_is_told() {
    let always = [TOLD_DIED; 3];
    // The bus says so.
    check(LONG, at("SearchItems", 0, Met::Error(DIED)), always);
    check(LONG, at("OpenSession", 0, Met::Error(DIED)), always);
    // The bus ends with it.
    check(LONG, at("SearchItems", 0, Met::End), always);
    // It is there again each time, but knows nothing of us.
    check(LONG, at("SearchItems", 0, Met::Error(NO_SESSION)), always);
}

#[test]
fn a_keyring_that_is_there_again_is_found_at_once() {
    for met in [Met::Error(DIED), Met::End, Met::Error(NO_SESSION)] {
        let once = move |call: &str, nth: usize| match (call, nth) {
            ("SearchItems", 1) => met,
            _ => Met::Well,
        };
        let bus = check(LONG, once, [NONE; 3]);
        let asked = (bus.count("OpenSession"), bus.count("SearchItems"));
        assert_eq!(asked, (2, 4), "{met:?}");
    }
}

#[test]
fn a_keyring_that_starts_later_is_found() {
    // It is not there for two tries, when the program starts and later.
    for (from, told) in [
        (0, [TOLD_ABSENT, NONE, NONE]),
        (1, [NONE, TOLD_ABSENT, NONE]),
    ] {
        let late = move |call: &str, nth: usize| match (call, nth) {
            ("SearchItems", 1) => Met::Error(DIED),
            ("OpenSession", nth) if (from..from + 2).contains(&nth) => Met::Error(GONE),
            _ => Met::Well,
        };
        check(LONG, late, told);
    }
}

#[test]
fn a_keyring_that_is_gone_is_absent() {
    check(
        LONG,
        |call, nth| match (call, nth) {
            ("SearchItems" | "OpenSession", 1..) => Met::Error(GONE),
            _ => Met::Well,
        },
        [NONE, TOLD_ABSENT, TOLD_ABSENT],
    );
    check(
        LONG,
        at("OpenSession", 0, Met::Error(GONE)),
        [TOLD_ABSENT; 3],
    );
}

#[test]
fn a_locked_keyring_is_neither_dead_nor_absent() {
    check(
        LONG,
        |call, nth| match (call, nth) {
            ("SearchItems", 0) => Met::Error(LOCKED),
            _ => Met::Well,
        },
        [TOLD_LOCKED, NONE, NONE],
    );
}
